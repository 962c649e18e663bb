"""Signs that geometry may have misread a page. Each tells people what was seen and weighs how likely it misleads.

The chances are those of a noisy-or fitted to pages of many kinds, where misread means that what the layout model says
changes more than a twentieth of what is made of the page; rounded, and kept above zero where few pages have a sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.content import Cell, ExtractedPage, Line
from schemas.geometry import Box

#: Confidences that `tables` gives: below the first a table was guessed from alignment, from the second on it is a
#: complete lattice of rules.
GUESSED_TABLE, LATTICE_TABLE = 0.7, 0.9
#: Chance of a misread table by its share of empty cells: charts and forms look like tables with few labels.
EMPTY_CHANCES = ((0.45, 0.45), (0.3, 0.2), (0.15, 0.1))
#: Tables with fewer rows are often labels beside each other.
FEW_ROWS = 4
#: Pieces of text with fewer characters may be cells, with more they are prose.
CELL_CHARS = 28
#: Markers of lists stand beside their text; they make no columns.
MARKER_CHARS = 3
#: Rows of two cells that make a table a possibility (of three cells, two rows do), and a better one.
LEAST_ROWS, MORE_ROWS = 3, 6
#: Drawn lines and boxes outside tables that may be a drawing that was not found.
MANY_VECTORS = 100
#: Font sizes that running text, headings and notes have; more mark forms, slides and posters.
USUAL_SIZES, MANY_SIZES = 6, 10
_LEVEL = 0.999


class Sign(NamedTuple):
    """Something on a page that geometry often misreads, and the chance (0..1) that it did."""

    reason: str
    chance: float
    #: Whether only the image of the page can tell.
    pictorial: bool = False


class TablePiece(NamedTuple):
    """What stands on one page of a table that geometry found."""

    box: Box
    cells: tuple[Cell, ...]
    confidence: float


def page_signs(page: ExtractedPage, tables: Sequence[TablePiece], figures: Sequence[Box] = ()) -> Iterator[Sign]:
    """The signs on one page; `tables` and `figures` are what geometry made of it."""
    lines = [line for line in page.lines if line.spans and not line.spans[0].hidden]
    boxes = [*(table.box for table in tables), *figures]
    outside = [line for line in lines if not any(box.contains_centre(line.box) for box in boxes)]
    yield from _table_signs(tables)
    yield from _row_signs(outside)
    yield from _drawing_signs(page, boxes, outside)
    yield from _letter_signs(lines)


def _table_signs(tables: Sequence[TablePiece]) -> Iterator[Sign]:
    for table in tables:
        empty = sum(not cell.text for cell in table.cells) / max(1, len(table.cells))
        rows = len({cell.row for cell in table.cells})
        chance = next((chance for share, chance in EMPTY_CHANCES if empty >= share), 0.0)
        if chance:
            yield Sign(f"table with {empty:.0%} empty cells", chance, pictorial=True)
        if rows < FEW_ROWS:
            yield Sign(f"table of {_count(rows, 'row')}", 0.08)
        if table.confidence < GUESSED_TABLE:
            yield Sign("table without rules", 0.28)
        elif table.confidence < LATTICE_TABLE:
            yield Sign("table without a complete lattice", 0.04)


def _row_signs(lines: Sequence[Line]) -> Iterator[Sign]:
    """Short pieces side by side that no table took."""
    rows: dict[int, int] = {}
    for line in lines:
        if line.direction[0] > _LEVEL and MARKER_CHARS < _length(line) < CELL_CHARS:
            baseline = round(line.box.y1 / 2)
            rows[baseline] = rows.get(baseline, 0) + 1
    count = sum(pieces > 1 for pieces in rows.values())
    wide = sum(pieces > 2 for pieces in rows.values())
    if count >= LEAST_ROWS or wide >= LEAST_ROWS - 1:
        yield Sign(f"columns without rules, {count} rows", 0.08 if count < MORE_ROWS else 0.15)


def _drawing_signs(page: ExtractedPage, known: Sequence[Box], lines: Sequence[Line]) -> Iterator[Sign]:
    drawn = [vector.box for vector in page.vectors if not any(box.contains_centre(vector.box) for box in known)]
    if len(drawn) >= MANY_VECTORS:
        yield Sign(f"{len(drawn)} drawn lines", 0.04, pictorial=True)
    turned = sum(line.direction[0] <= _LEVEL for line in lines)
    if turned > 1 and turned < len(lines):
        yield Sign(f"{turned} turned lines", 0.18, pictorial=True)


def _letter_signs(lines: Sequence[Line]) -> Iterator[Sign]:
    sizes = len({round(line.spans[0].size) for line in lines})
    if sizes > USUAL_SIZES:
        yield Sign(f"{sizes} font sizes", 0.18 if sizes < MANY_SIZES else 0.3)


def _length(line: Line) -> int:
    return sum(len(span.text) for span in line.spans)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
