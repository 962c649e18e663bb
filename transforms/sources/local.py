"""Lists local files."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec

_JUNK = ("Thumbs.db", "desktop.ini")


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """A listed file: where it is, its path below the listed root, its size (None when the listing cannot tell)."""

    path: str
    relative: str
    size: int | None
    #: Seconds since the epoch; None when the listing cannot tell.
    mtime: float | None = None


def walk(root: str) -> Iterator[Listed]:
    """Regular files below `root`, sorted by name within each folder, real folders before linked ones.

    Hidden files and folders (leading '.', and the '~$' lock files of Office) are skipped. Links to folders are
    followed, every folder is read once. What cannot be read is listed too, without size: fetching it tells why.
    """
    pending = [(root, "")]
    seen = set[tuple[int, int]]()
    while pending:
        folder, prefix = pending.pop()
        entries = _scan(folder, seen)
        if entries is None:
            yield Listed(folder, prefix.rstrip("/") or os.path.basename(folder), None)
            continue
        folders = [entry for entry in entries if entry.is_dir()]
        # The last one pushed is read first.
        folders.sort(key=lambda entry: (entry.is_symlink(), entry.name), reverse=True)
        pending += [(entry.path, f"{prefix}{entry.name}/") for entry in folders]
        yield from _files(entries, prefix)


def _scan(folder: str, seen: set[tuple[int, int]]) -> list[os.DirEntry[str]] | None:
    """Visible entries of `folder` by name; [] when it was `seen` already, None when it cannot be read."""
    try:
        status = os.stat(folder)
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            return []
        seen.add(identity)
        with os.scandir(folder) as found:
            return sorted((entry for entry in found if not is_hidden(entry.name)), key=lambda entry: entry.name)
    except OSError:
        return None


def _files(entries: list[os.DirEntry[str]], prefix: str) -> Iterator[Listed]:
    for entry in entries:
        if entry.is_file():
            yield listed(entry.path, prefix + entry.name, entry)
        elif entry.is_symlink() and not os.path.exists(entry.path):
            yield Listed(entry.path, prefix + entry.name, None)


def listed(path: str, relative: str, entry: os.DirEntry[str] | None = None) -> Listed:
    """The file at `path` with what a look at it tells."""
    try:
        status = entry.stat() if entry is not None else os.stat(path)
    except OSError:
        return Listed(path, relative, None)
    return Listed(path, relative, status.st_size, status.st_mtime)


def is_hidden(name: str) -> bool:
    """Whether people do not mean the file or folder `name` when they name the folder above it."""
    return name.startswith((".", "~$")) or name in _JUNK
