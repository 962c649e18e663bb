"""How a run shows that it lives: a live display on a terminal, a line every few seconds elsewhere, or nothing."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Display

from beam_pipeline.cli_console import tell
from schemas.report import Observer, Progress

#: Seconds between two lines.
_LINE_INTERVAL = 5.0
#: Documents after which the speed so far tells something: the first ones wait for processes to start.
_TELLING = 20


def observe(console: Console, *, quiet: bool) -> AbstractContextManager[Observer | None]:
    """An observer for a run; enter it before the run, leave it after."""
    if quiet:
        return nullcontext()
    return LiveProgress(console) if console.is_terminal else LineProgress()


def pages_per_second(snapshot: Progress) -> float:
    """Pages by now over the whole time; 0.0 at the start."""
    return snapshot.pages / snapshot.elapsed if snapshot.elapsed > 0 else 0.0


def seconds_left(snapshot: Progress) -> float | None:
    """Time to the end at the speed so far; None while it cannot be told."""
    if not snapshot.documents_listed or snapshot.documents < min(_TELLING, snapshot.documents_listed):
        return None
    open_documents = max(0, snapshot.documents_listed - snapshot.documents)
    return snapshot.elapsed / snapshot.documents * open_documents


def duration(seconds: float) -> str:
    """'45 s', '3 min 20 s', '2 h 05 min'."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


class LineProgress(AbstractContextManager["LineProgress"]):
    """One plain line at most every five seconds, for logs."""

    def __init__(self) -> None:
        self._next = _LINE_INTERVAL
        self._lock = threading.Lock()

    def __exit__(self, *error: object) -> None:
        """Nothing to take down: every line stands for itself."""

    def on_progress(self, snapshot: Progress) -> None:
        """Print a line when it is time."""
        with self._lock:
            if snapshot.elapsed < self._next:
                return
            self._next = snapshot.elapsed + _LINE_INTERVAL
        tell(progress_line(snapshot))


def progress_line(snapshot: Progress) -> str:
    """A snapshot in words."""
    of = f"/{snapshot.documents_listed}" if snapshot.documents_listed is not None else ""
    parts = [
        f"{snapshot.documents}{of} documents",
        f"{snapshot.pages} pages",
        f"{pages_per_second(snapshot):.1f} pages/s",
        f"{snapshot.failures} failures",
    ]
    left = seconds_left(snapshot)
    if left is not None:
        parts.append(f"about {duration(left)} left")
    return ", ".join(parts)


class LiveProgress(AbstractContextManager["LiveProgress"]):
    """A bar with counts that redraws itself on a terminal."""

    def __init__(self, console: Console) -> None:
        self._display = Display(
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("documents  {task.fields[details]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._display.add_task("", total=None, details="")

    def __enter__(self) -> LiveProgress:
        """Start drawing."""
        self._display.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the display, so that the report follows the start-up line."""
        self._display.stop()

    def on_progress(self, snapshot: Progress) -> None:
        """Redraw."""
        left = seconds_left(snapshot)
        details = f"{snapshot.pages} pages  {pages_per_second(snapshot):.1f} pages/s  {snapshot.failures} failures" + (
            f"  about {duration(left)} left" if left is not None else ""
        )
        self._display.update(self._task, total=snapshot.documents_listed, completed=snapshot.documents, details=details)
