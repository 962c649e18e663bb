"""`docbeam forget`: take documents out of an output that no input takes away."""

from __future__ import annotations

from typing import Annotated

import typer

from beam_pipeline.cli.console import printable, tell
from beam_pipeline.cli.flags import with_options
from beam_pipeline.jobs import upkeep
from beam_pipeline.units import many
from schemas.failures import ConfigurationError
from schemas.options import PlanOptions


@with_options()
def forget(
    output: Annotated[str, typer.Argument(help="Directory or URI of an output.")],
    prefixes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PREFIX...", help="URIs of documents, of folders above them, or patterns.", show_default=False
        ),
    ] = None,
    *,
    excluded: Annotated[
        bool, typer.Option("--excluded", help="What the inputs of the newest ingest do not cover any more.")
    ] = False,
    max_removed: Annotated[
        float,
        typer.Option(min=0, max=1, metavar="SHARE", help="With --excluded: stop when a larger share would go."),
    ] = PlanOptions().max_removed,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would go.")] = False,
) -> None:
    """Take documents out of all tables: what was renamed, excluded or not named any more stays there otherwise.

    With --excluded that is what the inputs, --include and --exclude of the newest ingest leave out; `docbeam plan`
    tells of the same. What an input still holds comes back with the next ingest. Nothing is lost until vacuum:
    `docbeam restore` brings it back.

    Examples:

        docbeam forget tables reports/2019 --dry-run

        docbeam forget tables https://example.org/old.pdf 's3://bucket/in/*.tmp'

        docbeam forget tables --excluded
    """
    if bool(prefixes) == excluded:
        raise ConfigurationError("name what is to be forgotten, or give --excluded, and not both")

    uris, run = upkeep.forget(output, prefixes or (), share=max_removed, dry_run=dry_run)
    if dry_run:
        for uri in uris:
            typer.echo(printable(uri))
    by = f", by the inputs of run {run}" if run else ""
    tell(f"{many(len(uris), 'document')} {'would be forgotten' if dry_run else 'forgotten'}{by}")
