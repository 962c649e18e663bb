"""Requests over HTTP, on connections that a process keeps. Redirects are followed one by one, without their bodies."""

from __future__ import annotations

import os
import re
import ssl
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from urllib3 import exceptions as errors
from urllib3.util import parse_url

from schemas.failures import ConfigurationError, Corrupt, Forbidden, SourceUnavailable, TimedOut
from transforms.fetch.encodings import BodyCut, ForeignEncoding
from transforms.fetch.retry import Transient
from transforms.runtime.once import made_once
from transforms.stores.uris import redact

_CONNECT_SECONDS, _IDLE_SECONDS = 10.0, 30.0
#: Servers whose connections are kept, and idle connections to each.
_SERVERS, _CONNECTIONS = 256, 64
#: The encodings that `transforms.fetch.encodings` undoes.
_HEADERS = urllib3.util.make_headers(user_agent="docbeam", accept_encoding="gzip,deflate")
#: What the addresses of login pages are called, as a whole word of the host or the path.
_LOGIN = re.compile(
    r"(^|[/._-])((service)?log[_-]?[io]n|sign[_-]?in|sso|saml2?|oauth2?|oidc|adfs|openid-connect)([/._-]|$)", re.I
)
LOGIN_HINT = "use a signed URL, or copy the document to a place this machine may read"
BROWSER_HINT = "open the URI in a browser; a login or another address may be needed"


@contextmanager
def answer_of(
    uri: str, headers: Mapping[str, str], seconds: float, max_redirects: int
) -> Iterator[urllib3.BaseHTTPResponse]:
    """The answer to a GET, with its body still to be read. Nothing takes longer than `seconds` without a byte.

    Raises Transient for what may pass, SourceUnavailable for what is no URL or redirects too often, Forbidden for a
    redirect to a login page, and Corrupt, also while the body is read.
    """
    with _typed_errors(uri):
        place, answer = _followed(uri, headers, seconds, max_redirects)
        with closing(answer) as response:
            if is_login(place) and not is_login(uri) and "html" in response.headers.get("Content-Type", "html").lower():
                raise Forbidden(
                    f"{redact(uri)}: the server redirects to a login page ({redact(place)})", hint=LOGIN_HINT
                )
            yield response


def _followed(
    uri: str, headers: Mapping[str, str], seconds: float, max_redirects: int
) -> tuple[str, urllib3.BaseHTTPResponse]:
    """Where the answer comes from in the end, and the answer."""
    timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, seconds), read=min(_IDLE_SECONDS, seconds))
    place, private = uri, _credentials(uri)
    for _ in range(max_redirects + 1):
        response = shared_client(place).request(
            "GET",
            place,
            headers={**_HEADERS, **headers, **private},
            timeout=timeout,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        location = response.get_redirect_location()
        if not location:
            return place, response
        response.close()
        target = urljoin(place, location)
        # What one server was told or told us is not for another one.
        stays = parse_url(target)[2:4] == parse_url(place)[2:4]
        private = {**private, **_cookies(response)} if stays else _credentials(target)
        place = target
    raise SourceUnavailable(f"{redact(uri)} redirects too often", hint=BROWSER_HINT)


def is_login(uri: str) -> bool:
    """Whether an address is that of a login page, by its words."""
    parts = urlsplit(uri)
    return any(_LOGIN.search(text) for text in (parts.hostname or "", unquote(parts.path)))


def shared_client(uri: str) -> urllib3.PoolManager:
    """This process's connections for `uri`; its threads share them."""
    parts, proxies = parse_url(uri), _proxies()
    proxy = proxies.get(parts.scheme or "") or proxies.get("all", "")
    if proxy and proxy_bypass(parts.host or ""):
        proxy = ""
    # A forked process must not share sockets with its parent: hence the process id in the key.
    return _client(os.getpid(), proxy, parts.scheme == "https")


@cache
def _proxies() -> dict[str, str]:
    """The environment's proxies by scheme; one without a scheme of its own speaks HTTP, as for other tools."""
    return {kind: proxy if "://" in proxy else f"http://{proxy}" for kind, proxy in getproxies().items()}


@made_once
def _client(process: int, proxy: str, secure: bool) -> urllib3.PoolManager:
    options: dict[str, Any] = {"num_pools": _SERVERS, "maxsize": _CONNECTIONS}
    context = _certificates() if secure else None
    if not proxy:
        return urllib3.PoolManager(**options, ssl_context=context)
    try:
        return urllib3.ProxyManager(proxy, **options, ssl_context=context, proxy_headers=_credentials(proxy, "proxy_"))
    except ValueError as error:
        raise ConfigurationError(f"the proxy {redact(proxy)} of the environment is not http:// or https://") from error


def _certificates() -> ssl.SSLContext:
    """Mozilla's authorities, unless the machine was told of others."""
    told = {"SSL_CERT_FILE", "SSL_CERT_DIR"} & os.environ.keys()
    return ssl.create_default_context(cafile=None if told else certifi.where())


def _credentials(uri: str, kind: str = "") -> dict[str, str]:
    """The header for a user and password within a URI."""
    auth = parse_url(uri).auth
    return urllib3.util.make_headers(**{f"{kind}basic_auth": unquote(auth)}) if auth else {}  # type: ignore[arg-type]


def _cookies(response: urllib3.BaseHTTPResponse) -> dict[str, str]:
    """Some servers redirect until they see the cookie that they set."""
    cookies: SimpleCookie = SimpleCookie()
    for value in response.headers.getlist("Set-Cookie"):
        try:
            cookies.load(value)
        except CookieError:
            continue
    told = "; ".join(f"{name}={cookie.coded_value}" for name, cookie in cookies.items())
    return {"Cookie": told} if told else {}


@contextmanager
def _typed_errors(uri: str) -> Iterator[None]:
    shown = redact(uri)
    try:
        yield
    except errors.NewConnectionError as error:
        raise _broken(shown, error) from error
    except errors.TimeoutError as error:
        raise Transient(TimedOut(f"{shown} does not answer ({type(error).__name__})", hint=BROWSER_HINT)) from error
    except ValueError as error:
        raise SourceUnavailable(
            f"{shown} is not a valid URL, or redirects to one that is not", hint=BROWSER_HINT
        ) from error
    except (zlib.error, ForeignEncoding) as error:
        raise Corrupt(
            f"{shown}: the body does not match its Content-Encoding, or one that was asked for",
            hint="report it to the server",
        ) from error
    except BodyCut as error:
        raise Transient(SourceUnavailable(f"{shown}: the compressed body ended before its end")) from error
    except errors.HTTPError as error:
        raise _broken(shown, error) from error


def _broken(shown: str, error: Exception) -> Transient:
    # The innermost of what urllib3 wraps, without its connections' names.
    inner = error.args[-1] if error.args and isinstance(error.args[-1], Exception) else error
    # A server that does not speak HTTP is quoted: its control characters are not for logs and tables.
    text = "".join(letter if letter.isprintable() else " " for letter in str(inner).rpartition("): ")[2])
    reason = " ".join(text.split()) or type(inner).__name__
    return Transient(SourceUnavailable(f"the connection to {shown} failed: {reason}"))
