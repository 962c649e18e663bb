"""Folders for temporary files that go with their process or, where that was killed, with the next one."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress

from transforms.runtime.locks import lock_file

PREFIX = "docbeam-"
#: Held by the process that a folder belongs to; a folder without it is somebody else's.
LOCK = ".docbeam-lock"
#: Where a lock waits until it is held.
_WAITING = f"{LOCK}-new"


class TemporaryFolder:
    """A new folder, in `parent` or where temporary files go, until it is closed.

    What killed processes left in the same place goes first. Raises OSError when no folder can be made.
    """

    def __init__(self, parent: str = "") -> None:
        place = parent or tempfile.gettempdir()
        remove_dead(place)
        self.path = tempfile.mkdtemp(prefix=PREFIX, dir=place)
        waiting = os.path.join(self.path, _WAITING)
        self._lock = os.open(waiting, os.O_CREAT | os.O_RDWR, 0o600)
        lock_file(self._lock, fcntl.LOCK_EX)
        # Not before it is held: others would take the folder for a dead one's.
        os.rename(waiting, os.path.join(self.path, LOCK))

    def close(self) -> None:
        """Remove it with all that is in it. Once only."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def remove_dead(place: str) -> None:
    """Remove the folders of ours whose processes were killed. On file systems without locks none are known to be."""
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                _remove_if_dead(entry.path)


def _remove_if_dead(folder: str) -> None:
    with suppress(OSError), open(os.path.join(folder, LOCK), "r+b") as lock:
        is_ours = os.fstat(lock.fileno()).st_uid == os.getuid()
        if is_ours and lock_file(lock, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
