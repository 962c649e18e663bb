"""Extracted documents from earlier runs: what other chunk options need nothing but."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from schemas.document import Document, DocumentInfo, Element
from schemas.ids import element_id, stable_id, version_id
from schemas.part import Part
from transforms.runtime.document_cache import DocumentCache, shared_cache
from transforms.runtime.pack import pack, unpack
from transforms.runtime.pool import ParserPool

STAGE = "recall"


class Recall(msgspec.Struct, frozen=True, kw_only=True):
    """Which cache, and under what extraction options. The key holds the bytes, their type and these options."""

    root: str
    max_bytes: int
    #: Fingerprint of everything besides the bytes that shapes elements; chunk options are not in it.
    extraction: str

    def recall(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """The part with its Document if an earlier run kept it, else as it is."""
        data = self._cache().get(self._key(part.info))
        if data is None:
            yield part
            return
        payload, pages = pool.call(readdressed_packed, data, part.info)
        yield msgspec.structs.replace(part, payload=payload, pages=tuple(range(1, pages + 1)))

    def keep(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """The part as it is; a Document without failures is kept for later runs."""
        if part.payload and pool.call(is_good, part.payload):
            self._cache().put(self._key(part.info), part.payload)
        yield part

    def _cache(self) -> DocumentCache:
        return shared_cache(self.root, self.max_bytes)

    def _key(self, info: DocumentInfo) -> str:
        return stable_id("extracted", info.content_hash, info.media_type, self.extraction)


def is_good(document: bytes) -> bool:
    """Whether a packed Document was read without failures."""
    return not unpack(document, Document).failures


def readdressed_packed(document: bytes, info: DocumentInfo) -> tuple[bytes, int]:
    """A packed Document as that of another URI, listing or run, and the number of its pages."""
    whole = readdressed(unpack(document, Document), info)
    return pack(whole), len(whole.pages)


def readdressed(document: Document, info: DocumentInfo) -> Document:
    """The document under another identity: ids of elements follow from it, and so does all that points to them."""
    version = version_id(info.content_hash, info.fingerprint)
    new = {old.element_id: element_id(info.doc_id, version, old.index) for old in document.elements}
    document.info = info
    document.elements = [_renamed(element, new) for element in document.elements]
    return document


def _renamed(element: Element, new: dict[str, str]) -> Element:
    links = {name: new.get(getattr(element, name), "") for name in ("parent_id", "caption_of", "caption_id")}
    references = tuple(msgspec.structs.replace(r, element_id=new.get(r.element_id, "")) for r in element.references)
    return msgspec.structs.replace(element, element_id=new[element.element_id], references=references, **links)
