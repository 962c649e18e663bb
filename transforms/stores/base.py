"""What stores and the storages of outputs can do, and how they fail. What serves which URI: `stores/any.py`.

Two protocols for the same places: a source that cannot be read fails one document, an output that cannot ends the run.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol, cast

import msgspec

from schemas.failures import ConfigurationError, DocumentError, Forbidden, NotFound, OutputError, SourceUnavailable
from transforms.stores.uris import is_http, redact, scheme

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_READ_BUFFER = 1 << 20
HINTS = {
    "gs": "run `gcloud auth application-default login`, or give the worker's service account read access",
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or give the worker's role read access",
}


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

    def get(self, uri: str) -> tuple[FileInfo, BinaryIO]:
        """Both, of one version and with one question where the store can do that."""


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


class StoredStream(io.RawIOBase):
    """What a store sends, for readers that may seek. Stores say how bytes are taken, and seek, tell and close."""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer with what can be taken at once."""
        view = memoryview(buffer)
        data = self.take(len(view))
        view[: len(data)] = data
        return len(data)

    def take(self, size: int) -> bytes:
        """The next bytes, at most so many; none at the end. Raises DocumentError."""
        raise NotImplementedError

    def buffered(self) -> BinaryIO:
        """As `Store.open` returns it."""
        return cast(BinaryIO, io.BufferedReader(self, _READ_BUFFER))


def require_store(uri: str, *, web: bool = False) -> None:
    """Raise ConfigurationError for a scheme that nothing here serves, or whose library is not installed."""
    kind = scheme(uri)
    if kind not in ("", "file", "gs", "s3") and not (web and is_http(uri)):
        raise ConfigurationError(
            f"{redact(uri)}: cannot read '{kind}://'; use a local path, gs://, s3:// or http(s)://"
        )
    if kind == "s3" and importlib.util.find_spec("boto3") is None:
        raise ConfigurationError(f"{redact(uri)}: s3:// needs boto3: pip install boto3")


def refusal(uri: str, status: int) -> DocumentError:
    """What the HTTP status of a store's answer means."""
    shown = redact(uri)
    if status in (404, 410):
        return NotFound(f"no such object: {shown}")
    if status in (401, 403):
        return Forbidden(f"no permission to read {shown}", hint=HINTS.get(scheme(uri), ""))
    return SourceUnavailable(f"cannot read {shown} just now: HTTP status {status}")


@contextmanager
def output_errors(path: str) -> Iterator[None]:
    """Turn errors of the file system into OutputError: nothing can be right when the output is broken."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error}; check the path and its permissions") from error
