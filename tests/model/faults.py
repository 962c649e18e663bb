"""Ends of a run at chosen places, in this process: where it stages, and at each of its commits."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from transforms.lake.log.catalog import DeltaCatalog
from transforms.write import portions
from transforms.write.portions import Portions


class Killed(BaseException):
    """Nothing of ours catches it; what a killed process could not do is left undone."""


class Fault:
    """Whether it came: a run may end before."""

    came = False


@contextmanager
def killed_at_commit(step: int) -> Iterator[Fault]:
    """A run that is killed before its commit or claim number `step`, counted from 0."""
    fault, calls = Fault(), iter(range(1_000))
    with _patched() as patch:
        for name in ("commit", "claim"):
            act = getattr(DeltaCatalog, name)

            def dying(*args: object, act=act, **more: object) -> object:
                if next(calls) == step:
                    fault.came = True
                    _leave_behind(patch)
                    raise Killed
                return act(*args, **more)

            patch.setattr(DeltaCatalog, name, dying)
        yield fault


@contextmanager
def stopped_at_document(count: int, number: int) -> Iterator[Fault]:
    """A run that gets a signal when it stages its document `count`, counted from 0; SIGKILL is played."""
    fault, add, documents = Fault(), Portions.add, iter(range(1_000))
    sent = signal.SIGUSR1 if number == signal.SIGKILL else number

    def stopping(self: Portions, batch: object) -> bool:
        if self._stopped:
            # A thread that an earlier run left behind.
            return add(self, batch)
        if next(documents) == count:
            fault.came = True
            os.kill(os.getpid(), sent)
        deadline = time.monotonic() + 20
        while fault.came and not self._stopped and time.monotonic() < deadline:
            time.sleep(0.002)
        return add(self, batch)

    def die(*_: object) -> None:
        _leave_behind(patch)
        raise Killed

    before = signal.signal(signal.SIGUSR1, die)
    try:
        with _patched() as patch:
            patch.setattr(Portions, "add", stopping)
            yield fault
    finally:
        signal.signal(signal.SIGUSR1, before)


@contextmanager
def _patched() -> Iterator[pytest.MonkeyPatch]:
    """Portions of one document each, so that there is something to keep."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portions, "SHORTEST", 0.0)
        patch.setattr(portions, "LONGEST", 0.0)
        yield patch


def _leave_behind(patch: pytest.MonkeyPatch) -> None:
    """Nobody cleans up after a killed process; the system closes its files."""

    def let_go(self: Portions) -> None:
        with self._lock:
            self._stopped = True
        self._held.close()

    patch.setattr(Portions, "let_go", let_go)
