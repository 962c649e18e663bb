"""Ctrl-C, SIGTERM and a terminal that goes: one quiet end, without children left behind."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

import typer

from beam_pipeline.cli.exit_codes import STOPS
from beam_pipeline.jobs.worker_errors import KEPT

if TYPE_CHECKING:
    import psutil

#: Seconds that child processes get to end by themselves.
_GRACE = 2.0


class Stoppable:
    """Around a command. The first signal unwinds it, so that it cleans up; a second one ends the process at once."""

    def __init__(self) -> None:
        self._stop: type[KeyboardInterrupt] | None = None
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> None:
        """Listen; other threads than the main one cannot. What nohup and the like have ignored stays so."""
        if threading.current_thread() is threading.main_thread():
            heard = [n for n in STOPS if n == signal.SIGINT or signal.getsignal(n) != signal.SIG_IGN]
            self._handlers = {number: signal.signal(number, self._interrupt) for number in heard}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening. What the signal became on its way (amid imports, in DuckDB) is an interrupt again."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._stop and isinstance(error, Exception) and not isinstance(error, typer.Exit):
            raise self._stop from error

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        if self._stop:
            self._give_up()
            os._exit(128 + number)
        self._stop = STOPS[number]
        raise self._stop

    def _give_up(self) -> None:
        """What must be done even in a hurry."""


class Interruptible(Stoppable):
    """Around a run, whose children end with it.

    While a run is torn down its threads report errors that only the tear-down causes: those are not shown.
    """

    #: What an interrupt leaves behind, for people, unless the run kept something.
    epilogue = "nothing was committed; what the output held before is unchanged"

    def __init__(self, *, verbose: bool) -> None:
        super().__init__()
        self._verbose, self._stderr = verbose, sys.stderr

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clean up after an interrupt, and stop listening."""
        if self._stop:
            if error is not None:
                _end_children()
            logging.disable(logging.NOTSET)
            sys.stderr = self._stderr
        try:
            super().__exit__(kind, error, trace)
        except KeyboardInterrupt as stop:
            stop.args = (self._told(error),)
            raise
        if isinstance(error, KeyboardInterrupt):
            error.args = (self._told(error),)

    def _told(self, error: BaseException | None) -> str:
        kept = getattr(error, KEPT, "")
        return f"{kept}; run the same command again for the rest" if kept else self.epilogue

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._stop and not self._verbose:
            logging.disable(logging.CRITICAL)
            self._stderr, sys.stderr = sys.stderr, open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        super()._interrupt(number, frame)

    def _give_up(self) -> None:
        _end_children()


class Drainable(Interruptible):
    """Around runs that follow each other. The first signal only asks for an end; the next ones interrupt the run."""

    def __init__(self, ask: Callable[[], None], *, verbose: bool) -> None:
        super().__init__(verbose=verbose)
        self._ask, self._asked = ask, False

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            super()._interrupt(number, frame)
        self._asked = True
        self._ask()


def _end_children() -> None:
    import psutil

    # Python's own helpers end when this process does; it asks after them, and must find them, until then.
    children = [child for child in psutil.Process().children(recursive=True) if not _is_helper(child)]
    for act in (psutil.Process.terminate, psutil.Process.kill):
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                act(child)
        _, children = psutil.wait_procs(children, timeout=_GRACE)


def _is_helper(process: psutil.Process) -> bool:
    """Whether it is the resource tracker, or the fork server itself (its children show the same command line)."""
    import psutil

    with contextlib.suppress(psutil.Error):
        command = " ".join(process.cmdline())
        ours = process.ppid() == os.getpid()
        return ours and ("multiprocessing.resource_tracker" in command or "multiprocessing.forkserver" in command)
    return False
