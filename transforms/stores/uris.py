"""URIs as the project writes them: one canonical spelling each, safe relative paths, nothing secret in messages.

Canonical spellings: an absolute local path (no `file://`), `gs://...`, `s3://...`, `http(s)://host/...` without
fragment and default port. A local path that is not valid UTF-8 stays a percent-encoded `file://` URI, so that every
URI is text.
"""

from __future__ import annotations

import os
import posixpath
import re
from urllib.parse import quote, unquote, urlsplit, urlunsplit

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_DEFAULT_PORTS = {"http": 80, "https": 443}
#: Query parameters of signed URLs: they change whenever a URL is signed again, and let its reader in.
_SIGNED = re.compile(r"x-(amz|goog)-.*|awsaccesskeyid|googleaccessid|key-pair-id|signature|sig", re.IGNORECASE)
#: Parameters that belong to a signature where there is one, and mean anything elsewhere (Azure's names are short).
_BESIDE_SIGNATURE = re.compile(r"expires|policy|s[eprv]|skoid|sktid|sk[tesv]|spr|srt|ss|st", re.IGNORECASE)
#: Parameters whose value may be a credential, or may tell one document from another.
_SECRET = re.compile(
    r".*(token|secret|password|credential).*|auth|authorization|code|(api|access)?[-_]?key", re.IGNORECASE
)
_MASK = "***"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def scheme(uri: str) -> str:
    """Lower-case scheme of `uri`; '' for a local path."""
    found = _SCHEME.match(uri)
    return found[1].lower() if found else ""


def is_http(uri: str) -> bool:
    """Whether `uri` is fetched over HTTP."""
    return scheme(uri) in _DEFAULT_PORTS


def is_local(uri: str) -> bool:
    """Whether `uri` names a file of this machine, as a path or as a `file://` URI."""
    return scheme(uri) in ("", "file")


def canonical_uri(text: str) -> str:
    """The one spelling of `text` that identifies its document.

    Never fails: text that is no valid URI is returned unchanged, and fetching it reports what is wrong with it.
    """
    if is_local(text):
        return local_uri(local_path(text))
    kind = scheme(text)
    rest = text[len(kind) :]
    return _canonical_http(kind + rest) if kind in _DEFAULT_PORTS else kind + rest


def _canonical_http(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return text
    if ":" in host:
        host = f"[{host}]"
    userinfo, at, _ = parts.netloc.rpartition("@")
    shown_port = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return urlunsplit((parts.scheme, f"{userinfo}{at}{host}{shown_port}", parts.path or "/", parts.query, ""))


def local_path(uri: str) -> str:
    """Absolute path that a local `uri` names.

    Only `file://` URIs are percent-decoded; '#' and '?' belong to the name.
    """
    path = uri
    if scheme(uri) == "file":
        rest = uri[len("file://") :]
        path = unquote(rest.removeprefix("localhost"), errors="surrogateescape")
        path = path if path.startswith("/") else f"//{path}"
    # '..' behind a symbolic link leads elsewhere than its spelling suggests: ask the file system then.
    return os.path.realpath(path) if ".." in path.split("/") and "\0" not in path else os.path.abspath(path)


def local_uri(path: str) -> str:
    """Canonical URI of an absolute local `path`: the path itself wherever it is text."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return "file://" + quote(path, errors="surrogateescape")
    return path


def join(base: str, entry: str) -> str:
    """Canonical URI of `entry`, which stands in a file of folder `base` and may be relative to that folder."""
    if scheme(entry) or entry.startswith("/"):
        return canonical_uri(entry)
    if is_local(base):
        return canonical_uri(posixpath.join(local_path(base), entry))
    kind, _, rest = base.partition("://")
    bucket, _, folder = rest.partition("/")
    key = posixpath.normpath(posixpath.join("/", folder, entry)).lstrip("/")
    return canonical_uri(f"{kind}://{bucket}/{key}")


def parent(uri: str) -> str:
    """Folder that holds `uri`."""
    return posixpath.dirname(local_path(uri)) if is_local(uri) else uri.rpartition("/")[0]


def safe_path(text: str) -> str:
    """A relative '/'-separated path from `text`: no '..', no leading '/', no control characters, never empty."""
    parts = (part for part in _UNSAFE.sub("\ufffd", text).replace("\\", "/").split("/") if part not in ("", ".", ".."))
    return "/".join(parts) or "unnamed"


def entry_path(entry: str) -> str:
    """Relative path for an `entry` of a list: host and path of HTTP URLs, else the entry as written without scheme."""
    kind = scheme(entry)
    if kind in _DEFAULT_PORTS:
        try:
            parts = urlsplit(entry)
            host = parts.hostname or ""
        except ValueError:
            return safe_path(redact(entry).partition("://")[2])
        return safe_path(f"{host}{unquote(parts.path)}")
    rest = entry[len(kind) + 3 :] if kind else entry
    return safe_path(unquote(rest) if kind == "file" else rest)


def file_name(uri: str) -> str:
    """Last component of the path of `uri`; '' when it has none."""
    if is_http(uri):
        try:
            return posixpath.basename(unquote(urlsplit(uri).path))
        except ValueError:
            return ""
    return posixpath.basename(local_path(uri) if is_local(uri) else uri)


def redact(uri: str) -> str:
    """`uri` fit for messages: without user names, passwords, values of query parameters and fragment."""
    kind = scheme(uri)
    if kind in ("", "file"):
        return uri
    authority, slash, path = uri[len(kind) + 3 :].partition("/")
    authority = authority.rpartition("@")[2]
    shown = f"{kind}://{authority}{slash}{path}"
    if kind not in _DEFAULT_PORTS:
        return shown
    base, mark, query = shown.partition("#")[0].partition("?")
    return (
        base
        + mark
        + "&".join(re.sub(r"=.*", "=***", pair) if "=" in pair else "***" for pair in query.split("&") if pair)
    )


def identity_uri(uri: str) -> str:
    """What ids are made from: `uri` without user name, password and signature.

    A URL that is signed again for every run names the same document; whatever else may tell documents apart stays.
    """
    kind = scheme(uri)
    if kind in ("", "file"):
        return uri
    authority, slash, path = uri[len(kind) + 3 :].partition("/")
    shown = f"{kind}://{authority.rpartition('@')[2]}{slash}{path}"
    base, mark, query = shown.partition("?")
    pairs = query.split("&")
    if not mark or kind not in _DEFAULT_PORTS or not any(_SIGNED.fullmatch(_name(pair)) for pair in pairs):
        return shown
    kept = [p for p in pairs if not (_SIGNED.fullmatch(_name(p)) or _BESIDE_SIGNATURE.fullmatch(_name(p)))]
    return f"{base}?{'&'.join(kept)}" if kept else base


def public_uri(uri: str) -> str:
    """What tables and messages may hold: `identity_uri` with the values of parameters that may be secrets masked."""
    base, mark, query = identity_uri(uri).partition("?")
    if not mark or not is_http(uri):
        return base + mark + query
    return f"{base}?{'&'.join(_masked(pair) for pair in query.split('&'))}"


def is_masked(uri: str) -> bool:
    """Whether a value of the query is the mask of `public_uri`, so that the URI leads nowhere."""
    return any(value == _MASK for _, _, value in (p.partition("=") for p in uri.partition("?")[2].split("&")))


def _masked(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={_MASK}" if equals and _SECRET.fullmatch(_name(pair)) else pair


def _name(pair: str) -> str:
    return unquote(pair.partition("=")[0])
