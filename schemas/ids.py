"""Deterministic ids: hashes of what a thing is, never of when or where it was made."""

from __future__ import annotations

import hashlib


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


def version_id(content_hash: str, fingerprint: str) -> str:
    """Id of a document's version: its bytes and the options that shape the output."""
    return stable_id("version", content_hash, fingerprint)


def element_id(doc_id: str, version: str, index: int) -> str:
    """Id of an element: document, version and position."""
    return stable_id("element", doc_id, version, index)


def chunk_id(doc_id: str, version: str, index: int) -> str:
    """Id of a chunk: document, version and position."""
    return stable_id("chunk", doc_id, version, index)
