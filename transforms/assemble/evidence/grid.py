"""A table from the grid that a table model found: its boundaries place the pieces of text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.content import Region
from schemas.geometry import Box, union
from transforms.assemble.tables.columns import infer_columns
from transforms.assemble.tables.grid import GridCell, positions
from transforms.assemble.tables.header import count_header_rows
from transforms.assemble.tables.rules import Rule
from transforms.assemble.tables.text import Piece, split_piece, text_rows

#: A piece reaches into a neighbouring row or column when it covers more than this share of it.
REACH = 0.15
#: Gaps up to this many font sizes are inside a chunk of text.
_CHUNK_GAP = 0.7


@dataclass(frozen=True)
class _Slots:
    """Rows or columns between inner boundaries."""

    inner: tuple[float, ...]
    start: float
    end: float

    def span(self, low: float, high: float) -> tuple[int, int]:
        """First slot and last slot (inclusive) of an extent: that of its middle, and others that it reaches into."""
        first = last = bisect_right(self.inner, (low + high) / 2)
        edges = (self.start, *self.inner, self.end)
        while first > 0 and edges[first] - low > REACH * (edges[first] - edges[first - 1]):
            first -= 1
        while last < len(self.inner) and high - edges[last + 1] > REACH * (edges[last + 2] - edges[last + 1]):
            last += 1
        return first, last


def model_cells(
    region: Region, pieces: Sequence[Piece], rules: Sequence[Rule] = ()
) -> tuple[list[GridCell], int] | None:
    """Cells of the model's grid with the pieces inside it, and the height of the header; None without a grid.

    `rules` are the horizontal ones: headings span the columns over which their underline runs.
    """
    if not region.rows or not region.columns or not pieces:
        return None
    box = region.box
    columns = _Slots(region.columns, box.x0, box.x1)
    rows = _Slots(region.rows, box.y0, box.y1)
    content: dict[tuple[int, int], GridCell] = {}
    parts = [part for piece in pieces for part in split_piece(piece, _gaps_crossed(piece, region))]
    for part in parts:
        top, bottom = rows.span(part.box.y0, part.box.y1)
        left, right = columns.span(part.box.x0, part.box.x1)
        cell = content.setdefault((top, left), GridCell(top, left))
        cell.pieces.append(part)
        cell.row_span = max(cell.row_span, bottom - top + 1)
        cell.column_span = max(cell.column_span, right - left + 1)
    cells = _apart(list(content.values()))
    height = _header_height(cells, pieces, region)
    _widen_headings(cells, height, rules)
    return cells, height


def _gaps_crossed(piece: Piece, region: Region) -> list[float]:
    """Boundaries that the model itself saw a line of text stop at, though the piece runs on."""
    crossed = [x for x in region.columns if piece.box.x0 + piece.size < x < piece.box.x1 - piece.size]
    if not crossed or not region.lines:
        return []
    y = (piece.box.y0 + piece.box.y1) / 2
    row = [line for line in region.lines if line.box.y0 <= y <= line.box.y1]
    whole = any(line.column_end - line.column_start > 1 and line.box.contains_centre(piece.box) for line in row)
    return [] if whole else crossed


def _apart(cells: list[GridCell]) -> list[GridCell]:
    """Cells whose spans end before the next cell: text that only leans over a boundary spans nothing."""
    starts = {(cell.row, cell.column) for cell in cells}
    taken: set[tuple[int, int]] = set()
    for cell in sorted(cells, key=lambda cell: (cell.row, cell.column)):
        while cell.column_span > 1 and _meets(cell, starts, taken):
            cell.column_span -= 1
        while cell.row_span > 1 and _meets(cell, starts, taken):
            cell.row_span -= 1
        taken.update(positions(cell))
    return cells


def _meets(cell: GridCell, starts: set[tuple[int, int]], taken: set[tuple[int, int]]) -> bool:
    covered = positions(cell)[1:]
    return any(place in starts or place in taken for place in covered)


def _widen_headings(cells: Sequence[GridCell], height: int, rules: Sequence[Rule]) -> None:
    """Let headings span the columns over which the rule right below them runs, as far as nothing stands there."""
    extents: dict[int, list[Box]] = {}
    for cell in cells:
        if cell.column_span == 1:
            extents.setdefault(cell.column, []).extend(piece.box for piece in cell.pieces)
    middles = {column: (box.x0 + box.x1) / 2 for column, found in extents.items() if (box := union(found))}
    taken = {place for cell in cells for place in positions(cell)}
    for cell in cells:
        box = union(piece.box for piece in cell.pieces)
        if cell.row >= height or box is None:
            continue
        reach = 0.9 * cell.pieces[0].size
        for rule in rules:
            if -2 < rule.at - box.y1 < reach and rule.start < box.x1 and box.x0 < rule.end:
                under = [column for column, x in middles.items() if rule.start - 3 <= x <= rule.end + 3]
                _widen(cell, under, taken, len(middles))


def _widen(cell: GridCell, under: Sequence[int], taken: set[tuple[int, int]], columns: int) -> None:
    first, last = min([*under, cell.column]), max([*under, cell.column + cell.column_span - 1])
    wider = GridCell(cell.row, first, cell.row_span, last - first + 1)
    if last - first + 1 < columns and not (set(positions(wider)) - set(positions(cell))) & taken:
        cell.column, cell.column_span = first, last - first + 1
        taken.update(positions(cell))


def _header_height(cells: Sequence[GridCell], pieces: Sequence[Piece], region: Region) -> int:
    """Grid rows that the header lines of the text take; at least one."""
    text = text_rows(pieces, gap=_CHUNK_GAP)
    columns = infer_columns(text)
    if len(columns) < 2 or len(text) < 2:
        return 1
    lines = count_header_rows(text, (), columns)
    edge = (text[lines - 1].y0 + text[lines - 1].y1) / 2
    height = bisect_right(region.rows, edge) + 1
    return height if height < max(cell.row + cell.row_span for cell in cells) else 1
