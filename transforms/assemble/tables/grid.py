"""Grids: cells that hold pieces, and what turns them into the cells of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from schemas.content import Cell
from schemas.geometry import union
from transforms.assemble.tables.text import Chunk, Piece, TextRow, reading_text, text_rows

_TITLE = re.compile(r"\W*(?:table|figure|fig|exhibit|chart|box|source|sources|notes?|\*)\b", re.I)


@dataclass(slots=True, eq=False)
class GridCell:
    """A cell under construction."""

    row: int
    column: int
    row_span: int = 1
    column_span: int = 1
    pieces: list[Piece] = field(default_factory=list)


def finish(cells: Sequence[GridCell], header_rows: int) -> tuple[Cell, ...]:
    """Final cells in row-major order: empty rows and columns dropped, gaps filled with empty cells."""
    cells = _drop_empty(cells, rows=True)
    cells = _drop_empty(cells, rows=False)
    taken = {(r, c) for cell in cells for r, c in positions(cell)}
    rows = max((c.row + c.row_span for c in cells), default=0)
    columns = max((c.column + c.column_span for c in cells), default=0)
    full = [*cells, *(GridCell(r, c) for r in range(rows) for c in range(columns) if (r, c) not in taken)]
    return tuple(
        Cell(
            row=cell.row,
            column=cell.column,
            text=reading_text(cell.pieces),
            row_span=cell.row_span,
            column_span=cell.column_span,
            header=cell.row < header_rows,
            box=union(p.box for p in cell.pieces),
        )
        for cell in sorted(full, key=lambda c: (c.row, c.column))
    )


def positions(cell: GridCell) -> list[tuple[int, int]]:
    """Grid positions that the cell covers."""
    rows = range(cell.row, cell.row + cell.row_span)
    return [(r, c) for r in rows for c in range(cell.column, cell.column + cell.column_span)]


def _drop_empty(cells: Sequence[GridCell], *, rows: bool) -> list[GridCell]:
    """Drop rows (or columns) in which no cell with text starts or ends alone: they exist only between double rules."""
    starts = {(c.row if rows else c.column) for c in cells if c.pieces}
    size = max(((c.row + c.row_span) if rows else (c.column + c.column_span) for c in cells), default=0)
    keep = [int(i in starts) for i in range(size)]
    index = [0, *accumulate(keep)]
    result = []
    for cell in cells:
        first, span = (cell.row, cell.row_span) if rows else (cell.column, cell.column_span)
        start, stop = index[first], index[first + span]
        if stop == start:
            continue
        if rows:
            result.append(GridCell(start, cell.column, stop - start, cell.column_span, cell.pieces))
        else:
            result.append(GridCell(cell.row, start, cell.row_span, stop - start, cell.pieces))
    return result


def complete_spans(cells: Sequence[GridCell], pieces: Iterable[Piece]) -> None:
    """Add the pieces of half-taken spans to the cell that holds their other half: a span is consumed whole."""
    home: dict[tuple[int, int], tuple[GridCell, list[Piece]]] = {}
    for cell in cells:
        for piece in cell.pieces:
            home.setdefault((piece.line, piece.span), (cell, []))[1].append(piece)
    for piece in pieces:
        cell_and_parts = home.get((piece.line, piece.span))
        if cell_and_parts is None:
            continue
        cell, parts = cell_and_parts
        if not any(p is piece or _is_cut_from(p, piece) for p in parts):
            cell.pieces.append(piece)


def _is_cut_from(part: Piece, piece: Piece) -> bool:
    """Whether a piece was cut at boundaries of columns. Its place tells nothing where glyphs have no width."""
    return part.text in piece.text and piece.box.x0 - 0.1 <= part.box.x0 <= piece.box.x1


def is_title(text: str) -> bool:
    """Whether a text begins like the caption or a note of a table."""
    return _TITLE.match(text) is not None


def trim_titles(cells: Sequence[GridCell]) -> list[GridCell]:
    """Drop leading and trailing rows of one cell over all columns that read like a caption, note or paragraph."""
    columns = max((c.column + c.column_span for c in cells), default=0)
    result = list(cells)
    for last in (False, True):
        while result:
            edge = max(c.row for c in result) if last else min(c.row for c in result)
            row = [c for c in result if c.row == edge]
            text = reading_text(row[0].pieces) if len(row) == 1 else ""
            outside = not text or (len(text) > 60 or is_title(text))
            if len(row) != 1 or row[0].column_span < columns or row[0].row_span > 1 or not outside:
                break
            result.remove(row[0])
    top = min((c.row for c in result), default=0)
    return [GridCell(c.row - top, c.column, c.row_span, c.column_span, c.pieces) for c in result]


def split_rows(cells: Sequence[GridCell]) -> list[GridCell]:
    """Split grid rows that hold several table rows: values stacked in a numeric column without a rule between."""
    count = max((c.row + c.row_span for c in cells), default=0)
    parts = [_stacked([c for c in cells if c.row == row and c.row_span == 1]) for row in range(count)]
    offset = [0, *accumulate(max(1, len(p)) for p in parts)]
    result = []
    for cell in cells:
        rows = parts[cell.row] if cell.row_span == 1 else []
        start = offset[cell.row]
        if len(rows) < 2:
            span = offset[cell.row + cell.row_span] - start
            result.append(GridCell(start, cell.column, span, cell.column_span, cell.pieces))
            continue
        for number in range(len(rows)):
            inside = [p for p in cell.pieces if _row_of(p, rows) == number]
            result.append(GridCell(start + number, cell.column, 1, cell.column_span, inside))
    return result


def _row_of(piece: Piece, rows: Sequence[tuple[float, float]]) -> int:
    middle = (piece.box.y0 + piece.box.y1) / 2
    return min(range(len(rows)), key=lambda i: max(rows[i][0] - middle, middle - rows[i][1]))


def _stacked(cells: Sequence[GridCell]) -> list[tuple[float, float]]:
    """Limits of the table rows inside one grid row; [] when it is one row."""
    if all(len(c.pieces) < 2 for c in cells):
        return []
    columns = [text_rows(c.pieces) for c in cells if c.pieces and c.column_span == 1]
    stacks = [rows for rows in columns if len(rows) > 1 and _is_stack(rows)]
    if not stacks:
        return []
    if max(map(len, stacks)) < 3 and len(stacks) < max(2, len(columns) - 1):
        return []
    rows = text_rows(p for c in cells for p in c.pieces)
    return [(row.y0, row.y1) for row in rows]


def _is_stack(rows: Sequence[TextRow]) -> bool:
    values = sum(1 for row in rows if all(c.numeric for c in row.chunks))
    return values >= 0.75 * len(rows)


def all_chunks(rows: Iterable[TextRow]) -> list[Chunk]:
    """Chunks of all rows."""
    return [chunk for row in rows for chunk in row.chunks]
