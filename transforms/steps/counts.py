"""Live counts of a run on this machine, for the progress display; the tables are what counts in the end."""

from __future__ import annotations

import threading
from collections import Counter

from schemas.part import TableBatch
from schemas.plan import Changes, Touch
from transforms.runtime.once import made_once


class LiveCounts:
    """Counters that any thread may add to."""

    def __init__(self) -> None:
        self._lock, self._counts = threading.Lock(), Counter[str]()

    def add(self, **amounts: int) -> None:
        """Add to the named counters."""
        with self._lock:
            self._counts.update(amounts)

    def read(self) -> dict[str, int]:
        """All counters now."""
        with self._lock:
            return dict(self._counts)


@made_once
def live_counts(run_id: str) -> LiveCounts:
    """The counts of a run in this process."""
    return LiveCounts()


def count_planned(counts: LiveCounts, changes: Changes) -> None:
    """Add what was listed, and what of it needs no work."""
    idle = sum(changes.counts.get(name, 0) for name in ("unchanged", "waiting", "quarantined"))
    counts.add(listed=changes.listed, documents=idle, documents_unchanged=idle)


def count_settled(counts: LiveCounts, result: Touch | None) -> None:
    """Add a document that is done with once its source was asked."""
    if result is not None and result.failure is not None:
        counts.add(documents=1, documents_stale=1, failures=1)
    else:
        counts.add(documents=1, documents_unchanged=1)


def count_written(counts: LiveCounts, batch: TableBatch) -> dict[str, int]:
    """Add a document whose rows are written; what was counted, besides documents and failures."""
    found = {f"documents_{batch.status}": 1, "pages": batch.pages, "chunks": batch.chunks}
    counts.add(documents=1, failures=batch.failures, **found)
    return found
