"""A bounded folder of downloaded files, shared by the threads and processes of a machine.

    data/<sha256>     the bytes; in use while somebody holds a shared lock on it, so eviction leaves it alone
    entries/<key>     which bytes a source had, and what its server said of them
    locks/<key>       held by the one who downloads a source, while others wait for its result
    incoming/         downloads that are not complete

Locks are advisory locks of open files (flock): they end with their process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import mkstemp
from typing import BinaryIO

import msgspec

from transforms.runtime.cache_tag import tag_cache

#: Eviction makes this much room at once, so that it does not run at every download.
_FILL_AFTER_EVICTION = 0.8
_INCOMING = "docbeam-"
#: Hashes of bytes, ids of sources, downloads: the folder may be somebody's who has a `data` of his own.
_OURS = re.compile(rf"[0-9a-f]{{64}}|[0-9a-f]{{32}}|{_INCOMING}\w{{8}}")


class CacheEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a source's bytes. Validators are the server's, as it wrote them."""

    sha256: str
    size: int
    etag: str = ""
    last_modified: str = ""
    declared_type: str = ""
    #: File name the server suggests, '' when it does not.
    name: str = ""
    #: Seconds since the epoch when the source was last asked.
    validated: float = 0.0


#: Made before there are threads: see `transforms.runtime.pack`.
_ENTRY = msgspec.json.Decoder(CacheEntry)


class Lease:
    """A cached file that stays where it is until `close`."""

    def __init__(self, path: str, entry: CacheEntry, descriptor: int) -> None:
        self.path, self.entry, self._descriptor = path, entry, descriptor

    def close(self) -> None:
        """Let eviction have the file."""
        os.close(self._descriptor)


class Incoming:
    """A file that is being written, made by the first who wants it. Its lock keeps others from taking it for lost."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._file: BinaryIO | None = None
        self.path = ""

    def open(self) -> BinaryIO:
        """The new, empty file."""
        while self._file is None:
            descriptor, self.path = mkstemp(dir=self._folder, prefix=_INCOMING)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            # Before it had its lock, eviction may have taken it for what a dead process left.
            if os.fstat(descriptor).st_nlink:
                self._file = os.fdopen(descriptor, "r+b")
            else:
                os.close(descriptor)
        return self._file

    def move(self, target: str) -> None:
        """Rename it, complete."""
        if self._file is not None:
            self._file.flush()
            os.rename(self.path, target)

    def close(self) -> None:
        """Remove it, unless it was moved."""
        if self._file is not None:
            _unlink(self.path)
            self._file.close()


class FileCache:
    """See the module. `max_bytes` bounds the complete files, except that files in use are never removed."""

    def __init__(self, root: str, max_bytes: int) -> None:
        self._data, self._entries, self._locks, self._incoming = (
            os.path.join(root, name) for name in ("data", "entries", "locks", "incoming")
        )
        for folder in (self._data, self._entries, self._locks, self._incoming):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            tag_cache(folder)
        self._max_bytes = max_bytes
        self._mutex = threading.Lock()
        self._bytes = sum(size for _, size, _ in _files(self._data))

    def find(self, key: str) -> Lease | None:
        """The file that the source `key` had when last asked, None when it is not here."""
        entry = _read_entry(os.path.join(self._entries, key))
        return self._lease(entry) if entry else None

    def _lease(self, entry: CacheEntry) -> Lease | None:
        path = os.path.join(self._data, entry.sha256)
        try:
            descriptor = _open_locked(path, os.O_RDONLY, fcntl.LOCK_SH)
        except FileNotFoundError:
            return None
        if descriptor is None:
            return None
        os.utime(path)
        return Lease(path, entry, descriptor)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Wait for whoever works on `key`, then keep others waiting."""
        path = os.path.join(self._locks, key)
        while (descriptor := _open_locked(path, os.O_CREAT | os.O_RDWR, fcntl.LOCK_EX)) is None:
            continue
        try:
            yield
        finally:
            os.unlink(path)
            os.close(descriptor)

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """A place to download to; its file is removed in the end unless `add` took it."""
        place = Incoming(self._incoming)
        try:
            yield place
        finally:
            place.close()

    def add(self, key: str, entry: CacheEntry, place: Incoming) -> Lease:
        """Move a complete file in as the bytes of the source `key`."""
        with self.lock(entry.sha256):
            lease = self._lease(entry)
            if lease is None:
                target = os.path.join(self._data, entry.sha256)
                descriptor = os.open(place.path, os.O_RDONLY)
                fcntl.flock(descriptor, fcntl.LOCK_SH)
                place.move(target)
                lease = Lease(target, entry, descriptor)
        self.note(key, entry)
        self._grow(entry.size)
        return lease

    def note(self, key: str, entry: CacheEntry) -> None:
        """Record what was learnt of the source `key`."""
        with self.incoming() as place:
            place.open().write(msgspec.json.encode(entry))
            place.move(os.path.join(self._entries, key))

    def _grow(self, size: int) -> None:
        with self._mutex:
            self._bytes += size
            if self._bytes > self._max_bytes:
                self._bytes = self._evict()

    def _evict(self) -> int:
        """Remove the files unused for longest, and what crashed processes left. Returns the bytes that remain."""
        files = sorted(_files(self._data))
        remaining = sum(size for _, size, _ in files)
        for _, size, path in files:
            if remaining <= self._max_bytes * _FILL_AFTER_EVICTION:
                break
            remaining -= size if _remove_unused(path) else 0
        for _, _, path in _files(self._incoming):
            _remove_unused(path)
        self._forget_evicted()
        return remaining

    def _forget_evicted(self) -> None:
        present = {os.path.basename(path) for _, _, path in _files(self._data)}
        for _, _, path in _files(self._entries):
            entry = _read_entry(path)
            if entry is None or entry.sha256 not in present:
                _unlink(path)


def _read_entry(path: str) -> CacheEntry | None:
    try:
        with open(path, "rb") as stream:
            return _ENTRY.decode(stream.read())
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _open_locked(path: str, flags: int, lock: int) -> int | None:
    """Open and lock `path`; None when another process removed or replaced it meanwhile."""
    descriptor = os.open(path, flags, 0o600)
    fcntl.flock(descriptor, lock)
    try:
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except FileNotFoundError:
        pass
    os.close(descriptor)
    return None


def _files(folder: str) -> Iterator[tuple[float, int, str]]:
    """Time of last use, size and path of each file in `folder` that we put there, by its name."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _OURS.fullmatch(entry.name):
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue
            yield status.st_mtime, status.st_size, entry.path


def _remove_unused(path: str) -> bool:
    """Remove `path` unless somebody holds a lock on it; whether it is gone."""
    try:
        # NFS wants it open for writing.
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        _unlink(path)
        return True
    finally:
        os.close(descriptor)


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
