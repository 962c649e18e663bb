"""Downloads over HTTP."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
import msgspec

from schemas.failures import Corrupt, DocumentError, Forbidden, NotFound, SourceUnavailable, TimedOut, Unsupported
from schemas.options import FetchOptions
from transforms.fetch.cache import CacheEntry
from transforms.fetch.retry import Transient, retrying
from transforms.fetch.sink import Sink
from transforms.fetch.validators import NotModified, Validators
from transforms.runtime.once import made_once
from transforms.runtime.uris import redact

_CONNECT_SECONDS, _IDLE_SECONDS = 10.0, 30.0
_USER_AGENT = "docbeam"
_BROWSER_HINT = "open the URI in a browser; a login or another address may be needed"


def shared_client(max_redirects: int) -> httpx.Client:
    """This process's client; its threads share its connections."""
    return _client(os.getpid(), max_redirects)


@made_once
def _client(process: int, max_redirects: int) -> httpx.Client:
    # A forked process must not share sockets with its parent: hence the process id in the key.
    # At its default level this logger writes every URL, with its signature.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.Client(
        follow_redirects=True,
        max_redirects=max_redirects,
        headers={"User-Agent": _USER_AGENT},
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=30),
    )


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
    left = sink.remaining()
    timeout = httpx.Timeout(min(_IDLE_SECONDS, left), connect=min(_CONNECT_SECONDS, left))
    client = shared_client(options.max_redirects)
    headers = _conditions(known) or (validators.conditions if validators else {})
    with _transport_errors(uri), client.stream("GET", uri, headers=headers, timeout=timeout) as response:
        if known and response.status_code == HTTPStatus.NOT_MODIFIED:
            return msgspec.structs.replace(known, validated=time.time())
        if headers and response.status_code == HTTPStatus.NOT_MODIFIED:
            raise NotModified(uri)
        _check_status(uri, response)
        if response.headers.get("Content-Length", "").isdecimal() and "Content-Encoding" not in response.headers:
            sink.check_size(int(response.headers["Content-Length"]))
        for data in response.iter_bytes():
            sink.write(data)
        return _entry(response, sink)


def _conditions(known: CacheEntry | None) -> dict[str, str]:
    if known is None:
        return {}
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in headers.items() if value}


def _entry(response: httpx.Response, sink: Sink) -> CacheEntry:
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


@contextmanager
def _transport_errors(uri: str) -> Iterator[None]:
    shown = redact(uri)
    try:
        yield
    except httpx.TimeoutException as error:
        raise Transient(TimedOut(f"{shown} does not answer ({type(error).__name__})", hint=_BROWSER_HINT)) from error
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL) as error:
        raise Unsupported(f"{shown} is not a valid URL, or redirects to one that is not", hint=_BROWSER_HINT) from error
    except httpx.TransportError as error:
        raise Transient(
            SourceUnavailable(f"the connection to {shown} failed: {error or type(error).__name__}")
        ) from error
    except httpx.TooManyRedirects as error:
        raise Unsupported(f"{shown} redirects too often", hint=_BROWSER_HINT) from error
    except httpx.DecodingError as error:
        raise Corrupt(
            f"{shown}: the body does not match its Content-Encoding", hint="report it to the server"
        ) from error


def _check_status(uri: str, response: httpx.Response) -> None:
    status = response.status_code
    if response.is_success:
        return
    message = f"{redact(uri)}: the server answered {status} {response.reason_phrase}".rstrip()
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500:
        raise Transient(SourceUnavailable(message), _retry_after(response.headers.get("Retry-After", "")))
    raise _refusal(status, message)


def _refusal(status: int, message: str) -> DocumentError:
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return NotFound(message)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Forbidden(message, hint="use a signed URL, or copy the document to a place this machine may read")
    return Forbidden(message, hint=_BROWSER_HINT) if 400 <= status < 500 else Unsupported(message, hint=_BROWSER_HINT)


def _retry_after(value: str) -> float | None:
    """Seconds that a Retry-After header asks for, None without a valid one."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
