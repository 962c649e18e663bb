"""`docbeam plan`: what an ingest would do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from beam_pipeline.cli.commands.ingest import check_inputs_given, listed_on_stdin
from beam_pipeline.cli.console import emit_json, printable, stdout_kept_clean
from beam_pipeline.cli.flags import ALL, with_options
from beam_pipeline.config import Resolved
from beam_pipeline.jobs.outputs import fitted
from beam_pipeline.jobs.planning import Plan, plan_run

#: Documents of one kind that people are shown; --json has all.
_SHOWN = 20
_MEANING = {
    "new": "not in the output",
    "changed": "the listing tells of another version",
    "option-changed": "made with other options or engines",
    "check": "the source will be asked whether it changed",
    "retry": "could not be read, or failed for a passing reason; tried again",
    "forced": "worked on because of --force",
    "missing": "an input that cannot be listed: what it held stays as it is",
    "removed": "gone from an input that was listed completely",
    "unchanged": "left alone, not fetched",
    "waiting": "failed for a passing reason; not tried yet, or tried often enough",
    "quarantined": "crashed or hung its parser; left alone until it changes",
}


@with_options(*ALL)
def plan(
    resolved: Resolved,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object with all documents.")] = False,
) -> None:
    """Tell what ingest would do with the same arguments: nothing is fetched or written.

    Examples:

        docbeam plan reports/ -o tables

        docbeam plan --manifest night.csv -o tables --json > plan.json
    """
    options = resolved.options
    check_inputs_given(options)

    with stdout_kept_clean():
        found = plan_run(fitted(options, resolved.origins), listed_on_stdin(options))
    if as_json:
        emit_json(found)
        return
    for line in plan_lines(found):
        typer.echo(line)


def plan_lines(found: Plan) -> Iterator[str]:
    """The plan in lines."""
    for action, meaning in _MEANING.items():
        if count := found.counts.get(action, 0):
            fate = f" (--deleted {found.deleted})" if action == "removed" else ""
            yield f"{count:>9} {action:<14} {meaning}{fate}"
            uris = found.documents.get(action, [])
            yield from (f"          {printable(uri)}" for uri in uris[:_SHOWN])
            if len(uris) > _SHOWN:
                yield f"          and {len(uris) - _SHOWN} more"
    if found.left_alone:
        named = ", ".join(f"{count} {status}" for status, count in found.left_alone.items())
        yield f"left alone as they are: {named}; `docbeam retry` would try them, and a run's report counts them"
    for reader, count in found.read_by.items():
        yield (
            f"{count} documents were read by {reader}, and are left so; auto would choose {found.reader} now: "
            f"--ocr-engine {found.reader} or --force reads them again"
        )
    if found.uncovered:
        yield (
            f"{len(found.uncovered)} more in the output that no input covers (excluded, or not named any more), such "
            f"as {printable(found.uncovered[0])}; `docbeam forget` takes them away"
        )
    if found.refused:
        yield f"a run would stop: {found.refused}"
    for root in found.empty_inputs:
        yield f"{printable(root)} lists no document: nothing below it is taken for gone"
    if not found.counts:
        yield "nothing is listed and nothing is known"
