"""How a run shows that it lives: a live display on a terminal, a line every few seconds elsewhere, or nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

import msgspec
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Display
from rich.table import Column
from rich.text import Text

from beam_pipeline.cli.console import tell
from schemas.report import InHand, Observer, Progress

#: Seconds between two lines of a log: 5, in long runs a twentieth of the time so far, at most a minute.
_LINE_INTERVAL, _LINE_SHARE, _MOST_INTERVAL = 5.0, 0.05, 60.0
#: Seconds without news until a log hears that the run lives; then twice as many, and so on.
_HEARTBEAT, _MOST_SILENCE = 30.0, 600.0
#: Documents after which the speed so far tells something: the first ones wait for processes to start.
_TELLING = 20
#: What stages do, in their order.
_DOING = {
    "plan": "planning",
    "start": "starting Beam",
    "fetch": "fetching",
    "extract": "parsing",
    "ocr": "OCR",
    "assemble": "assembling",
    "layout": "layout",
    "chunk": "chunking",
    "write": "writing",
    "commit": "committing",
}
#: Stages that the run goes through as a whole.
_WHOLE = ("plan", "start", "commit")


def observe(console: Console, *, quiet: bool) -> AbstractContextManager[Observer | None]:
    """An observer for a run; enter it before the run, leave it after."""
    if quiet:
        return nullcontext()
    return LiveProgress(console) if console.is_terminal and not console.is_dumb_terminal else LineProgress()


def pages_per_second(snapshot: Progress) -> float:
    """Pages by now over the whole time; 0.0 at the start."""
    return snapshot.pages / snapshot.elapsed if snapshot.elapsed > 0 else 0.0


def speed(pages_per_second: float) -> str:
    """'12.3 pages/s', '0.05 pages/s'."""
    return f"{pages_per_second:.{1 if pages_per_second >= 1 else 2}f} pages/s"


def seconds_left(snapshot: Progress) -> float | None:
    """Time to the end at the speed so far; None while it cannot be told."""
    if not snapshot.documents_listed or snapshot.documents < min(_TELLING, snapshot.documents_listed):
        return None
    open_documents = max(0, snapshot.documents_listed - snapshot.documents)
    return snapshot.elapsed / snapshot.documents * open_documents if open_documents else None


def duration(seconds: float) -> str:
    """'45 s', '3 min 20 s', '2 h 05 min'."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


class LineProgress(AbstractContextManager["LineProgress"]):
    """Plain lines for logs: one when something changed, now and then one more while nothing does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next, self._told, self._silence = _LINE_INTERVAL, 0.0, _HEARTBEAT
        self._last: Progress | None = None

    def __exit__(self, *error: object) -> None:
        """Nothing to take down: every line stands for itself."""

    def on_progress(self, snapshot: Progress) -> None:
        """Print a line when it is time."""
        with self._lock:
            if snapshot.elapsed < self._next or not self._is_worth_a_line(snapshot):
                return
            self._told = snapshot.elapsed
            self._next = self._told + min(_MOST_INTERVAL, max(_LINE_INTERVAL, _LINE_SHARE * self._told))
        tell(progress_line(snapshot))

    def _is_worth_a_line(self, snapshot: Progress) -> bool:
        news = msgspec.structs.replace(snapshot, elapsed=0.0)
        if news != self._last:
            self._last, self._silence = news, _HEARTBEAT
            return True
        if snapshot.elapsed - self._told < self._silence:
            return False
        self._silence = min(_MOST_SILENCE, 2 * self._silence)
        return True


def progress_line(snapshot: Progress) -> str:
    """A snapshot in words."""
    of = f"/{snapshot.documents_listed}" if snapshot.documents_listed is not None else ""
    line = f"{duration(snapshot.elapsed)}: {snapshot.documents}{of} documents, {', '.join(_counts(snapshot))}"
    return "; ".join(filter(None, (line, in_words(snapshot.in_hand))))


def _counts(snapshot: Progress) -> Iterable[str]:
    yield f"{snapshot.pages} pages"
    if snapshot.pages:
        yield speed(pages_per_second(snapshot))
    yield f"{snapshot.failures} failures"
    left = seconds_left(snapshot)
    if left is not None:
        yield f"about {duration(left)} left"


def in_words(in_hand: Sequence[InHand]) -> str:
    """'parsing 2 documents, OCR 12 of 40 pages, layout 31 of 90'."""
    order = list(_DOING)
    known = sorted((item for item in in_hand if item.stage in _DOING), key=lambda item: order.index(item.stage))
    return ", ".join(f"{_DOING[item.stage]}{_amount(item)}" for item in known)


def _amount(item: InHand) -> str:
    if item.stage in _WHOLE:
        return ""
    if item.of:
        return f" {item.pages} of {item.of} pages"
    return f" {item.documents} document{'s' * (item.documents != 1)}"


class _Display(Display):
    """The bar, and below it what is in hand, on a line that a narrow terminal cuts."""

    below = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """See `rich.progress.Progress`."""
        yield from super().get_renderables()
        if self.below:
            yield Text(self.below, no_wrap=True, overflow="ellipsis")


class LiveProgress(AbstractContextManager["LiveProgress"]):
    """A bar with counts that redraws itself on a terminal."""

    def __init__(self, console: Console) -> None:
        self._display = _Display(
            SpinnerColumn("line"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("documents", table_column=Column(no_wrap=True)),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._display.add_task("", total=None)

    def __enter__(self) -> LiveProgress:
        """Start drawing."""
        self._display.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the display, so that the report follows the start-up line."""
        self._display.stop()

    def on_progress(self, snapshot: Progress) -> None:
        """Redraw."""
        self._display.below = "; ".join(filter(None, (in_words(snapshot.in_hand), ", ".join(_counts(snapshot)))))
        self._display.update(self._task, total=snapshot.documents_listed, completed=snapshot.documents)
