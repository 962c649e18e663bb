"""Files wherever their URI says. What serves a store is imported when one is met: Beam takes seconds."""

from __future__ import annotations

import posixpath
import uuid
from typing import BinaryIO

from schemas.failures import DocumentError, OutputError
from transforms.stores.base import FileInfo, Storage, Store
from transforms.stores.local import LocalStorage, LocalStore
from transforms.stores.outputs import STAGING
from transforms.stores.uris import is_local, scheme


class AnyStore:
    """A `Store` over all of them."""

    def match(self, pattern: str) -> list[FileInfo]:
        """See `Store.match`."""
        return _store(pattern).match(pattern)

    def stat(self, uri: str) -> FileInfo:
        """See `Store.stat`."""
        return _store(uri).stat(uri)

    def open(self, uri: str) -> BinaryIO:
        """See `Store.open`."""
        return _store(uri).open(uri)

    def get(self, uri: str) -> tuple[FileInfo, BinaryIO]:
        """See `Store.get`."""
        return _store(uri).get(uri)


def _store(uri: str) -> Store:
    if is_local(uri):
        return LocalStore()
    if scheme(uri) == "s3":
        from transforms.stores.s3 import S3Store

        return S3Store()
    from transforms.stores.gcs import BeamStore

    return BeamStore()


def storage_of(root: str) -> Storage:
    """The storage of an output: without Beam, which takes seconds to import, when it is on this machine."""
    if is_local(root):
        return LocalStorage()
    from transforms.stores.objects import BeamStorage

    return BeamStorage()


def age(root: str, path: str) -> float:
    """Seconds since a file of the output was written, by the clock that gave it its time: ours may differ."""
    storage, now = storage_of(root), posixpath.join(root, STAGING, f".now-{uuid.uuid4().hex}")
    with storage.create(now) as file:
        file.write(b"")
    try:
        written, asked = (AnyStore().stat(name).mtime for name in (path, now))
    except DocumentError as error:
        raise OutputError(f"cannot tell how old {path} is: {error}") from error
    finally:
        storage.delete(now)
    return (asked or 0.0) - (written or 0.0)
