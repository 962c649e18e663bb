"""Deterministic ids: hashes of what a thing is, never of when or where it was made."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator


def stable_id(*parts: str | int) -> str:
    """32 hex digits (BLAKE2b-128) of the parts; any change of a part or of a boundary between parts changes it."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = str(part).encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def document_id(uri: str) -> str:
    """Id of a document: its canonical URI."""
    return stable_id("document", uri)


def element_id(doc_id: str, kind: str, text: str, occurrence: int) -> str:
    """Id of an element: its document, type and text, and how many of the same come before it.

    Neither position nor options are in it: what did not change keeps its id when something is added before it.
    """
    return stable_id("element", doc_id, kind, text, occurrence)


def chunk_id(doc_id: str, content_hash: str, occurrence: int) -> str:
    """Id of a chunk: its document and text, and how many of the same come before it; see `element_id`."""
    return stable_id("chunk", doc_id, content_hash, occurrence)


def occurrences(keys: Iterable[Hashable]) -> Iterator[int]:
    """For each key how many equal ones came before it."""
    seen = Counter[Hashable]()
    for key in keys:
        yield seen[key]
        seen[key] += 1
