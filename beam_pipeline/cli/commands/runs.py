"""`docbeam runs`: what each run did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from beam_pipeline.cli.console import columns, emit_json, fitted, is_terminal
from beam_pipeline.cli.flags import with_options
from beam_pipeline.cli.show_rows import Look, show_rows
from schemas.plan import RunRecord
from transforms.lake.log.ledger import find_run
from transforms.lake.snapshot import read_runs

_HEADS = ("run", "kind", "status", "finished (UTC)", "documents", "pages/s", "failures", "version")

_COUNTED = ("ok", "partial", "failed", "unsupported", "stale", "removed")
app = typer.Typer(help="List the runs of an output, or show one.", no_args_is_help=True)


@app.command("list")
@with_options()
def list_runs(
    output: Annotated[str, typer.Argument(help="Directory or URI of an output.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List the runs of an output, newest last.

    Examples:

        docbeam runs list tables

        docbeam runs list tables --json
    """

    records = read_runs(output)
    if as_json:
        emit_json(records)
        return
    shown = show_rows(_HEADS, map(_cells, records), Look(width=columns(), full=not is_terminal()))
    for line in shown.lines:
        print(line)


def _cells(record: RunRecord) -> tuple[str, ...]:
    work = (f"{record.counts[name]} {name}" for name in _COUNTED if record.counts.get(name))
    return (
        record.run_id,
        record.kind,
        record.status,
        record.finished[:16].replace("T", " "),
        ", ".join(work),
        f"{record.pages_per_second:.1f}" if record.pages_per_second else "",
        ", ".join(f"{count} {name}" for name, count in sorted(record.failures.items())),
        str(record.table_versions.get("documents", "")),
    )


@app.command("show")
@with_options()
def show(
    output: Annotated[str, typer.Argument(help="Directory or URI of an output.")],
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, or how it begins.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Show all that is on record of a run: options with their origin, versions, counts, versions of the tables.

    Examples:

        docbeam runs show tables 20261231T235959-1a2b3c
    """

    record = find_run(read_runs(output), run)
    if as_json:
        emit_json(record)
        return
    for line in _lines(record):
        typer.echo(line)


def _lines(record: RunRecord) -> Iterator[str]:
    for name in ("run_id", "kind", "status", "started", "finished", "listing_digest", "message"):
        if value := getattr(record, name):
            yield f"{name:<16}{fitted(str(value), 16)}"
    yield f"{'pages/s':<16}{record.pages_per_second:.1f}"
    for title, mapping in (
        ("counts", record.counts),
        ("failures", record.failures),
        ("table versions", record.table_versions),
        ("versions", record.versions),
    ):
        yield title
        yield from (f"  {name:<24}{fitted(str(value), 26)}" for name, value in sorted(mapping.items()))
    yield "options"
    yield from (f"  {key:<28}{fitted(value, 31 + len(origin)):<28} {origin}" for key, value, origin in record.options)
