"""Files of an output, on this machine and, through Beam, in object stores."""

from __future__ import annotations

import os
import posixpath
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Protocol

from schemas.failures import DocumentError, OutputError
from transforms.runtime.outputs import STAGING
from transforms.runtime.stores import AnyStore
from transforms.runtime.uris import is_local
from transforms.write.staging import remove


class Storage(Protocol):
    """Files of the output, on any file system. Every method raises OutputError."""

    def create(self, path: str) -> IO[bytes]:
        """A new binary file; its folders are made."""
        ...

    def open(self, path: str) -> IO[bytes]:
        """An existing file for reading, seekable."""
        ...

    def move(self, source: str, target: str) -> None:
        """Rename; the target's folder is made. A target that exists already from an earlier try is kept."""
        ...

    def move_all(self, places: Mapping[str, str]) -> None:
        """Rename many files at once, each to its target; the targets' folders are there."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file, or the staging folder of a run; nothing happens when it is gone."""
        ...

    def delete_all(self, paths: Sequence[str]) -> None:
        """Remove many files."""
        ...

    def list(self, prefix: str) -> list[str]:
        """Paths of the files directly below a folder, sorted."""
        ...


class LocalStorage:
    """`Storage` on this machine."""

    def create(self, path: str) -> IO[bytes]:
        """See `Storage.create`."""
        with output_errors(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            return open(path, "wb")

    def open(self, path: str) -> IO[bytes]:
        """See `Storage.open`."""
        with output_errors(path):
            return open(path, "rb")

    def move(self, source: str, target: str) -> None:
        """See `Storage.move`."""
        with output_errors(target):
            if os.path.exists(source) or not os.path.exists(target):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.rename(source, target)

    def move_all(self, places: Mapping[str, str]) -> None:
        """See `Storage.move_all`."""
        for source, target in places.items():
            with output_errors(target):
                os.rename(source, target)

    def delete(self, path: str) -> None:
        """See `Storage.delete`."""
        with output_errors(path), suppress(FileNotFoundError):
            if os.path.isdir(path):
                remove(path)
            else:
                os.unlink(path)

    def delete_all(self, paths: Sequence[str]) -> None:
        """See `Storage.delete_all`."""
        for path in paths:
            with output_errors(path), suppress(FileNotFoundError):
                os.unlink(path)

    def list(self, prefix: str) -> list[str]:
        """See `Storage.list`."""
        with output_errors(prefix):
            names = sorted(os.listdir(prefix)) if os.path.isdir(prefix) else []
        return [path for name in names if os.path.isfile(path := os.path.join(prefix, name))]


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


@contextmanager
def output_errors(path: str) -> Iterator[None]:
    """Turn errors of the file system into OutputError: nothing can be right when the output is broken."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error}; check the path and its permissions") from error


def storage_of(root: str) -> Storage:
    """The storage of an output: without Beam, which takes seconds to import, when it is on this machine."""
    if is_local(root):
        return LocalStorage()
    from transforms.write.beam_storage import BeamStorage

    return BeamStorage()
