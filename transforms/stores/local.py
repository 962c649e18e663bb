"""Files of this machine, as sources and as files of an output."""

from __future__ import annotations

import errno
import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, BinaryIO, cast

from schemas.failures import Forbidden, NotFound, SourceUnavailable
from transforms.stores.base import FileInfo, output_errors
from transforms.stores.staging import remove
from transforms.stores.uris import local_path, local_uri, redact


class LocalStore:
    """Files of this machine."""

    def match(self, pattern: str) -> list[FileInfo]:
        """See `Store.match`."""
        paths = glob.iglob(local_path(pattern), recursive=True, include_hidden=True)
        return sorted((self.stat(path) for path in paths if os.path.isfile(path)), key=lambda info: info.uri)

    def stat(self, uri: str) -> FileInfo:
        """See `Store.stat`."""
        with local_errors(uri):
            found = os.stat(local_path(uri))
        return FileInfo(uri=local_uri(local_path(uri)), size=found.st_size, mtime=found.st_mtime)

    def open(self, uri: str) -> BinaryIO:
        """See `Store.open`."""
        with local_errors(uri):
            return cast(BinaryIO, open(local_path(uri), "rb"))

    def get(self, uri: str) -> tuple[FileInfo, BinaryIO]:
        """See `Store.get`."""
        return self.stat(uri), self.open(uri)


@contextmanager
def local_errors(uri: str) -> Iterator[None]:
    """Turn the operating system's refusals to read `uri` into failures of the document."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"no such file: {redact(uri)}") from error
    except PermissionError as error:
        raise Forbidden(f"no permission to read {redact(uri)}") from error
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise NotFound(f"no such file: {redact(uri)} ({error.strerror})") from error
        raise SourceUnavailable(f"cannot read {redact(uri)}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the name
        raise NotFound(f"no such file: {uri!r}") from error


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
