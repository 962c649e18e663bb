"""`docbeam runs`: what each run did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
import typer

from beam_pipeline.cli_console import results, shorten
from beam_pipeline.cli_options import with_options
from schemas.plan import RunRecord

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
    from transforms.write.snapshot import read_runs

    records = read_runs(output)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(records), indent=2))
        return
    from rich.table import Table

    table = Table()
    table.add_column("run", no_wrap=True, min_width=22)
    for name in ("kind", "status", "finished", "documents", "pages/s", "failures", "version"):
        table.add_column(name)
    for record in records:
        table.add_row(*_cells(record))
    results().print(table)


def _cells(record: RunRecord) -> Iterator[str]:
    yield record.run_id
    yield record.kind
    yield record.status
    yield record.finished[:19]
    work = (f"{record.counts[name]} {name}" for name in ("ok", "partial", "failed", "stale") if record.counts.get(name))
    yield ", ".join(work)
    yield f"{record.pages_per_second:.1f}" if record.pages_per_second else ""
    yield ", ".join(f"{count} {name}" for name, count in sorted(record.failures.items()))
    yield str(record.table_versions.get("documents", ""))


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
    from transforms.write.ledger import find_run
    from transforms.write.snapshot import read_runs

    record = find_run(read_runs(output), run)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(record), indent=2))
        return
    for line in _lines(record):
        typer.echo(line)


def _lines(record: RunRecord) -> Iterator[str]:
    for name in ("run_id", "kind", "status", "started", "finished", "listing_digest", "message"):
        if value := getattr(record, name):
            yield f"{name:<16}{shorten(str(value), 400)}"
    yield f"{'pages/s':<16}{record.pages_per_second:.1f}"
    for title, mapping in (
        ("counts", record.counts),
        ("failures", record.failures),
        ("table versions", record.table_versions),
        ("versions", record.versions),
    ):
        yield title
        yield from (f"  {name:<24}{shorten(str(value), 200)}" for name, value in sorted(mapping.items()))
    yield "options"
    yield from (f"  {key:<28}{shorten(value, 100):<28} {origin}" for key, value, origin in record.options)
