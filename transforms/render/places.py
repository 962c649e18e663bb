"""Where elements stand: boxes on every page that they reach, and the spans behind their text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from schemas.document import Element, PageSpan
from schemas.geometry import Box, column_boxes, union

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


def element_boxes(element: Element) -> dict[int, list[Box]]:
    """Where an element stands: the boxes of its spans, one a column, on each page; else its own or its cells'."""
    found: dict[int, list[Box]] = defaultdict(list)
    for part in element.spans:
        if part.span.box:
            found[part.page].append(part.span.box)
    boxes = {page: column_boxes(some) for page, some in found.items()}
    if element.box and len(boxes.get(element.page, ())) < 2:
        boxes[element.page] = [element.box]
    for page, box in _cell_boxes(element).items():
        boxes.setdefault(page, [box])
    return boxes


def _cell_boxes(element: Element) -> dict[int, Box]:
    found: dict[int, list[Box]] = defaultdict(list)
    for cell in element.cells:
        if cell.box:
            found[cell.page or element.page].append(cell.box)
    return {page: box for page, some in found.items() if (box := union(some))}


def row_pages(element: Element) -> list[int]:
    """The page of each row of a table: rows of a table that continues over page breaks stand on several."""
    pages: list[int] = []
    for cell in element.cells:
        pages.extend([element.page] * (cell.row + 1 - len(pages)))
        pages[cell.row] = cell.page or element.page
    return pages
