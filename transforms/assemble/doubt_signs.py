"""Signs that geometry may have misread a page. Each tells people what was seen and weighs how likely it misleads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.content import BlockType, ExtractedPage, Line
from schemas.document import Element
from schemas.geometry import Box

#: Confidences that `tables` gives: below the first a table was guessed from alignment, from the second on it is a
#: complete lattice of rules.
GUESSED_TABLE, LATTICE_TABLE = 0.7, 0.9
#: Pieces of text with fewer characters may be cells, with more they are prose.
CELL_CHARS = 28
#: Markers of lists stand beside their text; they make no columns.
MARKER_CHARS = 3
#: Rows of cells that make a table a possibility, and from which it is as good as certain.
FEW_ROWS, MANY_ROWS = 3, 12
#: Drawn lines and boxes outside tables that make a drawing a possibility, and from which it is as good as certain.
FEW_VECTORS, MANY_VECTORS = 24, 200
#: Font sizes that running text, headings and notes have; more mark forms, slides and posters.
USUAL_SIZES, MANY_SIZES = 6, 14
_LEVEL = 0.999


class Sign(NamedTuple):
    """Something on a page that geometry often misreads, and the chance (0..1) that it did."""

    reason: str
    chance: float
    #: Whether only the image of the page can tell.
    pictorial: bool = False


def page_signs(page: ExtractedPage, elements: Sequence[Element]) -> Iterator[Sign]:
    """The signs on one page; `elements` are what geometry made of it."""
    lines = [line for line in page.lines if not line.spans[0].hidden]
    tables = [element for element in elements if element.type is BlockType.TABLE and element.box is not None]
    boxes = [element.box for element in tables if element.box is not None]
    outside = [line for line in lines if not any(box.contains_centre(line.box) for box in boxes)]
    yield from _table_signs(tables)
    yield from _row_signs(outside)
    yield from _drawing_signs(page, boxes, outside)
    yield from _letter_signs(lines)


def _table_signs(tables: Sequence[Element]) -> Iterator[Sign]:
    guessed = sum(table.confidence < GUESSED_TABLE for table in tables)
    open_tables = sum(GUESSED_TABLE <= table.confidence < LATTICE_TABLE for table in tables)
    if guessed:
        yield Sign(f"{_count(guessed, 'table')} without rules", 0.6)
    if open_tables:
        yield Sign(f"{_count(open_tables, 'table')} without a complete lattice", 0.3)


def _row_signs(lines: Sequence[Line]) -> Iterator[Sign]:
    """Short pieces side by side that no table took."""
    rows: dict[int, int] = {}
    for line in lines:
        if line.direction[0] > _LEVEL and MARKER_CHARS < _length(line) < CELL_CHARS:
            baseline = round(line.box.y1 / 2)
            rows[baseline] = rows.get(baseline, 0) + 1
    count = sum(pieces > 1 for pieces in rows.values())
    if count >= FEW_ROWS:
        yield Sign(f"columns without rules, {count} rows", 0.7 * _share(count, FEW_ROWS, MANY_ROWS))


def _drawing_signs(page: ExtractedPage, tables: Sequence[Box], lines: Sequence[Line]) -> Iterator[Sign]:
    drawn = [vector.box for vector in page.vectors if not any(box.contains_centre(vector.box) for box in tables)]
    if len(drawn) >= FEW_VECTORS:
        yield Sign(f"{len(drawn)} drawn lines", 0.5 * _share(len(drawn), FEW_VECTORS, MANY_VECTORS), pictorial=True)
    turned = sum(line.direction[0] <= _LEVEL for line in lines)
    if turned > 1 and turned < len(lines):
        yield Sign(f"{turned} turned lines", 0.3, pictorial=True)


def _letter_signs(lines: Sequence[Line]) -> Iterator[Sign]:
    sizes = len({round(line.spans[0].size) for line in lines})
    if sizes > USUAL_SIZES:
        yield Sign(f"{sizes} font sizes", 0.4 * _share(sizes, USUAL_SIZES, MANY_SIZES))


def _length(line: Line) -> int:
    return sum(len(span.text) for span in line.spans)


def _share(value: float, low: float, high: float) -> float:
    """How far `value` is on the way from `low` to `high`, half way to begin with."""
    return 0.5 + 0.5 * min(1.0, (value - low) / (high - low))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
