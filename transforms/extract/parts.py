"""Extraction of one part: small documents whole, large ones by page ranges that are joined again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from schemas.content import Extraction
from schemas.failures import Category, Failure
from schemas.options import ExtractOptions
from schemas.part import DEADLINE_PAGES, Part
from transforms.extract.child import Judge, Reading, extract_pages
from transforms.extract.missing import DEATHS, STAGE, isolate, missing_pages
from transforms.extract.ranges import Range, failed_range, join, parse_ranges, split, wanted_pages
from transforms.runtime.pack import pack, unpack
from transforms.sandbox.pool import ParserPool
from transforms.steps.reopen import OpenSource, reopened, was_lost

#: Reads ranges in a child: (ranges, most pages or 0, share of the deadline).
ReadPacked = Callable[[Sequence[Range], int, float], Reading]


class PartExtractor(msgspec.Struct, frozen=True, kw_only=True):
    """Turns fetched parts into parts with a packed Extraction as payload."""

    options: ExtractOptions
    open_source: OpenSource
    judge: Judge | None = None

    def whole(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """A document of up to `part_pages` pages; a larger one becomes the unread parts it splits into."""
        ranges, bound = parse_ranges(self.options.page_range), self.options.part_pages
        with self._reader(part, pool) as read:
            found = read_or_isolate(read, ranges, min(bound, DEADLINE_PAGES))
            pages = wanted_pages(ranges, found.page_count)
            # Each of several ranges may be within the bound, or some of them, while all together are not.
            if len(found.pages) < len(pages) <= bound and len(pages) > DEADLINE_PAGES:
                found = read_or_isolate(read, ranges, 0, len(pages) / DEADLINE_PAGES)
        if len(found.pages) >= len(pages) or len(pages) <= bound:
            yield _extracted(part, found, ranges)
            return
        runs = split(pages, bound)
        for first, last in runs:
            yield msgspec.structs.replace(part, first_page=first, last_page=last, parts=len(runs))

    def page_range(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """One page range of a large document."""
        wanted = ((part.first_page, part.last_page),)
        effort = max(1.0, (part.last_page - part.first_page + 1) / DEADLINE_PAGES)
        with self._reader(part, pool) as read:
            found = read_or_isolate(read, wanted, 0, effort)
        yield _extracted(part, found, wanted)

    @contextmanager
    def _reader(self, part: Part, pool: ParserPool) -> Iterator[ReadPacked]:
        with reopened(self.open_source, part) as fetched:

            def read(ranges: Sequence[Range], max_pages: int, effort: float) -> Reading:
                task = (fetched.local_path, part.info.media_type, tuple(ranges), max_pages, self.judge)
                return pool.call(extract_pages, *task, effort=effort)

            yield read


def read_or_isolate(read: ReadPacked, ranges: Sequence[Range], max_pages: int, effort: float = 1.0) -> Reading:
    """The ranges at once or, when that kills the parser, all pages but the deadly ones."""
    try:
        return read(ranges, max_pages, effort)
    except DEATHS as death:
        scans: list[int] = []

        def read_some(ranges: Sequence[Range], max_pages: int, effort: float) -> Extraction:
            reading = read(ranges, max_pages, effort)
            scans.extend(reading.scans)
            return reading.extraction()

        whole = Reading.of(isolate(read_some, ranges, death))
        return msgspec.structs.replace(whole, scans=tuple(sorted(set(scans) & set(whole.pages))))


def _extracted(part: Part, found: Reading, ranges: Sequence[Range]) -> Part:
    if set(wanted_pages(ranges, found.page_count)) <= set(found.pages):
        return msgspec.structs.replace(part, payload=found.payload, pages=found.pages, scans=found.scans)
    return _packed(msgspec.structs.replace(part, scans=found.scans), missing_pages(found.extraction(), ranges))


def _packed(part: Part, extraction: Extraction) -> Part:
    numbers = tuple(page.number for page in extraction.pages)
    return msgspec.structs.replace(part, payload=pack(extraction), pages=numbers)


def needs_reading(part: Part) -> bool:
    """Whether a part is a page range that still has to be extracted."""
    return part.parts > 1 and not part.payload and part.failure is None


def join_parts(parts: Iterable[Part]) -> Part:
    """The parts of one document as one. Lost ranges become FAILED pages; all lost is a failed document."""
    ordered = sorted(parts, key=lambda part: part.first_page)
    first = ordered[0]
    scans = tuple(page for part in ordered for page in part.scans)
    whole = msgspec.structs.replace(first, first_page=1, last_page=0, parts=1, scans=scans)
    lost = [part.failure for part in ordered if part.failure is not None]
    if first.replaces and (gone := next(filter(was_lost, lost), None)):
        # The output holds all pages of the version before.
        return msgspec.structs.replace(whole, failure=gone)
    if len(lost) == len(ordered):
        return msgspec.structs.replace(whole, failure=lost[0])
    joined = join([_extraction(part) for part in ordered])
    if len(ordered) < first.parts:
        joined.failures.append(_lost_parts(first.parts - len(ordered)))
    return _packed(msgspec.structs.replace(whole, failure=None), joined)


def _extraction(part: Part) -> Extraction:
    if part.failure is None:
        return unpack(part.payload, Extraction)
    failure = msgspec.structs.replace(part.failure, page=part.first_page)
    return failed_range((part.first_page, part.last_page), part.last_page, failure)


def _lost_parts(count: int) -> Failure:
    return Failure(
        stage=STAGE,
        category=Category.INTERNAL,
        message=f"{count} parts of the document never arrived",
        hint="run again; report the document if it happens twice",
    )
