"""What this process has in hand, for the progress display: which stages work on what, and how far they are.

Parser processes tell how far they are through the pipe that their answer will take.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from schemas.report import InHand
from transforms.runtime.once import made_once

#: Seconds between two messages of a parser process.
_INTERVAL = 0.2
#: (pages done, pages of all).
Tell = Callable[[int, int], None]


class _Task:
    """A document that a stage works on."""

    def __init__(self, stage: str) -> None:
        self.stage, self.pages, self.of = stage, 0, 0


class Activity:
    """The work of all threads; any of them may tell."""

    def __init__(self) -> None:
        self._lock, self._mine = threading.Lock(), threading.local()
        self._tasks: set[_Task] = set()
        self._done, self._wanted = Counter[str](), Counter[str]()
        self._tell: Tell | None = None
        self._told = 0.0
        self._starting = False

    @contextmanager
    def at(self, stage: str) -> Iterator[None]:
        """While this thread works on a document in a stage."""
        task, above = _Task(stage), getattr(self._mine, "task", None)
        self._mine.task = task
        with self._lock:
            self._tasks.add(task)
            self._starting = False
        try:
            yield
        finally:
            self._mine.task = above
            with self._lock:
                self._tasks.discard(task)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """While what will work on documents is made ready: until the first of them is taken up."""
        self._starting = True
        try:
            yield
        finally:
            self._starting = False

    def reach(self, pages: int, of: int) -> None:
        """What this thread works on has come so far; a parser process tells that to the process it works for."""
        if self._tell is not None:
            if time.monotonic() - self._told >= _INTERVAL:
                self._told = time.monotonic()
                self._tell(pages, of)
        elif task := getattr(self._mine, "task", None):
            task.pages, task.of = pages, of

    def tell_through(self, tell: Tell) -> None:
        """From now on this process works for another one."""
        self._tell, self._told = tell, time.monotonic()

    def want(self, stage: str, pages: int) -> None:
        """Pages of some document wait for a stage that takes them a few at a time, from any documents."""
        with self._lock:
            self._wanted[stage] += pages

    def done(self, stage: str, pages: int) -> None:
        """Pages have left that stage, whichever way."""
        with self._lock:
            self._done[stage] += pages

    def clear(self) -> None:
        """Forget the pages of an earlier run in this process."""
        with self._lock:
            self._done.clear()
            self._wanted.clear()

    def read(self) -> tuple[InHand, ...]:
        """What is in hand now, by stage."""
        with self._lock:
            tasks, wanted, done = list(self._tasks), dict(self._wanted), dict(self._done)
        found = {stage: (0, done.get(stage, 0), of) for stage, of in wanted.items() if done.get(stage, 0) < of}
        for task in tasks:
            if wanted.get(task.stage):
                continue
            documents, pages, of = found.get(task.stage, (0, 0, 0))
            found[task.stage] = (documents + 1, pages + task.pages, of + task.of)
        starting = [InHand("start")] if self._starting else []
        return (*starting, *(InHand(stage, *counts) for stage, counts in sorted(found.items())))


@made_once
def activity() -> Activity:
    """What this process does."""
    return Activity()
