"""Killable parser processes: a crash, a hang or a memory bomb in a native parser costs one document, never the worker.

One pool per worker process, shared by its threads. Children come from a fork server (forking a process full of
gRPC threads deadlocks), hold an address-space limit, die with their parent, and are replaced every K tasks.

Each child has a pipe of its own. Pool libraries share one between all children, and a child that dies while it
reads a task (one too large for its memory limit, say) then breaks the pool and every task in it.
"""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import msgspec

from schemas.failures import Crashed, OutOfMemory, TimedOut
from transforms.runtime.activity import activity
from transforms.runtime.cores import usable_cores
from transforms.runtime.guard import Raised, captured
from transforms.runtime.once import made_once
from transforms.sandbox.fork_server import start_fork_server
from transforms.sandbox.limits import PEAK_SHARE, enter_cage, peak_memory

T = TypeVar("T")
#: Ways a task ends that a fresh child may escape: what earlier tasks left behind counts against the memory limit.
WORTH_A_FRESH_CHILD = (Crashed, OutOfMemory)
#: Seconds a fresh process may take to import its code.
START_SECONDS = 120.0
#: Seconds in which a signal that ended a parser process reaches the run, if it was meant for both.
GROUP_SECONDS = 1.0


class PoolOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The cage: number of processes (0: one per core of the machine they are on), address space in bytes, seconds per
    task, tasks per process."""

    workers: int
    memory_limit: int
    timeout: float
    recycle_after: int


class ParserPool:
    """Runs functions in child processes; every way to die becomes a typed error."""

    def __init__(self, options: PoolOptions) -> None:
        self._context = multiprocessing.get_context("forkserver")
        start_fork_server()
        self._options, self._closed = options, False
        # One entry per allowed process; None stands for one that is not started.
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(worker_count(options.workers)):
            self._idle.put(None)
        self._busy: set[_Child] = set()

    def call(self, function: Callable[..., T], *args: object, effort: float = 1.0) -> T:
        """The function's result. `effort` in (0, 1] is the share of the deadline that it may use.

        Raises TimedOut, Crashed or OutOfMemory when the child hangs, dies or meets its limit, else what it raised.
        """
        task = pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL)
        child = self._idle.get()
        try:
            child = child or self._start()
            try:
                answer, child = self._ask(child, task, effort)
            except WORTH_A_FRESH_CHILD:
                if not child.tasks or self._closed:
                    raise
                child.kill()
                child = self._start()
                answer, child = self._ask(child, task, effort)
        finally:
            self._idle.put(self._keep(child))
        if isinstance(answer, Raised):
            raise answer.error
        return answer  # type: ignore[no-any-return]

    def _start(self) -> _Child:
        if self._closed:
            raise Crashed("the parser was stopped because the run ended")
        return _Child(self._context, self._options.memory_limit)

    def _ask(self, child: _Child, task: bytes, effort: float) -> tuple[Any, _Child]:
        deadline = self._options.timeout * effort
        self._busy.add(child)
        try:
            answer = child.ask(task, deadline)
        finally:
            self._busy.discard(child)
        if isinstance(answer, Raised) and isinstance(answer.error, MemoryError):
            limit = self._options.memory_limit / (1 << 20)
            child.worn = True
            raise OutOfMemory(f"the parser met its memory limit of {limit:,.0f} MiB")
        child.tasks += 1
        return answer, child

    def _keep(self, child: _Child | None) -> _Child | None:
        if child is None or not (child.worn or self._closed or child.tasks >= self._options.recycle_after):
            return child
        child.kill()
        return None

    @property
    def is_closed(self) -> bool:
        """Whether no process is started any more."""
        return self._closed

    def close(self) -> None:
        """Kill the children; running calls raise Crashed."""
        self._closed = True
        for child in list(self._busy):
            child.kill()
        for kept in [self._idle.get() for _ in range(self._idle.qsize())]:
            self._idle.put(self._keep(kept))


class Reached(NamedTuple):
    """How far a process is with its task."""

    pages: int
    of: int


class _Child:
    """One process and the pipe to it. `worn` asks for its replacement; `tasks` counts what it has answered."""

    def __init__(self, context: Any, memory_limit: int) -> None:
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, memory_limit), daemon=True, name="docbeam-parser")
        with _main_left_out:
            self._process.start()
        theirs.close()
        self.tasks, self.worn = 0, False
        # Deadlines are for tasks: starting and importing on a busy machine must not count.
        self._ready = False

    def _await_start(self) -> None:
        if not self._ready and not self._pipe.poll(START_SECONDS):
            raise Crashed(f"a parser process did not start within {START_SECONDS:g} s")
        self._ready = self._ready or bool(self._pipe.recv_bytes())

    def ask(self, task: bytes, deadline: float) -> Any:
        """The answer to a task; raises TimedOut after `deadline` seconds and Crashed when the process dies."""
        try:
            self._await_start()
            self._pipe.send_bytes(task)
            answer, self.worn = self._answer(deadline)
            return answer
        except (OSError, EOFError):
            # The pipe closes a moment before the exit code is known.
            self._process.join(1.0)
            if self._process.exitcode == -signal.SIGTERM:
                # Whoever ends a process group ends the run, too: the document is not at fault, which shows in a moment.
                time.sleep(GROUP_SECONDS)
            self.kill()
            raise Crashed(f"the parser died: {_cause_of_death(self._process.exitcode or 0)}") from None

    def _answer(self, deadline: float) -> Any:
        """What the process sends at last; on the way it may tell how far it is."""
        end = time.monotonic() + deadline
        while self._pipe.poll(max(0.0, end - time.monotonic())):
            found = pickle.loads(self._pipe.recv_bytes())
            if not isinstance(found, Reached):
                return found
            activity().reach(found.pages, found.of)
        self.kill()
        raise TimedOut(f"not done after {deadline:g} s; the parser was killed")

    def kill(self) -> None:
        """End the process now."""
        self.worn = True
        self._process.kill()
        self._process.join()
        self._pipe.close()


class _MainLeftOut:
    """While it is entered, new processes do not import the caller's main module.

    They only ever run our functions; importing a user's script (and with it Beam) would cost each of them seconds,
    hundreds of megabytes, and whatever that script does when it is imported.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()
        self._main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")

    def __exit__(self, *_: object) -> None:
        sys.modules["__main__"] = self._main
        self._lock.release()


_main_left_out = _MainLeftOut()


@made_once
def _pool_of_process(options: PoolOptions) -> ParserPool:
    return ParserPool(options)


def shared_pool(options: PoolOptions) -> ParserPool:
    """The pool of this worker process; another one once that is closed, whatever came between its end and its run's."""
    pool = _pool_of_process(options)
    if pool.is_closed:
        _pool_of_process.cache_clear()
        pool = _pool_of_process(options)
    return pool


def close_shared_pool(options: PoolOptions) -> None:
    """End what runs of this process share; the next one gets a pool of its own."""
    pool = shared_pool(options)
    _pool_of_process.cache_clear()
    pool.close()


def worker_count(wanted: int) -> int:
    """`wanted`, or one per core that this process may use when 0."""
    return wanted or usable_cores()


def _serve(pipe: Connection, memory_limit: int) -> None:
    enter_cage(memory_limit)
    worn_above = peak_memory() + int(memory_limit * PEAK_SHARE)
    pipe.send_bytes(b"ready")
    activity().tell_through(lambda pages, of: pipe.send_bytes(pickle.dumps(Reached(pages, of))))
    # A task builds many records and hardly a cycle: collecting in between costs a tenth of its time.
    gc.disable()
    while True:
        try:
            task = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(_answer(task, worn_above))
        del task


def _answer(task: bytes, worn_above: int) -> bytes:
    def run() -> Any:
        function, args = pickle.loads(task)
        return function(*args)

    answer = captured(run)
    if isinstance(answer, Raised):
        answer.error.add_note("".join(traceback.format_tb(answer.error.__traceback__)[-5:]))
    worn = peak_memory() > worn_above
    packed = captured(lambda: pickle.dumps((answer, worn), pickle.HIGHEST_PROTOCOL))
    if isinstance(packed, Raised):
        return pickle.dumps((Raised(RuntimeError(f"the answer cannot be sent: {packed.error!r}")), True))
    return packed


def _cause_of_death(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
