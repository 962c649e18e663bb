"""Objects of `s3://` for reading, through boto3: Beam's file system needs all of Beam, which takes long to import."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, BinaryIO

from schemas.failures import DocumentError, Forbidden, NotFound, SourceUnavailable
from transforms.runtime.once import made_once
from transforms.stores.base import HINTS, FileInfo, StoredStream, refusal, require_store
from transforms.stores.patterns import has_magic, literal_prefix, uri_pattern
from transforms.stores.uris import redact

_CONNECTIONS = 64
#: Of each try to reach the store; boto3 would take a minute each.
_CONNECT_SECONDS = 5


class S3Store:
    """A `Store` over `s3://`."""

    def match(self, pattern: str) -> list[FileInfo]:
        """See `Store.match`. Placeholders of folders (names that end in '/') are left out."""
        if not has_magic(pattern):
            try:
                return [self.stat(pattern)]
            except NotFound:
                return []
        bucket, prefix = _place(literal_prefix(pattern))
        wanted = uri_pattern(pattern)
        with s3_errors(pattern):
            pages = s3_client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            found = [_info(f"s3://{bucket}/{item['Key']}", item) for page in pages for item in page.get("Contents", ())]
        listed = (info for info in found if not info.uri.endswith("/") and wanted.fullmatch(info.uri))
        return sorted(listed, key=lambda info: info.uri)

    def stat(self, uri: str) -> FileInfo:
        """See `Store.stat`."""
        bucket, key = _place(uri)
        with s3_errors(uri):
            head = s3_client().head_object(Bucket=bucket, Key=key)
        return _info(uri, {"Size": head["ContentLength"], **head})

    def open(self, uri: str) -> BinaryIO:
        """See `Store.open`."""
        return self.get(uri)[1]

    def get(self, uri: str) -> tuple[FileInfo, BinaryIO]:
        """See `Store.get`."""
        bucket, key = _place(uri)
        with s3_errors(uri):
            answer = s3_client().get_object(Bucket=bucket, Key=key)
        again = {"Bucket": bucket, "Key": key, "IfMatch": answer["ETag"]}
        info = _info(uri, {"Size": answer["ContentLength"], **answer})
        return info, _Object(uri, answer, again).buffered()


class _Object(StoredStream):
    """One version of an object. Whoever reads on has one request, whoever seeks one for each place."""

    def __init__(self, uri: str, answer: dict[str, Any], again: dict[str, str]) -> None:
        self._uri, self._again = uri, again
        self._size, self._body = answer["ContentLength"], answer["Body"]
        self._position = 0

    def take(self, size: int) -> bytes:
        if self._position >= self._size:
            return b""
        with s3_errors(self._uri):
            if self._body is None:
                wanted = f"bytes={self._position}-"
                self._body = s3_client().get_object(**self._again, Range=wanted)["Body"]
            data: bytes = self._body.read(size)
        if not data:
            raise SourceUnavailable(f"{redact(self._uri)} ended after {self._position} of {self._size} bytes")
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset != self._position:
            self._hang_up()
            self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _hang_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def s3_client() -> Any:
    """boto3's client, which threads may share; raises ConfigurationError where boto3 is not installed."""
    # A forked process and other credentials need one of their own.
    return _client(os.getpid(), tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))))


@made_once
def _client(process: int, environment: tuple[tuple[str, str], ...]) -> Any:
    require_store("s3://")
    import boto3
    from botocore.config import Config  # type: ignore[import-untyped]

    # Not boto3's default session: threads would share what it has of credentials from before the environment changed.
    return boto3.session.Session().client(
        "s3", config=Config(max_pool_connections=_CONNECTIONS, connect_timeout=_CONNECT_SECONDS)
    )


@contextmanager
def s3_errors(uri: str) -> Iterator[None]:
    """Turn what boto3 raises into failures of the document."""
    from botocore import exceptions as botocore  # type: ignore[import-untyped]

    try:
        yield
    except botocore.ClientError as error:
        raise refusal(uri, int(error.response["ResponseMetadata"]["HTTPStatusCode"])) from error
    except (botocore.NoCredentialsError, botocore.PartialCredentialsError, botocore.CredentialRetrievalError) as error:
        raise Forbidden(f"no usable credentials for {redact(uri)}", hint=HINTS["s3"]) from error
    except botocore.ParamValidationError as error:
        raise NotFound(f"not a valid URI: {redact(uri)}") from error
    except (botocore.BotoCoreError, OSError) as error:
        raise _unreachable(uri, error) from error


def _unreachable(uri: str, error: BaseException) -> DocumentError:
    return SourceUnavailable(f"cannot read {redact(uri)} just now: {type(error).__name__}")


def _place(uri: str) -> tuple[str, str]:
    """Bucket and key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _info(uri: str, item: dict[str, Any]) -> FileInfo:
    changed: datetime = item["LastModified"]
    # Without the ETag: listings of other readers have none, and a stamp says the same whoever listed.
    return FileInfo(uri=uri, size=item["Size"], mtime=changed.timestamp())
