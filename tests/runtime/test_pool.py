"""Every way a parser can die, with real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from schemas.failures import Corrupt, Crashed, OutOfMemory, TimedOut
from transforms.sandbox.pool import ParserPool, PoolOptions, close_shared_pool, shared_pool


def echo(value: str) -> str:
    return value


def hang() -> None:
    while True:
        pass


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave() -> None:
    os._exit(3)


def devour() -> int:
    return len([bytes(200 << 20) for _ in range(10_000)])


def refuse() -> None:
    raise Corrupt("no", hint="really", page=3, context={"a": "b"})


def unsendable() -> object:
    return lambda: None


def pid() -> int:
    return os.getpid()


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    pool = ParserPool(PoolOptions(workers=2, memory_limit=1 << 30, timeout=2.0, recycle_after=50))
    yield pool
    pool.close()


def test_results_come_back(pool: ParserPool) -> None:
    assert pool.call(echo, "äöü\0") == "äöü\0"


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (hang, TimedOut, "not done after 2 s"),
        (crash, Crashed, "SIGSEGV"),
        (leave, Crashed, "exit code 3"),
        (devour, OutOfMemory, "1,024 MiB"),
    ],
)
def test_a_death_is_a_typed_error_and_the_next_task_works(pool: ParserPool, function, error, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        pool.call(function)
    assert pool.call(echo, "alive") == "alive"


def test_what_cannot_be_sent_back_is_an_error_not_a_death(pool: ParserPool) -> None:
    with pytest.raises(RuntimeError, match="cannot be sent"):
        pool.call(unsendable)


def test_a_task_too_large_for_the_limit_costs_only_itself() -> None:
    pool = ParserPool(PoolOptions(workers=2, memory_limit=600 << 20, timeout=30.0, recycle_after=50))
    try:
        with pytest.raises((Crashed, OutOfMemory)):
            pool.call(echo, "x" * (500 << 20))
        assert [pool.call(echo, "alive") for _ in range(4)] == ["alive"] * 4
    finally:
        pool.close()


def test_effort_shortens_the_deadline(pool: ParserPool) -> None:
    with pytest.raises(TimedOut, match=r"0\.5 s"):
        pool.call(hang, effort=0.25)


def test_errors_keep_what_explains_them(pool: ParserPool) -> None:
    with pytest.raises(Corrupt) as caught:
        pool.call(refuse)
    assert (caught.value.hint, caught.value.page, caught.value.context) == ("really", 3, {"a": "b"})


def test_children_are_replaced_after_their_share_of_tasks() -> None:
    pool = ParserPool(PoolOptions(workers=1, memory_limit=1 << 30, timeout=5.0, recycle_after=2))
    try:
        pids = [pool.call(pid) for _ in range(6)]
    finally:
        pool.close()
    assert len(set(pids)) == 3


def test_closing_leaves_no_process() -> None:
    pool = ParserPool(PoolOptions(workers=2, memory_limit=1 << 30, timeout=5.0, recycle_after=100))
    child = pool.call(pid)
    pool.close()
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_children_die_with_a_killed_parent() -> None:
    program = (
        "import sys, os; sys.path.insert(0, os.getcwd())\n"
        "import os, time\n"
        "from transforms.sandbox.pool import close_shared_pool, shared_pool, ParserPool, PoolOptions\n"
        "if __name__ == '__main__':\n"
        "    pool = ParserPool(PoolOptions(workers=2, memory_limit=1 << 30, timeout=60.0, recycle_after=9))\n"
        "    print(pool.call(os.getpid), flush=True)\n"
        "    pool.call(time.sleep, 60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert psutil.pid_exists(child)
    time.sleep(0.3)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(child)


def test_a_pool_that_was_closed_is_not_shared_any_more() -> None:
    options = PoolOptions(workers=1, memory_limit=1 << 31, timeout=30, recycle_after=10)
    first = shared_pool(options)
    assert shared_pool(options) is first
    # An interrupt may come right after.
    first.close()
    second = shared_pool(options)
    assert second is not first and second.call(abs, -7) == 7
    close_shared_pool(options)
    assert second.is_closed and shared_pool(options) is not second
    close_shared_pool(options)
