"""Threads that work beside each other, and that nobody needs to wait for when they hang."""

from __future__ import annotations

import threading
from multiprocessing import pool
from multiprocessing.context import BaseContext


class _WithoutSemaphores(BaseContext):
    """What a pool of threads asks for locks. Processes' own are files in /dev/shm, which some sandboxes lack."""

    def Lock(self) -> threading.Lock:  # type: ignore[override]
        """A lock for threads."""
        return threading.Lock()


class Threads(pool.ThreadPool):
    """So many daemon threads; leaving the `with` lets go of them."""

    def __init__(self, number: int) -> None:
        pool.Pool.__init__(self, number, context=_WithoutSemaphores())
