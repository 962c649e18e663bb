"""`docbeam restore`: back to an earlier run."""

from __future__ import annotations

from typing import Annotated

import typer

from beam_pipeline.cli.console import tell
from beam_pipeline.cli.flags import with_options
from beam_pipeline.jobs import upkeep


@with_options()
def restore(
    output: Annotated[str, typer.Argument(help="Directory or URI of an output (delta).")],
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, or how it begins.")],
) -> None:
    """Make the tables say what they said after a run. Nothing is lost: later versions stay until vacuum.

    The next ingest works on what changed since that run.

    Examples:

        docbeam restore tables 20261231T235959-1a2b3c
    """

    versions = upkeep.restore(output, run)
    tell(f"restored; documents is at version {versions['documents']}")
