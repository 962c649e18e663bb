"""What a process has one of, whichever of its threads asks first."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class made_once(Generic[P, T]):
    """`functools.cache` for things that must not be made twice.

    That one lets two threads that ask at the same time make one each, and keeps the second: the first vanishes under
    its user, with its files or processes.
    """

    def __init__(self, make: Callable[P, T]) -> None:
        cached = functools.cache(make)
        self._made: Callable[P, T] = cached
        self._lock, self.cache_clear = threading.RLock(), cached.cache_clear
        functools.update_wrapper(self, make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The one for these arguments."""
        with self._lock:
            return self._made(*args, **kwargs)
