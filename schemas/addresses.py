"""What a document is known by: the ids of its elements, all that points to them, and its fingerprint."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.document import Document, DocumentStatus, Element
from schemas.ids import element_id, occurrences
from schemas.versions import Fingerprints

_LINKS = ("parent_id", "caption_of", "caption_id")


def addressed(doc_id: str, elements: Sequence[Element]) -> list[Element]:
    """The elements as those of this document: ids follow from what they are, and links follow the ids."""
    keys = [(element.type.value, element.text) for element in elements]
    ids = [element_id(doc_id, *key, occurrence) for key, occurrence in zip(keys, occurrences(keys), strict=True)]
    new = {element.element_id: name for element, name in zip(elements, ids, strict=True)}
    return [_renamed(element, new) for element in elements]


def _renamed(element: Element, new: dict[str, str]) -> Element:
    links = {name: new.get(getattr(element, name), "") for name in _LINKS}
    references = tuple(msgspec.structs.replace(r, element_id=new.get(r.element_id, "")) for r in element.references)
    return msgspec.structs.replace(element, element_id=new[element.element_id], references=references, **links)


def fingerprinted(document: Document, versions: Fingerprints) -> Document:
    """The document with the fingerprint of what shaped it; one that failed may have met anything on its way."""
    failed = document.status is DocumentStatus.FAILED
    made_by = versions.of(document.info.media_type, scans=document.scans or failed, seen=document.seen or failed)
    document.info = msgspec.structs.replace(document.info, fingerprint=made_by)
    return document
