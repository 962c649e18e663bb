"""What the parser processes run: a packed Extraction becomes a packed Document, or asks for the layout model."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import msgspec

from schemas.content import ExtractedPage, Extraction, PageNeed, PageSeen, PageStatus
from schemas.document import Document, DocumentInfo, DocumentStatus
from schemas.options import LayoutMode
from schemas.part import Part
from transforms.runtime.pack import pack, unpack
from transforms.sandbox.pool import ParserPool

STAGE = "assemble"
#: The layout model prepares pages of this type only.
PDF = "application/pdf"
#: Pages of one document that go through the layout model together; more are groups that spread over the workers.
GROUP_PAGES = 16


class Assembled(msgspec.Struct, frozen=True):
    """A packed Document, or the pages that a layout model has to see first."""

    document: bytes = b""
    needs: tuple[PageNeed, ...] = ()


def assemble_packed(info: DocumentInfo, extraction: bytes, mode: LayoutMode) -> Assembled:
    """By geometry, unless `mode` wants a model's word on some page."""
    # Only the parser processes assemble, and they have imported all of it.
    from transforms.assemble.document import assemble

    content = unpack(extraction, Extraction)
    document = assemble(info, content)
    needs = needs_of(document, content, mode)
    return Assembled(needs=needs) if needs else Assembled(document=pack(document))


def needs_of(document: Document, extraction: Extraction, mode: LayoutMode) -> tuple[PageNeed, ...]:
    """Pages that the layout model shall see; none, and a failure of the document, where that cannot be told."""
    from transforms.assemble.evidence.needs import page_needs
    from transforms.assemble.setbacks import Setbacks

    if document.info.media_type != PDF:
        return ()
    setbacks = Setbacks()
    lost = "pages are not shown to the layout model"
    needs = setbacks.attempt(lost, 0, lambda: page_needs(extraction, document.elements, mode), lambda: ())
    if setbacks.failures:
        document.failures += setbacks.failures
        document.status = DocumentStatus.PARTIAL
    return needs


def assemble_seen(info: DocumentInfo, extraction: bytes, layout: bytes) -> bytes:
    """The packed Document, with what the layout model said about some pages."""
    from transforms.assemble.document import assemble

    content = unpack(extraction, Extraction)
    for seen in unpack(layout, list[PageSeen]):
        note(content.pages, seen)
    document = assemble(info, content)
    document.seen = True
    return pack(document)


def note(pages: Sequence[ExtractedPage], seen: PageSeen) -> None:
    """Put a model's word into its page among `pages`, which are sorted by number."""
    page = pages[bisect_left(pages, seen.page, key=lambda page: page.number)]
    scanned = page.status is PageStatus.OCR
    page.tier = f"{page.tier}, {seen.tier}" if scanned else seen.tier
    page.tier_reason = f"{page.tier_reason}; {seen.reason}" if scanned else seen.reason
    page.regions = list(seen.regions)


class PartAssembler(msgspec.Struct, frozen=True):
    """Extracted parts become documents; where the layout model is needed first, parts with `needs`."""

    mode: LayoutMode
    #: Documents with more needs are split into groups of pages.
    whole_pages: int = GROUP_PAGES

    def __call__(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """One part, or the groups of pages of a document with more than `whole_pages` needs."""
        made = pool.call(assemble_packed, part.info, part.payload, self.mode, effort=part.effort)
        if len(made.needs) > self.whole_pages:
            yield from groups(part, made.needs, GROUP_PAGES)
        elif made.needs:
            yield msgspec.structs.replace(part, needs=made.needs)
        else:
            yield msgspec.structs.replace(part, payload=made.document)


def groups(part: Part, needs: Sequence[PageNeed], size: int) -> Iterator[Part]:
    """The part once for every `size` needs; the first one carries the payload."""
    runs = [tuple(needs[start : start + size]) for start in range(0, len(needs), size)]
    for number, run in enumerate(runs):
        payload = b"" if number else part.payload
        yield msgspec.structs.replace(part, payload=payload, needs=run, group=number + 1, parts=len(runs))


def assemble_seen_part(part: Part, pool: ParserPool) -> Iterator[Part]:
    """The part with a Document as payload."""
    document = pool.call(assemble_seen, part.info, part.payload, part.layout, effort=part.effort)
    yield msgspec.structs.replace(part, payload=document, needs=(), layout=b"")
