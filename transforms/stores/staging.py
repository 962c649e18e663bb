"""Folders of staged files on this machine: each run locks its own, and removes those that killed runs left behind."""

from __future__ import annotations

import fcntl
import functools
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from transforms.runtime.locks import lock_file
from transforms.stores.outputs import STAGING, TABLE_FOLDERS, is_run_id, is_staged_file
from transforms.stores.uris import is_local

FOLDER = STAGING
_LOCK = "lock"


def hold(root: str, run_id: str) -> None:
    """Mark the staging folder of a run as in use until its files are deleted or this process ends.

    Outputs in object stores are left alone: there is no lock that a dying process gives back.
    """
    if is_local(root):
        _kept_lock(root, run_id)


def held_lock(root: str, run_id: str) -> IO[bytes]:
    """The lock of a run's staging folder on this machine, which is made; held until it is closed."""
    folder = os.path.join(root, FOLDER, run_id)
    while True:
        os.makedirs(folder, exist_ok=True)
        try:
            lock = open(os.path.join(folder, _LOCK), "a+b")  # noqa: SIM115 - open as long as the lock is held
        except FileNotFoundError:
            # Another run took the empty folder for a dead one's.
            continue
        # Shared: several threads may come here at once, and each must get its lock.
        if not lock_file(lock, fcntl.LOCK_SH) or os.fstat(lock.fileno()).st_nlink:
            return lock
        lock.close()


_kept_lock = functools.lru_cache(maxsize=16)(held_lock)


def dead_runs(root: str) -> Iterator[str]:
    """Ids of runs that staged files here and were killed; their folders are removed once the caller is done with them.

    A folder whose lock is held belongs to a run that lives, one without a lock to a stream, unless it is empty: whoever
    made it died before it had its lock, or after it gave it up.
    """
    parent = os.path.join(root, FOLDER)
    if not is_local(root) or not os.path.isdir(parent):
        return
    for run_id in filter(is_run_id, sorted(os.listdir(parent))):
        folder = os.path.join(parent, run_id)
        try:
            with open(os.path.join(folder, _LOCK), "r+b") as lock:
                # Where there are no locks nobody but the caller, who has the output to himself, is at work.
                lock_file(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield run_id
                with suppress(OSError):
                    remove(folder)
        except FileNotFoundError:
            with suppress(OSError):
                os.rmdir(folder)
        except (BlockingIOError, NotADirectoryError):
            continue


def remove(folder: str) -> None:
    """Remove the staging folder of a run with all that runs stage, and nothing else.

    Its lock goes last: what is left when this is killed still tells whose it is.
    """
    for name in sorted(os.listdir(folder), key=lambda name: name == _LOCK):
        path = os.path.join(folder, name)
        if name in TABLE_FOLDERS and os.path.isdir(path) and not os.path.islink(path):
            remove(path)
        elif is_staged_file(name):
            os.unlink(path)
    with suppress(OSError):
        os.rmdir(folder)
