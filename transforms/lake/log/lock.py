"""One writer at a time on an output of this machine. The lock is the process's own: it ends with it, however it ends.

Outputs in object stores have no such lock; there the claim in the runs table decides when runs commit.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from schemas.failures import OutputError
from transforms.runtime.locks import lock_file, own
from transforms.stores.staging import FOLDER
from transforms.stores.uris import is_local

NAME = "writer"
#: Where there are no locks, this one is beside it.
_OWNED = ".owned"
_POLL_SECONDS = 0.5


@contextmanager
def only_writer(root: str, *, wait: bool = False) -> Iterator[None]:
    """Be the only one who changes the output. OutputError when another process does and we shall not `wait`."""
    if not is_local(root):
        yield
        return
    path = os.path.join(root, FOLDER, NAME)
    while (descriptor := _try(path, root)) is None:
        if not wait:
            raise OutputError(f"another run or command is writing to {root}: wait for it, or give --wait{_else(path)}")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        # The folder may be gone: then the run has told so.
        for name in (path, path + _OWNED):
            with suppress(OSError):
                os.unlink(name)
        os.close(descriptor)


def _else(path: str) -> str:
    """What to do about an owner on another machine, which may have died there."""
    owned = path + _OWNED
    return f"; the file system has no locks: if no run is at work, delete {owned}" if os.path.exists(owned) else ""


def _try(path: str, root: str) -> int | None:
    """The locked file, None while somebody else holds it."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise OutputError(f"cannot write below {root}: {error}") from error
    try:
        if not lock_file(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB):
            if own(path + _OWNED):
                return descriptor
        elif os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError as error:
        raise OutputError(f"cannot lock {path}: {error}") from error
    os.close(descriptor)
    return None
