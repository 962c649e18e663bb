"""Where an output is: the one spelling of its root that everything else is given."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from schemas.failures import ConfigurationError
from transforms.stores.uris import local_path, redact, scheme

_STORES = ("gs", "s3")
#: `file:/x` is as good a URI as `file:///x`.
_PATTERN = re.compile(r"[*?\[\]{}\\\x00-\x1f\x7f\ud800-\udfff]")
_SHORT_FILE = re.compile(r"file:(?=/)(?!//)", re.IGNORECASE)


def output_root(text: str) -> str:
    """An absolute local path, or a URI of an object store; both without a slash at the end.

    Raises ConfigurationError for what is neither.
    """
    if not text:
        raise ConfigurationError("no output: give --output DIR (or a gs:// or s3:// prefix)")
    if "\0" in text:
        raise ConfigurationError("--output holds a NUL character: give the name of a folder")
    text = _SHORT_FILE.sub("file://", text)
    kind = scheme(text)
    if kind == "":
        return local_path(text)
    if kind == "file":
        host = urlsplit(text).netloc
        if host not in ("", "localhost"):
            raise ConfigurationError(f"--output {text} names the host {host!r}: give file:///PATH, or the path itself")
        return local_path(text)
    if kind not in _STORES:
        raise ConfigurationError(f"cannot write to {redact(text)}: give a folder, or a gs:// or s3:// prefix")
    bucket, _, prefix = text[len(kind) + 3 :].partition("/")
    if not bucket:
        raise ConfigurationError(f"--output {text} names no bucket: give {kind}://BUCKET/PREFIX")
    if wrong := _PATTERN.search(prefix):
        raise ConfigurationError(
            f"--output {text!r} has {wrong[0]!r}, which patterns of stores are made of: leave it out"
        )
    return f"{kind}://{bucket}/{prefix.rstrip('/')}".rstrip("/")
