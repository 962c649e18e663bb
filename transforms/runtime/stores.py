"""Where files are: the one interface to local folders and object stores."""

from __future__ import annotations

import errno
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol, cast

import msgspec

from schemas.failures import Forbidden, NotFound, SourceUnavailable
from transforms.runtime.uris import local_path, local_uri, redact


class FileInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A stored file. `mtime` is in seconds since the epoch, None when unknown; `etag` is '' when unknown."""

    uri: str
    size: int
    mtime: float | None = None
    etag: str = ""


class Store(Protocol):
    """Finds and opens files. Every method raises NotFound, Forbidden or SourceUnavailable."""

    def match(self, pattern: str) -> list[FileInfo]:
        """Files whose URI matches the glob `pattern` ('/**': all below), sorted by URI; none is not an error."""

    def stat(self, uri: str) -> FileInfo:
        """Size and time of the file `uri`, whose name is taken literally."""

    def open(self, uri: str) -> BinaryIO:
        """The file's bytes as stored, seekable."""


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
