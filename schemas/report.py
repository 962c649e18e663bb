"""What a run tells about itself: snapshots while it runs, and the report at its end."""

from __future__ import annotations

from typing import Protocol

import msgspec


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


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a finished run."""

    run_id: str
    output: str
    format: str
    #: Documents by value of `DocumentStatus`; a status that did not occur may be missing.
    statuses: dict[str, int] = {}
    #: Pages by value of `PageStatus`.
    pages: dict[str, int] = {}
    #: Pages that OCR read with little confidence.
    doubtful_pages: int = 0
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
        """Share of documents that failed entirely; 0.0 for a run without documents."""
        return self.statuses.get("failed", 0) / self.documents if self.documents else 0.0
