"""Columns of a table without vertical rules, from the horizontal extents of its chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from transforms.assemble.tables.text import Chunk, TextRow


@dataclass(slots=True, eq=False)
class Column:
    """Horizontal extent of a column and the text rows (by number) that have a chunk in it."""

    x0: float
    x1: float
    rows: set[int]

    def overlap(self, chunk: Chunk) -> float:
        """Shared width with the chunk in points."""
        return min(self.x1, chunk.x1) - max(self.x0, chunk.x0)


def infer_columns(rows: Sequence[TextRow]) -> list[Column]:
    """Columns, left to right.

    Narrow chunks found columns, wider ones extend them. A chunk over several columns joins them when no row has
    chunks in more than one of them; otherwise it spans them and says nothing about their extent.
    """
    numbered = [(chunk, number) for number, row in enumerate(rows) if len(row.chunks) > 1 for chunk in row.chunks]
    columns: list[Column] = []
    for chunk, number in sorted(numbered, key=lambda item: item[0].x1 - item[0].x0):
        left, right = chunk.x0 + 0.5, chunk.x1 - 0.5
        met = [c for c in columns if c.x0 < right and left < c.x1]
        if not met:
            columns.append(Column(chunk.x0, chunk.x1, {number}))
        elif len(met) == 1 or _never_together(met):
            columns = [c for c in columns if c not in met]
            columns.append(
                Column(
                    min(chunk.x0, *(c.x0 for c in met)),
                    max(chunk.x1, *(c.x1 for c in met)),
                    {number}.union(*(c.rows for c in met)),
                )
            )
    return _absorb_weak(sorted(columns, key=lambda c: c.x0), len(rows))


def _never_together(columns: Sequence[Column]) -> bool:
    total = sum(len(c.rows) for c in columns)
    return total == len(set().union(*(c.rows for c in columns)))


def _absorb_weak(columns: list[Column], rows: int) -> list[Column]:
    """Join columns of very few chunks to the nearer neighbour that no row shares with them (off-centre headings)."""
    changed = True
    while changed and len(columns) > 2:
        changed = False
        for i, column in enumerate(columns):
            if len(column.rows) > max(1, 0.12 * rows):
                continue
            near = [j for j in (i - 1, i + 1) if 0 <= j < len(columns) and not columns[j].rows & column.rows]
            near = [j for j in near if len(columns[j].rows) > len(column.rows)]
            if near:
                j = min(near, key=lambda k: max(columns[k].x0, column.x0) - min(columns[k].x1, column.x1))
                other = columns[j]
                other.x0, other.x1 = min(other.x0, column.x0), max(other.x1, column.x1)
                other.rows |= column.rows
                del columns[i]
                changed = True
                break
    return columns


def value_gutters(rows: Sequence[TextRow]) -> list[float]:
    """x positions between columns of values that stand side by side in most of the rows."""
    multiple = [row for row in rows if len(row.chunks) > 1]
    if len(multiple) < max(3, 0.5 * len(rows)):
        return []
    columns = infer_columns(multiple)
    later = [c for row in multiple for c in row.chunks[1:]]
    if len(columns) < 2 or sum(1 for c in later if c.numeric) < 0.6 * len(later):
        return []
    return [(a.x1 + b.x0) / 2 for a, b in pairwise(columns) if a.x1 < b.x0]


def split_at_gutters(rows: Sequence[TextRow], columns: Sequence[Column]) -> list[TextRow]:
    """Rows with chunks cut where a gap between their pieces lies over a gutter."""
    gutters = [(a.x1, b.x0) for a, b in pairwise(columns) if a.x1 < b.x0]
    result = []
    for row in rows:
        chunks: list[Chunk] = []
        for chunk in row.chunks:
            parts = [[chunk.pieces[0]]]
            for before, piece in pairwise(chunk.pieces):
                gap = (before.box.x1, piece.box.x0)
                wide = gap[1] - gap[0] > 0.35 * piece.size
                if wide and any(min(gap[1], g[1]) - max(gap[0], g[0]) > 0.5 for g in gutters):
                    parts.append([piece])
                else:
                    parts[-1].append(piece)
            chunks += [Chunk(p, p[0].box.x0, max(q.box.x1 for q in p)) for p in parts]
        result.append(TextRow(row.y0, row.y1, chunks))
    return result


def place(row: TextRow, columns: Sequence[Column]) -> list[tuple[Chunk, int, int]]:
    """(chunk, first column, last column) for the chunks of a row; spans give way to the row's other chunks."""
    best = [_best(chunk, columns) for chunk in row.chunks]
    placed = []
    for chunk, home in zip(row.chunks, best, strict=True):
        near = [i for i, c in enumerate(columns) if c.x0 < chunk.x1 and chunk.x0 < c.x1]
        met = [i for i in near if columns[i].overlap(chunk) > min(2.0, 0.3 * (columns[i].x1 - columns[i].x0))]
        first = last = home
        while first - 1 in met and first - 1 not in best:
            first -= 1
        while last + 1 in met and last + 1 not in best:
            last += 1
        placed.append((chunk, first, last))
    return placed


def _best(chunk: Chunk, columns: Sequence[Column]) -> int:
    inside = [i for i, c in enumerate(columns) if c.x0 <= chunk.x0 and chunk.x1 <= c.x1]
    if len(inside) == 1:
        return inside[0]
    return max(range(len(columns)), key=lambda i: columns[i].overlap(chunk))
