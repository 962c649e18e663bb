"""What the parser processes run: one document's pages, packed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from schemas.content import Extraction, ExtractRequest
from transforms.extract.ranges import Range, join
from transforms.extract.registry import extractor_for
from transforms.runtime.pack import pack, unpack

#: Names the pages of an extraction whose text has to be read from their images.
Judge = Callable[[Extraction], tuple[int, ...]]


class Reading(msgspec.Struct, frozen=True):
    """A packed Extraction with what the worker process must know of it without unpacking."""

    page_count: int
    pages: tuple[int, ...]
    payload: bytes
    #: Pages that are scans, as far as a judge was asked.
    scans: tuple[int, ...] = ()

    @classmethod
    def of(cls, extraction: Extraction, judge: Judge | None = None) -> Reading:
        """Pack an Extraction."""
        pages, scans = tuple(page.number for page in extraction.pages), judge(extraction) if judge else ()
        extraction.scans = bool(scans)
        return cls(extraction.page_count, pages, pack(extraction), scans)

    def extraction(self) -> Extraction:
        """Unpack it."""
        return unpack(self.payload, Extraction)


def extract_pages(
    path: str, media_type: str, ranges: Sequence[Range], max_pages: int = 0, judge: Judge | None = None
) -> Reading:
    """The Extraction of the ranges; without pages when there are more than `max_pages` (0: no bound)."""
    return Reading.of(extract_ranges(Path(path), media_type, ranges, max_pages), judge)


def extract_ranges(path: Path, media_type: str, ranges: Sequence[Range], max_pages: int = 0) -> Extraction:
    """The Extraction of the ranges. Raises DocumentError subclasses for what cannot be read."""
    extractor = extractor_for(media_type)
    request = ExtractRequest(max_pages=max_pages, media_type=media_type)
    found = []
    for first, last in ranges:
        part = extractor.extract(path, msgspec.structs.replace(request, first_page=first, last_page=last))
        found.append(part)
        if first > part.page_count:
            break
    return join(found)
