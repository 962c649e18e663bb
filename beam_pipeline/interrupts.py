"""Ctrl-C and SIGTERM during a run: one quiet end, without children left behind."""

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

from beam_pipeline.cli_errors import INTERRUPTED, Terminated

if TYPE_CHECKING:
    import psutil

#: Seconds that child processes get to end by themselves.
_GRACE = 2.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruptible:
    """Around a run. The first signal unwinds it and ends the children, a second one ends the process at once.

    While a run is torn down its threads report errors that only the tear-down causes: those are not shown.
    """

    #: What an interrupt leaves behind, for people.
    epilogue = "nothing was committed; what the output held before is unchanged"

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._signalled = False
        self._stderr = sys.stderr
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> None:
        """Listen; other threads than the main one cannot."""
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._interrupt) for number in _SIGNALS}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clean up after an interrupt, and stop listening."""
        if isinstance(error, KeyboardInterrupt):
            _end_children()
            error.args = (self.epilogue,)
        if self._signalled:
            logging.disable(logging.NOTSET)
            sys.stderr = self._stderr
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        if self._signalled:
            _end_children()
            os._exit(INTERRUPTED)
        self._signalled = True
        if not self._verbose:
            logging.disable(logging.CRITICAL)
            self._stderr, sys.stderr = sys.stderr, open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


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
