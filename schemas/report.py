"""What a run tells about itself: snapshots while it runs, and the report at its end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec

#: Values of `DocumentStatus`: documents whose rows are missing or old, and those that are no part of the ratio.
FAILING, NOT_ASKED = ("failed", "stale"), ("unsupported", "deleted")


class InHand(msgspec.Struct, frozen=True):
    """What a stage has in hand at a moment."""

    #: 'plan', 'start', 'fetch', 'extract', 'ocr', 'assemble', 'layout', 'chunk', 'write', 'commit'.
    stage: str
    #: Documents that it works on.
    documents: int = 0
    #: Pages done, and all of them as far as they are known; 0 where it does not go by pages.
    pages: int = 0
    of: int = 0


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a run. Counts never decrease from one snapshot to the next."""

    #: Documents found by the listing so far; None while nothing is known.
    documents_listed: int | None = None
    #: Documents that reached an end, whichever (ok, partial, failed, unchanged).
    documents: int = 0
    pages: int = 0
    #: Failures of documents and pages.
    failures: int = 0
    chunks: int = 0
    #: Seconds since the run started.
    elapsed: float = 0.0
    #: What this process is at; unlike the counts it comes and goes.
    in_hand: tuple[InHand, ...] = ()


class Observer(Protocol):
    """Told about a run's progress about once a second, from a thread of the run."""

    def on_progress(self, snapshot: Progress) -> None:
        """Called with the newest snapshot; must return quickly and must not raise."""


class FailureReason(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one category, with one example."""

    #: Value of `schemas.failures.Category`.
    category: str
    count: int
    example_uri: str = ""
    example_message: str = ""
    hint: str = ""
    #: Documents by type of file ('.pptx'), most frequent first, where the type is the cause.
    types: dict[str, int] = {}


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a finished run: what the output now says of the documents that the run listed.

    A document that failed before and was left alone is a failed one, also for the ratio: the same command again makes
    nothing good.
    """

    run_id: str
    output: str
    format: str
    #: As in `RunRecord`.
    kind: str = "ingest"
    #: Documents by value of `DocumentStatus`; a status that did not occur may be missing. 'unchanged' are those that
    #: were good and were left alone.
    statuses: dict[str, int] = {}
    #: Those of them that were not good before and were not tried, by status.
    left_alone: dict[str, int] = {}
    #: Documents whose rows went (or became tombstones), because their source is gone.
    removed: int = 0
    #: Inputs that could not be listed: what they held was left as it was.
    missing_inputs: int = 0
    #: All documents of the output by status, whoever listed them.
    held: dict[str, int] = {}
    #: Those of them that something is noted of, by note: 'repaired', 'truncated', 'doubtful'.
    notes: dict[str, int] = {}
    #: Statuses that count as failures beside 'failed' and 'stale'.
    fail_on: tuple[str, ...] = ()
    #: Pages by value of `PageStatus`.
    pages: dict[str, int] = {}
    #: Pages that OCR read with little confidence.
    doubtful_pages: int = 0
    #: Documents that killed runs had finished: they are in the tables since this run began.
    taken_over: int = 0
    elements: int = 0
    chunks: int = 0
    #: Elements a reader cannot see in the document.
    hidden_elements: int = 0
    #: Most frequent first.
    failures: tuple[FailureReason, ...] = ()
    elapsed: float = 0.0
    pages_per_second: float = 0.0
    #: Runs of each network by how many pages (tables, lines) they took; 'documents': batches by documents in them.
    batches: dict[str, dict[int, int]] = {}
    #: Committed version by table name; empty for formats without versions.
    table_versions: dict[str, int] = {}

    @property
    def documents(self) -> int:
        """Documents of the run, whichever way they ended."""
        return sum(self.statuses.values())

    @property
    def failure_ratio(self) -> float:
        """Share of documents that the output does not hold as their sources are; 0.0 where there are none.

        Unsupported files are no part of it, unless asked for. A retry lists nothing but what failed: what counts for it
        is the whole output.
        """
        return failure_ratio(self.held if self.kind == "retry" else self.statuses, self.fail_on)


def failure_ratio(statuses: Mapping[str, int], fail_on: Collection[str]) -> float:
    """Share of the failed among documents by status, `fail_on` naming what else counts as such; 0.0 for none."""
    bad = {*FAILING, *fail_on}
    every = sum(count for status, count in statuses.items() if status in bad or status not in NOT_ASKED)
    return sum(statuses.get(status, 0) for status in bad) / every if every else 0.0
