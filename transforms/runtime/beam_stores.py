"""Files through Beam's file systems: `gs://`, `s3://` and local."""

from __future__ import annotations

import errno
import importlib.util
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from apache_beam.io.aws.clients.s3 import boto3_client
from apache_beam.io.aws.clients.s3.messages import S3ClientError
from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions, S3Options
from apache_beam.options.value_provider import RuntimeValueProvider
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError, TransportError
from google.resumable_media import InvalidResponse

from schemas.failures import ConfigurationError, DocumentError, Forbidden, NotFound, SourceUnavailable, Unsupported
from transforms.runtime.once import made_once
from transforms.runtime.stores import FileInfo, LocalStore
from transforms.runtime.uris import is_local, redact, scheme

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_STORE_ERRORS = (OSError, S3ClientError, GoogleAPIError, GoogleAuthError, InvalidResponse)
_HINTS = {
    "gs": "run `gcloud auth application-default login`, or give the worker's service account read access",
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or give the worker's role read access",
}
_READ_BUFFER = 1 << 20


class BeamStore:
    """A `Store` over `gs://`, `s3://` and local files."""

    def match(self, pattern: str) -> list[FileInfo]:
        """See `Store.match`. Placeholders of folders (names that end in '/') are left out."""
        if is_local(pattern):
            return LocalStore().match(pattern)
        require_file_system(pattern)
        with store_errors(pattern):
            found = FileSystems.match([pattern])[0].metadata_list
        return sorted((_info(meta) for meta in found if not meta.path.endswith("/")), key=lambda info: info.uri)

    def stat(self, uri: str) -> FileInfo:
        """See `Store.stat`."""
        if is_local(uri):
            return LocalStore().stat(uri)
        require_file_system(uri)
        with store_errors(uri):
            return _info(FileSystems.get_filesystem(uri).metadata(uri))

    def open(self, uri: str) -> BinaryIO:
        """See `Store.open`. Compressed files are not unpacked."""
        if is_local(uri):
            return LocalStore().open(uri)
        require_file_system(uri)
        with store_errors(uri):
            stream = FileSystems.open(uri, compression_type=CompressionTypes.UNCOMPRESSED)
        return cast(BinaryIO, io.BufferedReader(_Translating(stream, uri), _READ_BUFFER))


class _Translating(io.RawIOBase):
    """A store's stream whose errors, which come as late as the first read, are failures of the document."""

    def __init__(self, stream: BinaryIO, uri: str) -> None:
        self._stream, self._uri = stream, uri

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        with store_errors(self._uri):
            data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)

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
    shown = redact(uri)
    codes = [code for error in errors if (code := _http_status(error))]
    if any(code in (404, 410) for code in codes) or any(_means_missing(error) for error in errors):
        return NotFound(f"no such object: {shown}")
    if any(code in (401, 403) for code in codes) or any(isinstance(error, PermissionError) for error in errors):
        return Forbidden(f"no permission to read {shown}", hint=_HINTS.get(scheme(uri), ""))
    if any(_lacks_credentials(error) for error in errors):
        return Forbidden(f"no usable credentials for {shown}", hint=_HINTS.get(scheme(uri), ""))
    reason = f"HTTP status {codes[0]}" if codes else type(errors[-1]).__name__
    return SourceUnavailable(f"cannot read {shown} just now: {reason}")


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
    if isinstance(error, GoogleAuthError):
        # A transport error is a network fault, although it is one of google.auth's.
        return not isinstance(error, TransportError)
    if importlib.util.find_spec("botocore") is None:
        return False
    from botocore import exceptions as botocore  # type: ignore[import-untyped]

    missing = (botocore.NoCredentialsError, botocore.PartialCredentialsError, botocore.CredentialRetrievalError)
    return isinstance(error, missing)


def require_file_system(uri: str) -> None:
    """Make Beam's file system for `uri` ready; raises ConfigurationError or Unsupported when there is none."""
    kind = scheme(uri)
    if kind == "s3" and importlib.util.find_spec("boto3") is None:
        raise ConfigurationError(f"reading {redact(uri)} needs boto3: pip install 'docbeam[s3]'")
    if kind not in ("gs", "s3"):
        raise Unsupported(
            f"{redact(uri)}: no store for '{kind}://'", hint="use a local path, gs://, s3:// or http(s)://"
        )
    if kind == "s3":
        boto3_client.Client = _KeptClient
    # Pipelines and workers set these options; the S3 client fails without any where no pipeline was made yet.
    if FileSystems._pipeline_options is None and RuntimeValueProvider.runtime_options is None:
        FileSystems.set_options(PipelineOptions([]))


_BeamClient = boto3_client.Client
_S3_FLAGS = (
    *("s3_access_key_id", "s3_secret_access_key", "s3_session_token", "s3_endpoint_url", "s3_region_name"),
    *("s3_api_version", "s3_verify", "s3_disable_ssl"),
)


class _KeptClient(boto3_client.Client):  # type: ignore[misc]
    """Beam's client for one operation, on connections that all operations of a process share.

    Beam's own reads boto3's description of S3, a tenth of a second of CPU or more, and connects, for each of them.
    """

    def __init__(self, options: PipelineOptions | dict[str, Any]) -> None:
        view = options.view_as(S3Options) if isinstance(options, PipelineOptions) else SimpleNamespace(**options)
        environment = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
        flags = tuple((name, getattr(view, name, None)) for name in _S3_FLAGS)
        self.client = _connections(os.getpid(), environment, flags)
        # What is being downloaded belongs to this operation.
        self._download_request = self._download_stream = None
        self._download_pos = 0


@made_once
def _connections(process: int, environment: tuple[tuple[str, str], ...], options: tuple[tuple[str, Any], ...]) -> Any:
    """boto3's client, which threads may share; a forked process and other credentials need one of their own."""
    return _BeamClient(dict(options)).client


def _info(meta: FileMetadata) -> FileInfo:
    return FileInfo(uri=meta.path, size=meta.size_in_bytes, mtime=meta.last_updated_in_seconds or None)
