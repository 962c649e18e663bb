"""What the C library does with freed memory."""

from __future__ import annotations

import ctypes
from functools import cache

#: Options of glibc's mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
#: Larger blocks are mapped one by one, so that the system has them back when they are freed. Smaller ones are reused:
#: what one page takes and gives back is not worth the system's work of clearing it for the next.
LARGE_BYTES = 4 << 20
#: How much free memory the top of the heap may keep.
SPARE_BYTES = 64 << 20


@cache
def return_freed_memory() -> None:
    """Give freed memory back to the system, for the rest of the process.

    By itself glibc keeps blocks of up to 32 MiB in one heap for each few threads: pages of many sizes on many threads
    then leave gigabytes of holes. Does nothing with another C library.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, SPARE_BYTES)
        mallopt(_ARENA_MAX, 2)
