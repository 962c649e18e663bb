"""Where files are: the one interface to local folders and object stores."""

from __future__ import annotations

import errno
import functools
import glob
import importlib.util
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

import msgspec

from schemas.failures import ConfigurationError, DocumentError, Forbidden, NotFound, SourceUnavailable
from transforms.runtime.locks import takes_links
from transforms.runtime.outputs import STAGING
from transforms.runtime.uris import is_http, is_local, local_path, local_uri, redact, scheme

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


class AnyStore:
    """Files wherever their URI says. What reads a store is imported when the store is met: Beam takes seconds."""

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


def require_store(uri: str, *, web: bool = False) -> None:
    """Raise ConfigurationError for a scheme that nothing here serves, or whose library is not installed."""
    kind = scheme(uri)
    if kind not in ("", "file", "gs", "s3") and not (web and is_http(uri)):
        raise ConfigurationError(
            f"{redact(uri)}: cannot read '{kind}://'; use a local path, gs://, s3:// or http(s)://"
        )
    if kind == "s3" and importlib.util.find_spec("boto3") is None:
        raise ConfigurationError(f"{redact(uri)}: s3:// needs boto3: pip install boto3")


def _store(uri: str) -> Store:
    if is_local(uri):
        return LocalStore()
    if scheme(uri) == "s3":
        from transforms.runtime.s3_store import S3Store

        return S3Store()
    from transforms.runtime.beam_stores import BeamStore

    return BeamStore()


def refusal(uri: str, status: int) -> DocumentError:
    """What the HTTP status of a store's answer means."""
    shown = redact(uri)
    if status in (404, 410):
        return NotFound(f"no such object: {shown}")
    if status in (401, 403):
        return Forbidden(f"no permission to read {shown}", hint=HINTS.get(scheme(uri), ""))
    return SourceUnavailable(f"cannot read {shown} just now: HTTP status {status}")


def delta_options(root: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What deltalake needs to know about the store of `root` beyond what it finds itself.

    Credentials come from where Google's and Amazon's own clients look for them. Emulators and servers without TLS are
    what deltalake does not pick up.
    """
    emulator = environment.get("STORAGE_EMULATOR_HOST", "")
    if scheme(root) == "gs" and emulator:
        plain = emulator if "://" in emulator else f"http://{emulator}"
        return {"google_base_url": plain, "google_skip_signature": "true", "allow_http": "true"}
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL", "")
    if scheme(root) == "s3" and endpoint:
        return {"aws_endpoint_url": endpoint} | ({"allow_http": "true"} if endpoint.startswith("http:") else {})
    writer = os.path.join(root, STAGING, "writer")
    if is_local(root) and os.path.exists(writer) and not _takes_links(writer):
        # deltalake commits by a hard link. Where there are none it may rename: whoever writes is alone.
        return {"allow_unsafe_rename": "true"}
    return {}


_takes_links = functools.lru_cache(maxsize=16)(takes_links)
