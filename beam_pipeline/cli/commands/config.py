"""`docbeam config`: which options hold and why, and whether an options file is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beam_pipeline.cli.console import emit_json, printable, tell
from beam_pipeline.cli.exit_codes import USAGE
from beam_pipeline.cli.flags import ALL, with_options
from beam_pipeline.config import Resolved, as_rows, check_file, keys
from beam_pipeline.units import format_size

app = typer.Typer(help="Show and check options.", no_args_is_help=True)


@app.command()
@with_options(*(key for key in ALL if key != "source.inputs"))
def show(resolved: Resolved, *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show every option, its value and where it came from: flag, file, environment or default.

    Examples:

        docbeam config show

        DOCBEAM_CHUNK_MAX_TOKENS=256 docbeam config show --config night.toml --json
    """
    rows = list(as_rows(resolved))
    if as_json:
        shown = {key: {"value": value, "origin": origin} for key, value, origin in rows}
        emit_json(shown)
        return
    lines = [(key, _shown(key, value), printable(origin)) for key, value, origin in rows]
    wide = [max(map(len, column)) for column in list(zip(*lines, strict=True))[:2]]
    for key, value, origin in lines:
        print(f"{key:<{wide[0]}}  {value:<{wide[1]}}  {origin}")


@app.command()
@with_options()
def check(file: Annotated[Path, typer.Argument(help="A TOML options file.")]) -> None:
    """Check an options file: unknown options, wrong types, values out of range.

    Examples:

        docbeam config check docbeam.toml

        docbeam config check night.toml && docbeam ingest docs -o tables --config night.toml
    """
    problems = check_file(file)
    for problem in problems:
        tell(f"docbeam: error: {printable(problem)}")
    if problems:
        raise typer.Exit(USAGE)
    typer.echo(f"{printable(str(file))}: no problems")


def _shown(key: str, value: object) -> str:
    if isinstance(value, tuple):
        return printable(", ".join(map(str, value))) or "-"
    if keys()[key].is_size and isinstance(value, int):
        return format_size(value)
    return printable(str(value)) or "-"
