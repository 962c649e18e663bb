"""Which pages and boxes a part of an element comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.document import Element, PageBox, PageSpan
from schemas.geometry import Box, column_boxes, union
from transforms.render.places import row_pages, span_ranges


def boxes(element: Element, start: int, end: int) -> list[PageBox]:
    """Boxes of `element.text[start:end]`, one a column of a page: its spans', else its table rows', else its own."""
    if start <= 0 and end >= len(element.text):
        spans: Iterable[PageSpan] = element.spans
    else:
        spans = [span for a, b, span in span_ranges(element) if a < end and b > start]
    by_page: dict[int, list[Box]] = {}
    for span in spans:
        if span.span.box is not None:
            by_page.setdefault(span.page, []).append(span.span.box)
    united = [PageBox(page, box) for page, found in by_page.items() for box in column_boxes(found)]
    if united:
        return united
    return _row_boxes(element, start, end) or ([PageBox(element.page, element.box)] if element.box is not None else [])


def _row_boxes(element: Element, start: int, end: int) -> list[PageBox]:
    """The boxes of the table rows whose lines meet the range, one a page; none without cell boxes."""
    # Where the table itself has no box its cells have none; asking every cell for every chunk would be quadratic.
    if element.box is None or not any(cell.box for cell in element.cells):
        return []
    rows = {row for row, a, b in _row_lines(element) if a < end and b > start}
    by_page: dict[int, list[Box]] = {}
    for cell in element.cells:
        if cell.box and rows & set(range(cell.row, cell.row + cell.row_span)):
            by_page.setdefault(cell.page or element.page, []).append(cell.box)
    return [PageBox(page, box) for page, found in by_page.items() if (box := union(found)) is not None]


def _row_lines(table: Element) -> Iterator[tuple[int, int, int]]:
    """(row, start, end) of each line of a table's text; the separator line belongs to the row above it."""
    position, row = 0, -1
    for line in table.text.split("\n"):
        row += not line.startswith("|---")
        yield row, position, position + len(line)
        position += len(line) + 1


def pages(element: Element, start: int, end: int) -> set[int]:
    """Pages that `element.text[start:end]` stands on."""
    return {page for page, a, b in page_parts(element) if a < end and b > start} or {element.page}


def page_parts(element: Element) -> list[tuple[int, int, int]]:
    """(page, start, end) of the parts of the element's text, cut where the page changes."""
    starts = _page_starts(element)
    if len(starts) < 2:
        return [(starts[0][0] if starts else element.page, 0, len(element.text))]
    ends = [start for _, start in starts[1:]] + [len(element.text)]
    begins = [0] + [start for _, start in starts[1:]]
    return [(page, a, b) for (page, _), a, b in zip(starts, begins, ends, strict=True) if element.text[a:b].strip()]


def _page_starts(element: Element) -> list[tuple[int, int]]:
    """Where in the element's text each page begins; places inside the text only where there is more than one page."""
    if element.cells and element.box is not None:
        places = _table_page_starts(element)
    else:
        numbers = {span.page for span in element.spans}
        if len(numbers) < 2:
            return [(number, 0) for number in numbers]
        places = ((span.page, start) for start, _, span in span_ranges(element))
    starts: list[tuple[int, int]] = []
    for page, start in places:
        if not starts or starts[-1][0] != page:
            starts.append((page, start))
    return starts


def _table_page_starts(table: Element) -> Iterator[tuple[int, int]]:
    numbers = row_pages(table)
    if len(set(numbers)) < 2:
        yield table.page, 0
        return
    for row, start, _ in _row_lines(table):
        yield numbers[min(max(row, 0), len(numbers) - 1)], start
