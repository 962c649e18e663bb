"""Extracted documents from earlier runs: what other chunk options need nothing but."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from schemas.addresses import addressed
from schemas.document import Document, DocumentInfo, DocumentStatus
from schemas.failures import Failure
from schemas.ids import stable_id
from schemas.part import Part
from schemas.plan import Action, Planned
from schemas.stamps import content_mark
from transforms.plan.document_cache import DocumentCache, shared_cache
from transforms.runtime.guard import guarded
from transforms.runtime.pack import pack, unpack
from transforms.sandbox.pool import ParserPool

STAGE = "recall"


class Recall(msgspec.Struct, frozen=True, kw_only=True):
    """Which cache, and under what extraction options. The key holds the bytes, their type and these options."""

    root: str
    max_bytes: int
    #: Fingerprint of everything besides the bytes that shapes elements; chunk options are not in it.
    extraction: str

    def recall(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """The part with its Document if an earlier run kept it, else as it is."""
        data = None if part.payload else self._cache().get(self._key(part.info))
        if data is None:
            yield part
            return
        payload, pages = pool.call(readdressed_packed, data, part.info)
        yield msgspec.structs.replace(part, payload=payload, pages=tuple(range(1, pages + 1)))

    def unfetched(self, planned: Planned, fingerprint: str, pool: ParserPool) -> Part | None:
        """The part of a document that is as listed when an earlier run kept its Document; None if it must be fetched.

        Only what a listing proves counts, and only a Document of this very source: it tells its type and size, too.
        """
        known, ref = planned.known, planned.ref
        if known is None or planned.action is not Action.OPTIONS or not ref.stamp or known.stamp != ref.stamp:
            return None
        data = self._cache().get(_key_of(known.content, known.media_type, self.extraction))
        if data is None or known.status != DocumentStatus.OK:
            return None
        news = {"etag": known.etag, "last_modified": known.last_modified, "fingerprint": fingerprint, "ref": ref}
        found = guarded(STAGE, lambda: pool.call(renewed_packed, data, known.doc_id.hex(), news))
        # Whatever is wrong with the cache, the source is still there.
        return None if isinstance(found, Failure) else found

    def keep(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """The part as it is; a Document without failures is kept for later runs."""
        if part.payload and pool.call(is_good, part.payload):
            self._cache().put(self._key(part.info), part.payload)
        yield part

    def _cache(self) -> DocumentCache:
        return shared_cache(self.root, self.max_bytes)

    def _key(self, info: DocumentInfo) -> str:
        return _key_of(content_mark(info.content_hash), info.media_type, self.extraction)


def _key_of(content: bytes, media_type: str, extraction: str) -> str:
    return stable_id("extracted", content.hex(), media_type, extraction)


def is_good(document: bytes) -> bool:
    """Whether a packed Document was read without failures."""
    return not unpack(document, Document).failures


def readdressed_packed(document: bytes, info: DocumentInfo) -> tuple[bytes, int]:
    """A packed Document as that of another URI, listing or run, and the number of its pages."""
    whole = readdressed(unpack(document, Document), info)
    return pack(whole), len(whole.pages)


def renewed_packed(document: bytes, doc_id: str, news: dict[str, Any]) -> Part | None:
    """The part of a packed Document of this very source with some of its facts changed; None if it is of another."""
    whole = unpack(document, Document)
    if whole.info.doc_id != doc_id:
        return None
    info = msgspec.structs.replace(whole.info, attempts=0, quarantine="", **news)
    pages = tuple(range(1, len(whole.pages) + 1))
    return Part(info=info, payload=pack(readdressed(whole, info)), pages=pages)


def readdressed(document: Document, info: DocumentInfo) -> Document:
    """The document under another identity. Ids of elements follow from that of the document."""
    if info.doc_id != document.info.doc_id:
        document.elements = addressed(info.doc_id, document.elements)
    document.info = info
    return document
