"""What a parser process does to itself before its first task: limits, silence, and a life tied to its parent's."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import resource
import signal
import sys

#: A process whose memory grew by more than this share of its limit is replaced: what it freed may be in shreds.
PEAK_SHARE = 0.25


def enter_cage(memory_limit: int) -> None:
    """Bound the address space, write no core files, print nothing, end with the parent.

    `memory_limit` bytes are what tasks may take beyond the code and the vocabularies that are loaded already.
    """
    bound = address_space() + memory_limit
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    # Parsers print; the terminal belongs to the run.
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)


def address_space() -> int:
    """Bytes of address space of this process; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[0]) * resource.getpagesize()
    except FileNotFoundError:
        return 0


def peak_memory() -> int:
    """The most bytes that were ever resident in this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


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
