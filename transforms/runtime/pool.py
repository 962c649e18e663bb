"""Killable parser processes: a crash, a hang or a memory bomb in a native parser costs one document, never the worker.

One pool per worker process, shared by its threads. Children come from a fork server (forking a process full of
gRPC threads deadlocks), hold an address-space limit, die with their parent, and are replaced every K tasks.
"""

from __future__ import annotations

import fcntl
import functools
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TypeVar

import msgspec
from pebble import ProcessExpired, ProcessPool

from schemas.failures import Crashed, OutOfMemory, TimedOut

T = TypeVar("T")
#: Imported once by the fork server, so that a fresh child starts in milliseconds.
PRELOAD = ("transforms.runtime.preload",)


class PoolOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The cage: number of processes, address space in bytes, seconds per task, tasks per process."""

    workers: int
    memory_limit: int
    timeout: float
    recycle_after: int


class ParserPool:
    """Runs functions in child processes; every way to die becomes a typed error."""

    def __init__(self, options: PoolOptions) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(PRELOAD))
        self._options = options
        self._pool = ProcessPool(
            max_workers=options.workers,
            max_tasks=options.recycle_after,
            initializer=_enter_cage,
            initargs=(options.memory_limit,),
            context=context,
        )

    def call(self, function: Callable[..., T], *args: object, effort: float = 1.0) -> T:
        """The function's result. `effort` in (0, 1] is the share of the deadline that it may use.

        Raises TimedOut, Crashed or OutOfMemory when the child hangs, dies or meets its limit, else what it raised.
        """
        deadline = self._options.timeout * effort
        future = self._pool.schedule(function, args=args, timeout=deadline)
        try:
            return future.result()  # type: ignore[no-any-return]
        except TimeoutError:
            raise TimedOut(f"not done after {deadline:g} s; the parser was killed") from None
        except ProcessExpired as expired:
            raise Crashed(f"the parser died: {_cause_of_death(expired.exitcode)}") from None
        except MemoryError:
            limit = self._options.memory_limit / (1 << 20)
            raise OutOfMemory(f"the parser met its memory limit of {limit:,.0f} MiB") from None
        except CancelledError:
            raise Crashed("the parser was stopped because the run ended") from None

    def close(self) -> None:
        """Kill the children; running calls raise."""
        self._pool.stop()
        self._pool.join()


@functools.cache
def shared_pool(options: PoolOptions) -> ParserPool:
    """The pool of this worker process."""
    return ParserPool(options)


def worker_count(wanted: int) -> int:
    """`wanted`, or one per core that this process may use when 0."""
    return wanted or len(os.sched_getaffinity(0))


def _enter_cage(memory_limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit, memory_limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    # Parsers print; the terminal belongs to the run.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _die_with_parent() -> None:
    """Have the kernel end this process when the pipe from its parent closes, even amid native code that hangs.

    The parent is not the one that forked us (the fork server did), so the usual parent-death signal does not help.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
    if not parent.is_alive():
        os._exit(1)


def _cause_of_death(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
