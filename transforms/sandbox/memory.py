"""What the C library does with freed memory. Functions here do nothing with another library than glibc."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from transforms.runtime.once import made_once

#: Options of glibc's mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
#: Larger blocks are mapped one by one, so that the system has them back when they are freed. Smaller ones are reused:
#: what one page takes and gives back is not worth the system's work of clearing it for the next.
LARGE_BYTES = 4 << 20
#: How much free memory the top of the heap may keep.
SPARE_BYTES = 64 << 20
#: How often what lies free between blocks in use is given back. It takes some milliseconds.
TRIM_SECONDS = 2.0


@made_once
def return_freed_memory() -> None:
    """Give freed memory back to the system, for the rest of the process.

    By itself glibc keeps blocks of up to 32 MiB in one heap for each few threads: pages of many sizes on many threads
    then leave gigabytes of holes. Arrow keeps what it freed in an allocator of its own, unless told otherwise.
    """
    mallopt = _function("mallopt")
    if mallopt is not None:
        pa.set_memory_pool(pa.system_memory_pool())
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, SPARE_BYTES)
        mallopt(_ARENA_MAX, 2)
        threading.Thread(target=_keep_trimming, name="trim memory", daemon=True).start()


def trim_memory() -> None:
    """Give back what lies free now."""
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


def _keep_trimming() -> None:
    while True:
        time.sleep(TRIM_SECONDS)
        trim_memory()


def _function(name: str) -> Callable[..., Any] | None:
    found: Callable[..., Any] | None = getattr(ctypes.CDLL(None), name, None)
    return found
