"""One writer at a time on an output of this machine. The lock is the process's own: it ends with it, however it ends.

Outputs in object stores have no such lock; there the claim in the runs table decides when runs commit.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.failures import OutputError
from transforms.runtime.uris import is_local
from transforms.write.staging import FOLDER

NAME = "writer"
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
            raise OutputError(f"another run or command is writing to {root}: wait for it, or give --wait")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        os.unlink(path)
        os.close(descriptor)


def _try(path: str, root: str) -> int | None:
    """The locked file, None while somebody else holds it."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise OutputError(f"cannot write below {root}: {error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
