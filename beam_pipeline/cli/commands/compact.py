"""`docbeam compact`: fewer, larger files."""

from __future__ import annotations

from typing import Annotated

import typer

from beam_pipeline.cli.console import tell
from beam_pipeline.cli.flags import with_options
from beam_pipeline.jobs import upkeep
from beam_pipeline.units import parse_size
from schemas.failures import ConfigurationError
from schemas.options import WriteOptions


@with_options()
def compact(
    output: Annotated[str, typer.Argument(help="Directory or URI of an output (delta).")],
    *,
    file_bytes: Annotated[str, typer.Option(metavar="SIZE", help="Files of about this size.")] = "128MiB",
    row_group_rows: Annotated[
        int, typer.Option(min=1, metavar="N", help="Rows of a row group.")
    ] = WriteOptions().row_group_rows,
) -> None:
    """Join the small files that runs leave. Rows, ids and earlier versions stay; vacuum removes the small files later.

    Examples:

        docbeam compact tables

        docbeam compact tables --file-bytes 256MiB
    """

    try:
        size = parse_size(file_bytes)
    except ValueError as error:
        raise ConfigurationError(f"--file-bytes: {error}") from error
    for name, files in upkeep.compact(output, size, row_group_rows).items():
        tell(
            f"{name}: "
            + (f"{files['removed']} files became {files['added']}" if files["removed"] else "nothing to join")
        )


@with_options()
def migrate(output: Annotated[str, typer.Argument(help="Directory or URI of an output (delta).")]) -> None:
    """Rewrite tables of an earlier docbeam whose columns are of other types than today's.

    Columns that are merely new need no migration: the next ingest adds them.

    Examples:

        docbeam migrate tables
    """

    changed = upkeep.migrate(output)
    tell(f"migrated {', '.join(changed)}" if changed else "nothing to migrate")
