"""Find the pages that kill a parser: when a range dies, halve it until the culprits stand alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from schemas.content import Extraction
from schemas.failures import Category, Crashed, DocumentError, Failure, OutOfMemory, TimedOut
from transforms.extract.ranges import ALL_PAGES, Range, failed_range, join, split, wanted_pages
from transforms.runtime.guard import failure_of

#: Ways to die that a smaller range may escape.
DEATHS = (Crashed, TimedOut, OutOfMemory)
STAGE = "extract"


class ReadRange(Protocol):
    """Reads ranges in a child. `effort` in (0, 1] is the share of the deadline it may use."""

    def __call__(self, ranges: Sequence[Range], max_pages: int, effort: float) -> Extraction:
        """The Extraction; raises DocumentError."""
        ...


def isolate(read: ReadRange, ranges: Sequence[Range], death: DocumentError) -> Extraction:
    """The document without its deadly pages, which become FAILED pages with a failure each.

    Raises the original error when the document cannot even be opened, or has one page. Each halving may use half
    the time of the one before, so that a hanging page costs at most about two deadlines in all.
    """
    try:
        # Not the ranges: a single wanted page would be within the bound, and be read.
        opened = read(ALL_PAGES, 1, 1.0)
    except DEATHS:
        raise death from None
    count = opened.page_count
    pages = wanted_pages(ranges, count)
    if len(pages) < 2:
        raise death
    runs = split(pages, max(1, (len(pages) + 1) // 2))
    whole = msgspec.structs.replace(opened, pages=[], failures=[])
    return collapse(join([whole, *(_read_or_halve(read, run, count, 0.5) for run in runs)]), death)


def _read_or_halve(read: ReadRange, run: Range, count: int, effort: float) -> Extraction:
    try:
        return read([run], 0, effort)
    except DEATHS as error:
        first, last = run
        if first == last:
            failure = msgspec.structs.replace(failure_of(STAGE, error), page=first)
            return failed_range(run, count, failure)
        middle = (first + last) // 2
        halves = ((first, middle), (middle + 1, last))
        return join([_read_or_halve(read, half, count, effort / 2) for half in halves])


def collapse(extraction: Extraction, death: DocumentError) -> Extraction:
    """One failure for the document instead of one a page when every page died."""
    if len(extraction.failures) < len(extraction.pages):
        return extraction
    whole = failure_of(STAGE, death)
    return msgspec.structs.replace(extraction, failures=[whole])


def missing_pages(extraction: Extraction, ranges: Sequence[Range]) -> Extraction:
    """The extraction with a FAILED page for every wanted page that it lacks: no page vanishes silently."""
    present = {page.number for page in extraction.pages}
    lacking = [page for page in wanted_pages(ranges, extraction.page_count) if page not in present]
    if not lacking:
        return extraction
    failure = Failure(
        stage=STAGE,
        category=Category.PARTIAL,
        message=f"{len(lacking)} pages were not delivered by the parser",
        hint="run again; report the document if it happens twice",
        page=lacking[0],
        context={"pages": ",".join(map(str, lacking[:50]))},
    )
    lost = [failed_range(run, extraction.page_count, failure) for run in split(lacking, len(lacking))]
    joined = join([extraction, *lost])
    return msgspec.structs.replace(joined, failures=[*extraction.failures, failure])
