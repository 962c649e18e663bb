"""Which pages and boxes a part of an element comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from schemas.document import Element, PageBox, PageSpan
from schemas.geometry import Box, union

#: How far beyond its expected place a span's text is looked for, in characters.
_SEARCH_REACH = 64
_WHITESPACE = re.compile(r"\s+")


def span_ranges(element: Element) -> Iterator[tuple[int, int, PageSpan]]:
    """Where each span's text stands in `element.text`, in order.

    The text is a normalised join of the spans (hyphens dropped, whitespace collapsed), so a span that is not found word
    for word is given the place where its length puts it; the next span that is found sets this right again.
    """
    text, cursor = element.text, 0
    for span in element.spans:
        key = _WHITESPACE.sub(" ", span.span.text.strip())
        found = text.find(key, cursor, cursor + len(key) + _SEARCH_REACH) if key else -1
        start = found if found >= 0 else cursor
        end = min(len(text), start + len(key))
        yield start, end, span
        cursor = end


def boxes(element: Element, start: int, end: int) -> list[PageBox]:
    """Boxes of `element.text[start:end]`, one a page: its spans', else its table rows', else its own."""
    if start <= 0 and end >= len(element.text):
        spans: Iterable[PageSpan] = element.spans
    else:
        spans = [span for a, b, span in span_ranges(element) if a < end and b > start]
    by_page: dict[int, list[Box]] = {}
    for span in spans:
        if span.span.box is not None:
            by_page.setdefault(span.page, []).append(span.span.box)
    united = [PageBox(page, box) for page, found in by_page.items() if (box := union(found)) is not None]
    if united:
        return united
    box = _rows_box(element, start, end) or element.box
    return [PageBox(element.page, box)] if box is not None else []


def _rows_box(element: Element, start: int, end: int) -> Box | None:
    """The box of the table rows whose lines meet the range; None without cell boxes."""
    # Where the table itself has no box its cells have none; asking every cell for every chunk would be quadratic.
    if element.box is None or not any(cell.box for cell in element.cells):
        return None
    rows, position, row = set(), 0, 0
    for line in element.text.split("\n"):
        if not line.startswith("|---"):
            if position < end and position + len(line) > start:
                rows.add(row)
            row += 1
        position += len(line) + 1
    return union(
        cell.box for cell in element.cells if cell.box and rows & set(range(cell.row, cell.row + cell.row_span))
    )


def pages(element: Element, start: int, end: int) -> set[int]:
    """Pages that `element.text[start:end]` stands on."""
    return {page for page, a, b in page_parts(element) if a < end and b > start} or {element.page}


def page_parts(element: Element) -> list[tuple[int, int, int]]:
    """(page, start, end) of the parts of the element's text, cut where the page changes."""
    numbers = {span.page for span in element.spans}
    if len(numbers) < 2:
        return [(next(iter(numbers), element.page), 0, len(element.text))]
    starts: list[tuple[int, int]] = []
    for start, _, span in span_ranges(element):
        if not starts or starts[-1][0] != span.page:
            starts.append((span.page, start))
    ends = [start for _, start in starts[1:]] + [len(element.text)]
    begins = [0] + [start for _, start in starts[1:]]
    return [(page, a, b) for (page, _), a, b in zip(starts, begins, ends, strict=True) if element.text[a:b].strip()]
