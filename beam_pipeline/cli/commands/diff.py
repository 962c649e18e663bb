"""`docbeam diff`: what changed between two runs."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import msgspec
import typer

from beam_pipeline.cli.console import emit, printable
from beam_pipeline.cli.flags import with_options
from transforms.lake.changes import changes
from transforms.lake.snapshot import Snapshot, snapshot


@with_options()
def diff(
    output: Annotated[str, typer.Argument(help="Directory or URI of an output (delta).")],
    old: Annotated[str, typer.Argument(metavar="OLD", help="A run, or a version of documents as a number.")],
    new: Annotated[str, typer.Argument(metavar="[NEW]", help="Likewise; without it the newest state.")] = "",
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line for each document and chunk, with its text.")
    ] = False,
) -> None:
    """Tell which documents and chunks were added, changed or removed since a run.

    With --json it is a change feed: keep the version of the last call (docbeam runs list) and ask for what came since.

    Examples:

        docbeam diff tables 20261231T235959-1a2b3c

        docbeam diff tables 41 42 --json
    """

    counts: Counter[tuple[str, str]] = Counter()
    for item in changes(_state(output, old), _state(output, new)):
        counts[item.kind, item.change] += 1
        if as_json:
            emit(msgspec.json.encode(item).decode("utf-8"))
        elif item.kind == "document":
            typer.echo(f"{item.change:<8} {printable(item.uri)}")
    if not as_json:
        for (kind, change), count in sorted(counts.items()):
            typer.echo(f"{count:>8} {kind}s {change}")


def _state(output: str, name: str) -> Snapshot:

    # Ids of runs begin with a date of eight digits.
    return snapshot(output, version=int(name)) if name.isdecimal() and len(name) < 8 else snapshot(output, name)
