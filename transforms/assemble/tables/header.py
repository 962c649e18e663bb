"""Header rows of tables without vertical rules: which rows they are, and cells over groups of columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from transforms.assemble.tables.columns import Column, place
from transforms.assemble.tables.grid import GridCell
from transforms.assemble.tables.rules import Rule
from transforms.assemble.tables.text import Chunk, Piece, TextRow

_MAX_HEADER_ROWS = 7
#: Rows closer than this many font sizes are lines of one heading.
_LINE_PITCH = 1.35


class Heading(NamedTuple):
    """A chunk of the header and the columns that it heads."""

    row: int
    chunk: Chunk
    first: int
    last: int


def count_header_rows(rows: Sequence[TextRow], separators: Sequence[float], columns: Sequence[Column]) -> int:
    """How many leading text rows are the header: those above the first rule, else those before the first values."""
    for y in separators:
        above = sum(1 for row in rows if (row.y0 + row.y1) / 2 < y)
        if 0 < above < len(rows) and above <= _MAX_HEADER_ROWS:
            return _with_second_tier(rows, above, columns)
    count = 0
    for row in rows[: _MAX_HEADER_ROWS + 1]:
        if len(row.chunks) > 1 and any(c.numeric for c in row.chunks[1:]) and not (count == 0 and row.bold):
            break
        count += 1
    if count > min(_MAX_HEADER_ROWS, len(rows) - 1) or count == 0:
        return _with_second_tier(rows, 1, columns)
    while count > 1 and len(rows[count - 1].chunks) == 1 and place(rows[count - 1], columns)[0][1:] == (0, 0):
        count -= 1
    return _with_second_tier(rows, count, columns)


def _with_second_tier(rows: Sequence[TextRow], count: int, columns: Sequence[Column]) -> int:
    """One row more when the row after the header holds sub-headings of column groups."""
    if count != 1 or len(rows) < 4 or not rows[0].bold or not rows[1].bold or rows[2].bold:
        return count
    first = {c for _, a, b in place(rows[0], columns) for c in range(a, b + 1)}
    second = {c for _, a, b in place(rows[1], columns) for c in range(a, b + 1)}
    return 2 if 0 not in second and second - first and len(first | second) >= len(columns) - 1 else count


def header_cells(
    rows: Sequence[TextRow], columns: Sequence[Column], rules: Sequence[Rule]
) -> tuple[list[GridCell], int]:
    """Cells of the header rows and how many grid rows they take."""
    headings = [Heading(n, *p) for n, row in enumerate(rows) for p in place(row, columns)]
    headings = [_underlined(h, rows[h.row], columns, rules) for h in headings]
    if len(rows) == 2 and rows[1].baseline - rows[0].baseline > _LINE_PITCH * rows[0].size:
        headings = _fill_groups(headings, len(columns))
    spanning = [h for h in headings if h.last > h.first]
    levels: dict[Heading, int] = {}
    pieces: dict[tuple[int, int, int], list[Piece]] = defaultdict(list)
    for number, heading in enumerate(spanning):
        # Of one row, too: boxes that make no sense may head the same columns.
        before = spanning[:number]
        over = [h for h in before if h.first <= heading.last and heading.first <= h.last]
        same = [h for h in over if (h.first, h.last) == (heading.first, heading.last)]
        level = levels[same[-1]] if same else max((levels[h] + 1 for h in over), default=0)
        levels[heading] = level
        pieces[level, heading.first, heading.last] += heading.chunk.pieces
    height = max((level + 2 for level in levels.values()), default=1)
    cells = [GridCell(level, a, 1, b - a + 1, found) for (level, a, b), found in pieces.items()]
    single: dict[int, list[Piece]] = defaultdict(list)
    for heading in headings:
        if heading.first == heading.last:
            single[heading.first] += heading.chunk.pieces
    used = {c for h in spanning for c in range(h.first, h.last + 1)}
    for column in range(len(columns)):
        start = max((levels[h] + 1 for h in spanning if h.first <= column <= h.last), default=0)
        found = single.get(column, [])
        if start < height and (found or column in used or start == 0):
            cells.append(GridCell(start, column, height - start if found else 1, 1, found))
    return cells, height


def _underlined(heading: Heading, row: TextRow, columns: Sequence[Column], rules: Sequence[Rule]) -> Heading:
    """Widen a heading to the columns above which its underline runs."""
    chunk = heading.chunk
    for rule in rules:
        near = -2 < rule.at - row.y1 < 0.9 * row.size
        if near and rule.start < chunk.x1 and chunk.x0 < rule.end:
            under = [i for i, c in enumerate(columns) if rule.start - 3 <= (c.x0 + c.x1) / 2 <= rule.end + 3]
            if under and under[-1] - under[0] < len(columns) - 1:
                return heading._replace(first=min(under[0], heading.first), last=max(under[-1], heading.last))
    return heading


def _fill_groups(headings: Sequence[Heading], columns: int) -> list[Heading]:
    """Let headings of an upper row take the columns that only the row below fills, to the right (or both sides)."""
    result = list(headings)
    last = max((h.row for h in headings), default=0)
    for number in range(last):
        upper = [h for h in result if h.row == number]
        lower = {c for h in result if h.row > number for c in range(h.first, h.last + 1)}
        taken = {c for h in upper for c in range(h.first, h.last + 1)}
        beside = [h for h in result if h.row == number + 1]
        if not upper or 0 in {h.first for h in beside} or any(h.first == 0 for h in upper) != (0 in taken):
            continue
        for h in upper:
            if h.first == 0:
                continue
            end = h.last
            while end + 1 < columns and end + 1 not in taken and end + 1 in lower:
                end += 1
            result[result.index(h)] = h._replace(last=end)
    return result
