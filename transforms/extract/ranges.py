"""Page ranges: parsing, splitting, joining. Pages count from 1; ranges are inclusive; a last page of 0 is the end."""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.content import ExtractedPage, Extraction, PageStatus
from schemas.failures import ConfigurationError, Failure

Range = tuple[int, int]
ALL_PAGES: tuple[Range, ...] = ((1, 0),)


def parse_ranges(text: str) -> tuple[Range, ...]:
    """'1-3,7,10-' as ((1, 3), (7, 7), (10, 0)), sorted and without overlaps; '' is all pages.

    Raises ConfigurationError for anything else.
    """
    if not text.strip():
        return ALL_PAGES
    ranges = sorted(_parse_one(item.strip(), text) for item in text.split(","))
    merged: list[Range] = []
    for first, last in ranges:
        if merged and (merged[-1][1] == 0 or first <= merged[-1][1] + 1):
            start, end = merged[-1]
            merged[-1] = (start, 0 if 0 in (last, end) else max(last, end))
        else:
            merged.append((first, last))
    return tuple(merged)


def _parse_one(item: str, text: str) -> Range:
    match = re.fullmatch(r"(\d*)\s*(-?)\s*(\d*)", item)
    if match is None or not (match[1] or match[3]):
        raise ConfigurationError(f"--page-range {text!r}: {item!r} is not a page or a range like 3, 2-5, 7- or -4")
    first = int(match[1] or 1)
    last = int(match[3] or 0) if match[2] else first
    if first < 1 or (last and last < first):
        raise ConfigurationError(f"--page-range {text!r}: {item!r} is empty; pages count from 1")
    return first, last


def wanted_pages(ranges: Sequence[Range], page_count: int) -> list[int]:
    """The pages of a document of `page_count` pages that the ranges name, in order."""
    return [page for first, last in ranges for page in range(first, min(last or page_count, page_count) + 1)]


def split(pages: Sequence[int], size: int) -> list[Range]:
    """Contiguous runs of at most `size` pages that cover `pages` (sorted, distinct) exactly."""
    runs: list[Range] = []
    for page in pages:
        if runs and runs[-1][1] == page - 1 and page - runs[-1][0] < size:
            runs[-1] = (runs[-1][0], page)
        else:
            runs.append((page, page))
    return runs


def join(extractions: Sequence[Extraction]) -> Extraction:
    """Extractions of disjoint ranges of one document as one, pages in order. Needs at least one."""
    # A range that was lost has pages, but knows nothing of the document.
    first = next((e for e in extractions if e.engine), extractions[0])
    return Extraction(
        page_count=max(e.page_count for e in extractions),
        pages=sorted((page for e in extractions for page in e.pages), key=lambda page: page.number),
        meta=first.meta,
        outline=first.outline,
        failures=_once([failure for e in extractions for failure in e.failures]),
        engine=first.engine,
        scans=any(e.scans for e in extractions),
        notes=list(dict.fromkeys(note for e in extractions for note in e.notes)),
    )


def _once(failures: Sequence[Failure]) -> list[Failure]:
    """What every range tells of the whole document is told once."""
    whole: list[Failure] = []
    for failure in failures:
        if failure.page == 0 and failure not in whole:
            whole.append(failure)
    return whole + [failure for failure in failures if failure.page != 0]


def failed_range(pages: Range, page_count: int, failure: Failure) -> Extraction:
    """What remains of a range that could not be read: FAILED pages and the one failure that tells why."""
    first, last = pages
    return Extraction(
        page_count=page_count,
        pages=[ExtractedPage(number=n, status=PageStatus.FAILED) for n in range(first, (last or page_count) + 1)],
        failures=[failure],
    )
