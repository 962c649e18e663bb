"""Advisory locks of open files, on file systems that have them and on those that do not."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from contextlib import suppress
from typing import IO

#: What NFS without its lock daemon, FUSE and some network shares answer.
NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})
#: What file systems without hard links answer.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EACCES})


def lock_file(file: int | IO[bytes], operation: int) -> bool:
    """Lock an open file; False where the file system has no locks. BlockingIOError when somebody else holds it.

    NFS wants files open for writing to lock them for one, and for reading to share them.
    """
    try:
        fcntl.flock(file, operation)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise
    return True


def takes_links(file: str) -> bool:
    """Whether hard links can be made beside an existing file, as far as can be told."""
    link = f"{file}-{os.getpid()}"
    try:
        os.link(file, link)
    except OSError as error:
        return error.errno not in _NO_LINKS
    with suppress(OSError):
        os.unlink(link)
    return True


def own(path: str) -> bool:
    """Take a file by being the one who makes it: the lock where there are no locks. False while its owner may live.

    An owner on this machine that died, or whose machine was started again, is none.
    """
    for _ in range(2):
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
            with os.fdopen(descriptor, "w") as file:
                file.write(_signature(os.getpid()))
            return True
        if not _is_dead(path):
            return False
        with suppress(FileNotFoundError):
            os.unlink(path)
    return False


def _is_dead(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            host, _, rest = file.read().partition(" ")
            pid = rest.partition(" ")[0]
            return bool(pid) and host == socket.gethostname() and _signature(int(pid)) != f"{host} {rest}"
    except (OSError, ValueError):
        return False


def _signature(pid: int) -> str:
    """Host, process, and when the kernel began it: numbers of processes come again."""
    started = ""
    with suppress(OSError), open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        started = file.read().rpartition(")")[2].split()[19]
    return f"{socket.gethostname()} {pid} {started}"
