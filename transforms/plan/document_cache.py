"""A bounded folder of extracted documents, shared by the threads and processes of a machine."""

from __future__ import annotations

import os
import re
import threading
import zlib
from contextlib import suppress
from tempfile import mkstemp

from schemas.failures import ConfigurationError
from transforms.runtime.cache_tag import tag_cache
from transforms.runtime.once import made_once

#: Eviction makes this much room at once, so that it does not run at every document.
_FILL_AFTER_EVICTION = 0.8
#: Keys are ids (see `schemas.ids.stable_id`), and so are the names of files.
_KEY = re.compile(r"[0-9a-f]{32}")


class DocumentCache:
    """Packed documents by key. What was used least recently goes first when `max_bytes` are exceeded."""

    def __init__(self, root: str, max_bytes: int) -> None:
        self._root, self._max_bytes, self._mutex = root, max_bytes, threading.Lock()
        try:
            os.makedirs(root, mode=0o700, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"the cache of extracted documents cannot be used: {error}") from error
        self._bytes = sum(size for _, size, _ in self._files())

    def get(self, key: str) -> bytes | None:
        """The packed document, None when it is not here or damaged."""
        path = self._path(key)
        try:
            with open(path, "rb") as stream:
                data = zlib.decompress(stream.read())
            os.utime(path)
        except (FileNotFoundError, zlib.error):
            return None
        return data

    def put(self, key: str, data: bytes) -> None:
        """Keep a packed document; a document that somebody else just kept stays as it is."""
        path = self._path(key)
        if os.path.exists(path):
            return
        packed = zlib.compress(data, 1)
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            tag_cache(os.path.dirname(path))
            descriptor, waiting = mkstemp(dir=self._root, suffix=".new")
            with open(descriptor, "wb") as stream:
                stream.write(packed)
            os.rename(waiting, path)
        except OSError as error:
            raise ConfigurationError(f"the cache of extracted documents cannot be used: {error}") from error
        self._grow(len(packed))

    def _path(self, key: str) -> str:
        return os.path.join(self._root, key[:2], key)

    def _grow(self, size: int) -> None:
        with self._mutex:
            self._bytes += size
            if self._bytes > self._max_bytes:
                self._bytes = self._evict()

    def _evict(self) -> int:
        files = sorted(self._files())
        remaining = sum(size for _, size, _ in files)
        for _, size, path in files:
            if remaining <= self._max_bytes * _FILL_AFTER_EVICTION:
                break
            with suppress(FileNotFoundError):
                os.unlink(path)
            remaining -= size
        return remaining

    def _files(self) -> list[tuple[float, int, str]]:
        """Time of last use, size and path of each document."""
        found = []
        for folder, _, names in os.walk(self._root):
            for name in names:
                # The folder may be somebody's who has other files there.
                if not _KEY.fullmatch(name) or os.path.basename(folder) != name[:2]:
                    continue
                with suppress(FileNotFoundError):
                    status = os.stat(os.path.join(folder, name))
                    found.append((status.st_mtime, status.st_size, os.path.join(folder, name)))
        return found


@made_once
def shared_cache(root: str, max_bytes: int) -> DocumentCache:
    """This process's cache in a folder."""
    return DocumentCache(os.path.expanduser(root), max_bytes)
