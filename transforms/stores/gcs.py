"""Objects of `gs://` for reading, through Beam's file system."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from apache_beam.internal.gcp import auth
from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.options.value_provider import RuntimeValueProvider
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError, TransportError
from google.resumable_media import InvalidResponse

from schemas.failures import DocumentError, Forbidden, NotFound, SourceUnavailable, Unsupported
from transforms.stores.base import HINTS, FileInfo, StoredStream, refusal
from transforms.stores.gs_access import is_anonymous
from transforms.stores.uris import redact, scheme

_STORE_ERRORS = (OSError, GoogleAPIError, GoogleAuthError, InvalidResponse)


class BeamStore:
    """A `Store` over `gs://`."""

    def match(self, pattern: str) -> list[FileInfo]:
        """See `Store.match`. Placeholders of folders (names that end in '/') are left out."""
        require_file_system(pattern)
        with store_errors(pattern):
            found = FileSystems.match([pattern])[0].metadata_list
        return sorted((_info(meta) for meta in found if not meta.path.endswith("/")), key=lambda info: info.uri)

    def stat(self, uri: str) -> FileInfo:
        """See `Store.stat`."""
        require_file_system(uri)
        with store_errors(uri):
            return _info(FileSystems.get_filesystem(uri).metadata(uri))

    def open(self, uri: str) -> BinaryIO:
        """See `Store.open`. Compressed files are not unpacked."""
        require_file_system(uri)
        with store_errors(uri):
            stream = FileSystems.open(uri, compression_type=CompressionTypes.UNCOMPRESSED)
        return _Translating(stream, uri).buffered()

    def get(self, uri: str) -> tuple[FileInfo, BinaryIO]:
        """See `Store.get`: two questions."""
        return self.stat(uri), self.open(uri)


class _Translating(StoredStream):
    """A store's stream whose errors, which come as late as the first read, are failures of the document."""

    def __init__(self, stream: BinaryIO, uri: str) -> None:
        self._stream, self._uri = stream, uri

    def take(self, size: int) -> bytes:
        with store_errors(self._uri):
            return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with store_errors(self._uri):
            self._stream.seek(offset, whence)
            return int(self._stream.tell())

    def tell(self) -> int:
        return int(self._stream.tell())

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


@contextmanager
def store_errors(uri: str) -> Iterator[None]:
    """Turn errors of Beam's file systems and of the cloud clients below them into failures of the document."""
    try:
        yield
    except _STORE_ERRORS as error:
        raise _failure(uri, list(_chain(error))) from error
    except NotImplementedError as error:
        raise Unsupported(f"{redact(uri)}: {error}", hint="upload the object without a Content-Encoding") from error
    except ValueError as error:
        raise NotFound(f"not a valid URI: {redact(uri)}") from error


def _failure(uri: str, errors: list[BaseException]) -> DocumentError:
    codes = [code for error in errors if (code := _http_status(error))]
    if any(map(_means_missing, errors)) or any(code in (404, 410) for code in codes):
        return refusal(uri, 404)
    if any(isinstance(error, PermissionError) for error in errors):
        return refusal(uri, 403)
    if any(map(_lacks_credentials, errors)):
        return Forbidden(f"no usable credentials for {redact(uri)}", hint=HINTS["gs"])
    if codes:
        return refusal(uri, next((code for code in codes if code in (401, 403)), codes[0]))
    return SourceUnavailable(f"cannot read {redact(uri)} just now: {type(errors[-1]).__name__}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything it stands for: Beam wraps the cloud clients' errors, some of them several times."""
    pending, seen = [error], set[int]()
    while pending:
        current = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        details = current.exception_details if isinstance(current, BeamIOError) else None
        linked = [current.__cause__, current.__context__, *(details or {}).values()]
        pending += [item for item in linked if isinstance(item, BaseException)]


def _http_status(error: BaseException) -> int:
    code = getattr(error, "code", None)
    if isinstance(code, int):
        return int(code)
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else 0


def _means_missing(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ENOTDIR)


def _lacks_credentials(error: BaseException) -> bool:
    # A transport error is a network fault, although it is one of google.auth's.
    return isinstance(error, GoogleAuthError) and not isinstance(error, TransportError)


def require_file_system(uri: str) -> None:
    """Make Beam's file system for `uri` ready; raises Unsupported when there is none, Forbidden without credentials."""
    kind = scheme(uri)
    if kind not in ("gs", "s3"):
        raise Unsupported(
            f"{redact(uri)}: no store for '{kind}://'", hint="use a local path, gs://, s3:// or http(s)://"
        )
    # Pipelines and workers set these options; clients fail without any where no pipeline was made yet.
    if FileSystems._pipeline_options is None and RuntimeValueProvider.runtime_options is None:
        FileSystems.set_options(PipelineOptions([]))
    if kind == "gs" and is_anonymous(uri):
        # It would look for credentials again and again.
        with auth._Credentials._credentials_lock:
            auth._Credentials._credentials_init = True


def _info(meta: FileMetadata) -> FileInfo:
    return FileInfo(uri=meta.path, size=meta.size_in_bytes, mtime=meta.last_updated_in_seconds or None)
