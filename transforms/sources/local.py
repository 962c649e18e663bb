"""Lists local files. What cannot be looked at costs itself, and nothing beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import msgspec

from transforms.sources.skipped import is_hidden, is_system, leads_to_output, own_entries
from transforms.stores.patterns import has_magic, matches


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """A listed file: where it is, its path below the listed root, its size (None when the listing cannot tell)."""

    path: str
    relative: str
    size: int | None
    #: Seconds since the epoch; None when the listing cannot tell.
    mtime: float | None = None


class Entry(msgspec.Struct, frozen=True):
    """What a folder holds under a name."""

    name: str
    path: str
    #: 'folder', 'file', 'broken' (a link to nowhere or to itself, or what cannot be looked at), 'other'.
    kind: str
    is_link: bool
    found: os.DirEntry[str]


def walk(root: str) -> Iterator[Listed]:
    """Regular files below `root`, sorted by name within each folder, real folders before linked ones.

    Hidden files and folders, those of disks and systems, outputs and caches are skipped. Links to folders are followed,
    every folder is read once. What cannot be read is listed too, without size: fetching it tells why.
    """
    pending = [(root, "")]
    seen = set[tuple[int, int]]()
    while pending:
        folder, prefix = pending.pop()
        entries, is_whole = _new_entries(folder, seen)
        entries = [entry for entry in entries if not is_hidden(entry.name)]
        if not is_whole:
            yield Listed(folder, prefix.rstrip("/") or os.path.basename(folder), None)
        folders = [entry for entry in entries if entry.kind == "folder"]
        # The last one pushed is read first.
        folders.sort(key=lambda entry: (entry.is_link, entry.name), reverse=True)
        pending += [(entry.path, f"{prefix}{entry.name}/") for entry in folders]
        yield from (_listed(entry, prefix) for entry in entries if entry.kind in ("file", "broken"))


def _new_entries(folder: str, seen: set[tuple[int, int]]) -> tuple[list[Entry], bool]:
    """See `entries_of`; nothing for a folder that was `seen` already."""
    try:
        status = os.stat(folder)
    except OSError:
        return [], False
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return [], True
    seen.add(identity)
    return entries_of(folder)


def entries_of(folder: str) -> tuple[list[Entry], bool]:
    """What a folder holds, by name, without what is ours; and whether that is all of it."""
    found, is_whole = [], True
    try:
        with os.scandir(folder) as scan:
            # Name by name: an error in the middle leaves those before.
            for entry in scan:
                found.append(entry)
    except OSError:
        is_whole = False
    own = own_entries(folder, (entry.name for entry in found))
    kept = (_entry(entry) for entry in sorted(found, key=lambda entry: entry.name) if entry.name not in own)
    return [entry for entry in kept if not (entry.is_link and leads_to_output(entry.path))], is_whole


def _entry(found: os.DirEntry[str]) -> Entry:
    is_link = found.is_symlink()
    try:
        kind = "folder" if found.is_dir() else "file" if found.is_file() else "other"
        if kind == "other" and is_link and not os.path.exists(found.path):
            kind = "broken"
    except OSError:
        kind = "broken"
    return Entry(found.name, found.path, kind, is_link, found)


def _listed(entry: Entry, prefix: str) -> Listed:
    relative = prefix + entry.name
    return Listed(entry.path, relative, None) if entry.kind == "broken" else listed(entry.path, relative, entry.found)


def listed(path: str, relative: str, entry: os.DirEntry[str] | None = None) -> Listed:
    """The file at `path` with what a look at it tells."""
    try:
        status = entry.stat() if entry is not None else os.stat(path)
    except OSError:
        return Listed(path, relative, None)
    return Listed(path, relative, status.st_size, status.st_mtime)


def is_unread_folder(item: Listed) -> bool:
    """Whether it stands for all that a folder holds."""
    return item.size is None and os.path.isdir(item.path)


def match_below(root: str, pattern: Sequence[str]) -> Iterator[Listed]:
    """Files whose path below `root` matches the components of a pattern, by name; what cannot be read without size."""
    if "**" in pattern:
        # Not glob.glob: that one runs in circles where links to folders do, and passes over what it cannot read.
        return (item for item in walk(root) if is_unread_folder(item) or matches(item.relative.split("/"), pattern))
    return _descend(root, "", pattern)


def _descend(folder: str, prefix: str, pattern: Sequence[str]) -> Iterator[Listed]:
    entries, is_whole = entries_of(folder)
    if not is_whole and os.path.lexists(folder):
        yield Listed(folder, prefix.rstrip("/") or os.path.basename(folder), None)
    for entry in entries:
        if not _meant(entry.name, pattern[0]):
            continue
        if len(pattern) == 1:
            yield from [_listed(entry, prefix)] * (entry.kind in ("file", "broken"))
        elif entry.kind == "folder":
            yield from _descend(entry.path, f"{prefix}{entry.name}/", pattern[1:])


def _meant(name: str, pattern: str) -> bool:
    """Whether a component of a pattern means a name: hidden ones only where it says so."""
    if not has_magic(pattern):
        return name == pattern
    hidden = is_system(name) or (is_hidden(name) and not pattern.startswith((".", "~$")))
    return fnmatchcase(name, pattern) and not hidden
