"""Downloads over HTTP."""

from __future__ import annotations

import time
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import msgspec
import urllib3

from schemas.failures import DocumentError, Forbidden, NotFound, SourceUnavailable
from schemas.options import FetchOptions
from transforms.fetch.cache import CacheEntry
from transforms.fetch.encodings import decoded
from transforms.fetch.retry import Transient, retrying
from transforms.fetch.sink import Sink
from transforms.fetch.validators import NotModified, Validators
from transforms.fetch.web import BROWSER_HINT, LOGIN_HINT, answer_of
from transforms.stores.uris import redact

_CHUNK_BYTES = 1 << 16
#: Answers that hold the document: 203 comes through a proxy that changed it. Others of 2xx hold another thing, a part
#: of it, or nothing.
_WHOLE = (HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION)
#: Refusals that pass, and may do so within the run.
_BUSY = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
_LATER_HINT = "run again later; if it stays so, open the URI in a browser"


def download(
    uri: str,
    sink: Sink,
    options: FetchOptions,
    known: CacheEntry | None = None,
    validators: Validators | None = None,
) -> CacheEntry:
    """Bring the bytes of `uri` to `sink`, unless the server says that the `known` ones still hold.

    Raises NotModified when those still hold that only `validators` are left of.
    """
    return retrying(lambda: _attempt(uri, sink, options, known, validators), options.retries, options.timeout)


def _attempt(
    uri: str, sink: Sink, options: FetchOptions, known: CacheEntry | None, validators: Validators | None
) -> CacheEntry:
    sink.restart()
    headers = _conditions(known) or (validators.conditions if validators else {})
    with answer_of(uri, headers, sink.remaining(), options.max_redirects) as response:
        if (headers or known) and response.status == HTTPStatus.NOT_MODIFIED:
            # It has no body: the connection is free.
            response.release_conn()
            if known is None:
                raise NotModified(uri)
            return msgspec.structs.replace(known, validated=time.time())
        _check_status(uri, response)
        if response.headers.get("Content-Length", "").isdecimal() and "Content-Encoding" not in response.headers:
            sink.check_size(int(response.headers["Content-Length"]))
        _receive(uri, response, sink)
        return _entry(response, sink)


def _receive(uri: str, response: urllib3.BaseHTTPResponse, sink: Sink) -> None:
    # As it comes: the sink ends what takes too long.
    pieces = iter(lambda: response.read1(_CHUNK_BYTES, decode_content=False), b"")
    for data in decoded(pieces, response.headers.get("Content-Encoding", "")):
        sink.write(data)
    if not sink.size:
        raise SourceUnavailable(
            f"{redact(uri)}: the server answered {response.status} without a body", hint=_LATER_HINT
        )


def _conditions(known: CacheEntry | None) -> dict[str, str]:
    if known is None:
        return {}
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in headers.items() if value}


def _entry(response: urllib3.BaseHTTPResponse, sink: Sink) -> CacheEntry:
    header = response.headers.get
    disposition = Message()
    disposition["Content-Disposition"] = header("Content-Disposition", "")
    return CacheEntry(
        sha256=sink.finish(),
        size=sink.size,
        etag=header("ETag", ""),
        last_modified=header("Last-Modified", ""),
        declared_type=header("Content-Type", ""),
        name=disposition.get_filename("") or "",
        validated=time.time(),
    )


def _check_status(uri: str, response: urllib3.BaseHTTPResponse) -> None:
    status = response.status
    if status in _WHOLE:
        return
    message = f"{redact(uri)}: the server answered {status} {response.reason or ''}".rstrip()
    if status in _BUSY or status >= 500:
        raise Transient(SourceUnavailable(message), _retry_after(response.headers.get("Retry-After", "")))
    raise _refusal(status, message)


def _refusal(status: int, message: str) -> DocumentError:
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return NotFound(message)
    # Nothing is said of what kind of file it is: unsupported would hide it from the ratio.
    if status < 400 or status == HTTPStatus.LOCKED:
        return SourceUnavailable(f"{message}, which is no document", hint=_LATER_HINT)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Forbidden(message, hint=LOGIN_HINT)
    return Forbidden(message, hint=BROWSER_HINT)


def _retry_after(value: str) -> float | None:
    """Seconds that a Retry-After header asks for, None without a valid one."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
