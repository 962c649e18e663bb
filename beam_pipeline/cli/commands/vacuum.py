"""`docbeam vacuum`: remove what no version needs any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from beam_pipeline.cli.console import printable, tell
from beam_pipeline.cli.flags import with_options
from beam_pipeline.jobs import upkeep


@with_options()
def vacuum(
    output: Annotated[str, typer.Argument(help="Directory or URI of an output (delta).")],
    *,
    keep_days: Annotated[
        float, typer.Option(min=0, metavar="DAYS", help="Keep every version that was the newest in this time.")
    ] = 7.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be removed.")] = False,
) -> None:
    """Remove data files of versions older than --keep-days, and what killed runs left behind.

    The newest version always stays. With --keep-days 0 the folders are plain Parquet with nothing else in them; then
    readers that are still at an earlier version fail.

    Examples:

        docbeam vacuum tables --dry-run

        docbeam vacuum tables --keep-days 30
    """

    paths = upkeep.vacuum(output, timedelta(days=keep_days), dry_run=dry_run)
    if dry_run:
        for path in paths:
            typer.echo(printable(path))
    tell(f"{len(paths)} files {'would go' if dry_run else 'removed'}")
