"""Cheap fingerprints of sources: what tells two versions apart without reading them."""

from __future__ import annotations

import hashlib

#: Files that changed this recently may change again within the same tick of their file system's clock: a coarse one
#: counts in whole seconds, or two; others are finer than this.
COARSE_SECONDS, FINE_SECONDS = 2.0, 0.1


def stamp(size: int | None, mtime: float | None, etag: str = "", now: float | None = None) -> str:
    """Size and time (microseconds), and the ETag where there is one; '' when that proves nothing.

    `now` is the time of a look at a local file: one that changed a moment ago gets no stamp.
    """
    if size is None or (mtime is None and not etag):
        return ""
    if now is not None and mtime is not None and now - mtime < (COARSE_SECONDS if mtime.is_integer() else FINE_SECONDS):
        return ""
    return ":".join([str(size), *([f"{mtime * 1e6:.0f}"] if mtime is not None else []), *([etag] if etag else [])])


def same_version(listed: str, found: str) -> bool:
    """Whether a source is still what its listing told; a listing that told nothing is never wrong."""
    return not listed or not found or listed == found


def content_mark(content_hash: str) -> bytes:
    """16 bytes that stand for a content hash; none for none."""
    return hashlib.blake2b(content_hash.encode(), digest_size=16).digest() if content_hash else b""


def listed_mark(path: str, manifest: str, metadata: dict[str, str]) -> bytes:
    """Digest of what a listing says of a document besides its version."""
    text = "\0".join((path, manifest, *(f"{key}\0{value}" for key, value in sorted(metadata.items()))))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
