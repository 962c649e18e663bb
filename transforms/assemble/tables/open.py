"""Tables without vertical rules: columns from text, rows from rules, spacing or values."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from transforms.assemble.tables.columns import Column, infer_columns, place, split_at_gutters
from transforms.assemble.tables.grid import GridCell
from transforms.assemble.tables.header import count_header_rows, header_cells
from transforms.assemble.tables.rules import Rule
from transforms.assemble.tables.text import Chunk, TextRow

#: Larger than the rows of the table by this factor is a heading that follows it.
LARGER = 1.15


def open_cells(
    rows: Sequence[TextRow], separators: Sequence[float], rules: Sequence[Rule]
) -> tuple[list[GridCell], int] | None:
    """Cells of a table and the height of its header; None when the rows have no columns.

    `separators` are y positions of rules over the whole width, `rules` the shorter ones.
    """
    columns = infer_columns(rows)
    if len(columns) < 2 or len(rows) < 2:
        return None
    rows = split_at_gutters(rows, columns)
    while len(rows) > 2 and len(rows[-1].chunks) == 1 and _is_below(rows, columns):
        rows = rows[:-1]
    count = count_header_rows(rows, separators, columns)
    if not any(rows[0].y1 < y < rows[-1].y0 for y in separators):
        count = max(count, len(_by_pitch(rows, columns)[0]))
    cells, height = header_cells(rows[:count], columns, rules)
    groups = logical_rows(rows[count:], separators, columns)
    for offset, group in enumerate(groups):
        cells += _row_cells(height + offset, group, columns)
    return _stub_spans(cells, height, height + len(groups)), height


def _is_below(rows: Sequence[TextRow], columns: Sequence[Column]) -> bool:
    """Whether a last row of one chunk is a note over all columns, or a heading set apart in larger or bold type."""
    last, above = rows[-1], rows[-2]
    if place(last, columns)[0][1:] == (0, len(columns) - 1) or last.size > LARGER * above.size:
        return True
    return last.bold and last.y0 - above.y1 > 0.8 * last.size and not any(row.bold for row in rows[-4:-1])


def _row_cells(number: int, group: Sequence[TextRow], columns: Sequence[Column]) -> list[GridCell]:
    cells: dict[int, GridCell] = {}
    placed = [p for row in group for p in place(row, columns)]
    alone = len(placed) == 1
    for chunk, first, last in sorted(placed, key=lambda p: (p[1], p[1] - p[2])):
        home = next((c for c in cells.values() if c.column <= first < c.column + c.column_span), None)
        if home is None:
            free = last if not alone or first > 0 else first
            home = cells[first] = GridCell(number, first, 1, free - first + 1)
        home.pieces += chunk.pieces
    return _untangle(list(cells.values()), number, len(columns))


def _untangle(cells: list[GridCell], number: int, columns: int) -> list[GridCell]:
    """Cut column spans that reach into another cell of the row, and add the row's empty cells."""
    cells.sort(key=lambda c: c.column)
    for cell, following in pairwise(cells):
        cell.column_span = min(cell.column_span, following.column - cell.column)
    taken = {c for cell in cells for c in range(cell.column, cell.column + cell.column_span)}
    return cells + [GridCell(number, c) for c in range(columns) if c not in taken]


def logical_rows(
    rows: Sequence[TextRow], separators: Sequence[float], columns: Sequence[Column]
) -> list[list[TextRow]]:
    """Text rows gathered into table rows."""
    bands: dict[int, list[TextRow]] = {}
    for row in rows:
        bands.setdefault(bisect_right(separators, (row.y0 + row.y1) / 2), []).append(row)
    groups: list[list[TextRow]] = []
    for band in bands.values():
        if len(bands) > 1 and len(band) <= 12 and not _has_stack(band, columns):
            groups.append(band)
        else:
            groups += _continued(_by_pitch(band, columns), columns)
    return groups


def _has_stack(rows: Sequence[TextRow], columns: Sequence[Column]) -> bool:
    """Whether one column has two values below each other: then these are several table rows."""
    seen: set[int] = set()
    for row in rows:
        for chunk, first, last in place(row, columns):
            if chunk.numeric and first == last and first > 0:
                if first in seen:
                    return True
                seen.add(first)
    return False


def _by_pitch(rows: Sequence[TextRow], columns: Sequence[Column]) -> list[list[TextRow]]:
    """Groups of rows that stand closer together than the groups do; single rows when that makes no sense."""
    single = [[row] for row in rows]
    pitches = [b.baseline - a.baseline for a, b in pairwise(rows)]
    limit = _pitch_limit(pitches)
    if limit is None:
        return single
    groups = [[rows[0]]]
    for row, pitch in zip(rows[1:], pitches, strict=True):
        if pitch <= limit:
            groups[-1].append(row)
        else:
            groups.append([row])
    tall = [g for g in groups if len(g) > 1]
    if any(_has_stack(g, columns) for g in tall) or len(groups) < 2:
        return single
    first = sum(len(g[0].chunks) for g in tall) / len(tall)
    later = sum(len(r.chunks) for g in tall for r in g[1:]) / sum(len(g) - 1 for g in tall)
    return groups if later < first else single


def _pitch_limit(pitches: Sequence[float]) -> float | None:
    """The value between the two kinds of pitch, line and row; None when there is one kind."""
    ordered = sorted(max(p, 0.1) for p in pitches)
    jumps = [(b / a, (a + b) / 2) for a, b in pairwise(ordered) if a < 1.6 * ordered[0]]
    ratio, limit = max(jumps, default=(1.0, 0.0))
    return limit if ratio >= 1.08 else None


def _continued(groups: Sequence[list[TextRow]], columns: Sequence[Column]) -> list[list[TextRow]]:
    """Join a row that only continues the label of its neighbour."""
    result: list[list[TextRow]] = []
    for group in groups:
        if result and _continues(result[-1], group, columns):
            result[-1] = [*result[-1], *group]
        else:
            result.append(list(group))
    return result


def _continues(above: Sequence[TextRow], below: Sequence[TextRow], columns: Sequence[Column]) -> bool:
    if below[0].baseline - above[-1].baseline > 1.6 * below[0].size:
        return False
    upper, lower = _chunks(above), _chunks(below)
    label = lower[0].text
    if not (label[:1].islower() or label[:1] == "(") or _column(lower[0], columns) != 0:
        return False
    return (len(upper) == 1 and _column(upper[0], columns) == 0) or len(lower) == 1


def _chunks(rows: Sequence[TextRow]) -> list[Chunk]:
    return [chunk for row in rows for chunk in row.chunks]


def _column(chunk: Chunk, columns: Sequence[Column]) -> int:
    return max(range(len(columns)), key=lambda i: columns[i].overlap(chunk))


def _stub_spans(cells: list[GridCell], start: int, stop: int) -> list[GridCell]:
    """Let labels in the first column span the rows below them that have none, when the second column names each row."""
    by_row: dict[int, dict[int, GridCell]] = {}
    for cell in cells:
        by_row.setdefault(cell.row, {})[cell.column] = cell
    body = [by_row[r] for r in range(start, stop)]
    second = [row[1] for row in body if 1 in row]
    named = len(second) == len(body) and all(c.pieces and c.column_span == 1 for c in second)
    label = body[0].get(0) if body else None
    if len(body) < 2 or not named or label is None or not label.pieces:
        return cells
    if sum(Chunk(c.pieces, 0, 0).numeric for c in second) > 0.4 * len(body):
        return cells
    dropped: set[int] = set()
    for cell in (row[0] for row in body[1:]):
        if cell.pieces:
            label = cell
        else:
            label.row_span += 1
            dropped.add(id(cell))
    return [c for c in cells if id(c) not in dropped]
