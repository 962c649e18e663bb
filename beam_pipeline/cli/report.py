"""The outcome of a run, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from beam_pipeline.cli.console import shorten
from beam_pipeline.cli.progress import duration, speed
from beam_pipeline.units import many
from schemas.report import FailureReason, RunReport

#: Failure reasons shown to people; the failures table has all.
_REASONS = 5


def report_lines(report: RunReport) -> Iterator[str]:
    """The report in lines: what came out, how fast, and what went wrong with a way to fix it."""
    yield from _document_lines(report)
    yield f"pages      {sum(report.pages.values())}{_breakdown(report.pages)}"
    if report.notes:
        yield f"notes      {_counted(report.notes)}; see documents.notes"
    if report.doubtful_pages:
        yield f"doubtful   {many(report.doubtful_pages, 'page')} read with little confidence; see pages.confidence"
    yield f"chunks     {report.chunks} of {report.elements} elements"
    if report.hidden_elements:
        yield f"hidden     {many(report.hidden_elements, 'element')} with text that a reader cannot see"
    yield f"time       {duration(report.elapsed)}, {speed(report.pages_per_second)}"
    yield f"output     {shorten(report.output, 200)} ({report.format}{_versions(report.table_versions)})"
    if report.held and sum(report.held.values()) != report.documents:
        yield f"           holds {many(sum(report.held.values()), 'document')}{_breakdown(report.held)}"
    yield from _failure_lines(report)


def _document_lines(report: RunReport) -> Iterator[str]:
    yield f"documents  {report.documents}{_breakdown(report.statuses)}"
    if report.taken_over:
        yield f"taken over {many(report.taken_over, 'document')} that a killed run had finished"
    if report.left_alone:
        yield f"left alone {_counted(report.left_alone)}: as before, nothing new to try; `docbeam retry` tries them now"
    if report.removed:
        yield f"removed    {many(report.removed, 'document')} without a source any more"


def _failure_lines(report: RunReport) -> Iterator[str]:
    if report.failures:
        yield "failures"
    for reason in report.failures[:_REASONS]:
        yield f"  {reason.count:>6}  {reason.category}: {shorten(_what(reason), 160)}"
        if reason.example_uri:
            yield f"          for example {shorten(reason.example_uri, 160)}"
        if reason.hint:
            yield f"          {shorten(reason.hint, 160)}"
    if len(report.failures) > _REASONS:
        yield f"  and {len(report.failures) - _REASONS} more reasons; see the failures table"


def report_json(report: RunReport) -> bytes:
    """The report with its derived figures, as one JSON object."""
    fields = msgspec.to_builtins(report)
    fields |= {"documents": report.documents, "failure_ratio": report.failure_ratio}
    return msgspec.json.format(msgspec.json.encode(fields), indent=2)


def _breakdown(counts: Mapping[str, int]) -> str:
    return f": {_counted(counts)}" if any(counts.values()) else ""


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _what(reason: FailureReason) -> str:
    """What went wrong; which types of files it is where that is the cause."""
    return ", ".join(f"{count} x {name}" for name, count in reason.types.items()) or reason.example_message


def _versions(versions: Mapping[str, int]) -> str:
    return f", version {max(versions.values())}" if versions else ""
