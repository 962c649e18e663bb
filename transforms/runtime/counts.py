"""Live counts of a run on this machine, for the progress display; the tables are what counts in the end."""

from __future__ import annotations

import threading
from collections import Counter

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
