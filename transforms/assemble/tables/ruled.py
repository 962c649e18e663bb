"""Ruled tables: a lattice of rules (or of tiled fills) gives rows, columns and spans."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from schemas.geometry import Box
from transforms.assemble.tables.columns import value_gutters
from transforms.assemble.tables.grid import GridCell, split_rows
from transforms.assemble.tables.rules import SNAP, Frame, Rule
from transforms.assemble.tables.text import Piece, split_piece, text_rows

#: More unit cells than this is graph paper.
MAX_UNITS = 6000
#: A soft edge this close to a drawn rule is padding.
_PADDING = 9.0


def lattice(frame: Frame) -> tuple[list[float], list[float]]:
    """Column and row positions of a frame, outer edges included."""
    box = frame.box
    xs = _positions(frame.vertical, (box.x0, box.x1))
    ys = _positions(frame.horizontal, (box.y0, box.y1))
    return xs, ys


def _positions(rules: Sequence[Rule], ends: tuple[float, float]) -> list[float]:
    hard = _snap([r.at for r in rules if not r.soft])
    soft = [r.at for r in rules if r.soft and (len(hard) < 3 or not hard[0] <= r.at <= hard[-1])]
    soft = [x for x in (*soft, *ends) if all(abs(x - h) > _PADDING for h in hard)]
    return sorted([*hard, *_snap(soft)])


def _snap(values: Sequence[float]) -> list[float]:
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= SNAP:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(g) / len(g) for g in groups]


def is_lattice(frame: Frame) -> bool:
    """Whether inner vertical rules (or tiled fills) divide the frame into columns."""
    box = frame.box
    xs, ys = lattice(frame)
    if len(xs) < 3 or len(ys) < 3 or len(xs) * len(ys) > MAX_UNITS:
        return False
    if all(r.soft for r in (*frame.horizontal, *frame.vertical)):
        return sum(f.area for f in frame.fills) >= 0.85 * box.area and len(ys) > 4
    inner = [r for r in frame.vertical if box.x0 + 6 < r.at < box.x1 - 6]
    best = max((_covered(inner, x, box.y0, box.y1) for x in xs[1:-1]), default=0.0)
    return best >= 0.5


def _covered(rules: Sequence[Rule], at: float, start: float, end: float) -> float:
    """Share of [start, end] that rules at position `at` cover."""
    length = sum(max(0.0, min(end, r.end) - max(start, r.start)) for r in rules if abs(r.at - at) <= SNAP + 1.5)
    return length / (end - start) if end > start else 0.0


def ruled_cells(frame: Frame, pieces: Sequence[Piece]) -> list[GridCell]:
    """Cells of a lattice with the pieces that lie in them."""
    frame = _with_text_columns(frame, pieces)
    xs, ys = lattice(frame)
    owner = _merge_units(frame, xs, ys)
    members: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for unit, root in owner.items():
        members[root].append(unit)
    content: dict[tuple[int, int], list[Piece]] = defaultdict(list)
    for piece in pieces:
        for part in split_piece(piece, xs[1:-1]):
            content[_unit(part, xs, ys)].append(part)
    cells: list[GridCell] = []
    for units in members.values():
        cells += _cells_of(sorted(units), content)
    return split_rows(cells)


def _with_text_columns(frame: Frame, pieces: Sequence[Piece]) -> Frame:
    """Add the rules that columns of values inside one ruled column stand for."""
    xs, ys = lattice(frame)
    horizontal, vertical = list(frame.horizontal), list(frame.vertical)
    for left, right in pairwise(xs):
        lane = [p for p in pieces if left <= (p.box.x0 + p.box.x1) / 2 < right]
        rows = text_rows(lane)
        for gutter in value_gutters(rows):
            for top, bottom in pairwise(ys):
                band = [r for r in rows if top <= (r.y0 + r.y1) / 2 < bottom]
                free = [not any(p.box.x0 < gutter < p.box.x1 for c in r.chunks for p in c.pieces) for r in band]
                if sum(free) >= 0.7 * len(free):
                    vertical.append(Rule(gutter, top, bottom, False))
                elif free[-1] and len(free) <= 4:
                    last = max(i for i, ok in enumerate(free) if not ok)
                    y = (band[last].y1 + band[last + 1].y0) / 2
                    horizontal.append(Rule(y, left, right, False))
                    vertical.append(Rule(gutter, y, bottom, False))
    return Frame(horizontal, vertical, frame.fills)


def _unit(piece: Piece, xs: Sequence[float], ys: Sequence[float]) -> tuple[int, int]:
    x, y = (piece.box.x0 + piece.box.x1) / 2, (piece.box.y0 + piece.box.y1) / 2
    column = min(max(bisect_right(xs, x) - 1, 0), len(xs) - 2)
    row = min(max(bisect_right(ys, y) - 1, 0), len(ys) - 2)
    return row, column


def _cells_of(units: list[tuple[int, int]], content: dict[tuple[int, int], list[Piece]]) -> list[GridCell]:
    """The cell of merged units; several cells where merged columns hold separate stacks of text."""
    (row, column), (last_row, last_column) = units[0], units[-1]
    height, width = last_row - row + 1, last_column - column + 1
    pieces = [p for unit in units for p in content.get(unit, ())]
    filled = {c for r, c in units if content.get((r, c))}
    if width > 1 and len(filled) > 1 and _separate(pieces, filled, units, content):
        return [
            GridCell(row, c, height, 1, [p for r in range(row, last_row + 1) for p in content.get((r, c), ())])
            for c in range(column, last_column + 1)
        ]
    if height > 1 and width == 1 and _aligned(units, content):
        return [GridCell(r, column, 1, 1, content.get((r, column), [])) for r in range(row, last_row + 1)]
    return [GridCell(row, column, height, width, pieces)]


def _aligned(units: Sequence[tuple[int, int]], content: dict[tuple[int, int], list[Piece]]) -> bool:
    """Whether an undivided column has one line of text beside nearly every row of its neighbours."""
    # A piece alone is one row.
    lines = [len(text_rows(found)) if len(found) > 1 else len(found) for found in (content.get(u, ()) for u in units)]
    return max(lines) == 1 and len(lines) >= 3 and sum(lines) >= 0.8 * len(lines)


def _separate(
    pieces: Sequence[Piece],
    filled: set[int],
    units: Sequence[tuple[int, int]],
    content: dict[tuple[int, int], list[Piece]],
) -> bool:
    column_of = {id(p): c for r, c in units for p in content.get((r, c), ())}
    chunks = [chunk for row in text_rows(pieces) for chunk in row.chunks]
    return len(filled) > 1 and all(len({column_of[id(p)] for p in chunk.pieces}) == 1 for chunk in chunks)


def _merge_units(frame: Frame, xs: Sequence[float], ys: Sequence[float]) -> dict[tuple[int, int], tuple[int, int]]:
    """Map each unit cell to the top-left unit of its rectangle; units without a rule between them are one."""
    rows, columns = len(ys) - 1, len(xs) - 1
    by_x = [[r for r in frame.vertical if abs(r.at - x) <= SNAP + 1.5] for x in xs]
    by_y = [[r for r in frame.horizontal if abs(r.at - y) <= SNAP + 1.5] for y in ys]
    boxes: list[tuple[int, int, int, int]] = []
    group: dict[tuple[int, int], tuple[int, int]] = {(r, c): (r, c) for r in range(rows) for c in range(columns)}

    def find(unit: tuple[int, int]) -> tuple[int, int]:
        while group[unit] != unit:
            group[unit] = group[group[unit]]
            unit = group[unit]
        return unit

    for r in range(rows):
        for c in range(columns):
            if c + 1 < columns and _covered(by_x[c + 1], xs[c + 1], ys[r], ys[r + 1]) < 0.5:
                group[find((r, c + 1))] = find((r, c))
            if r + 1 < rows and _covered(by_y[r + 1], ys[r + 1], xs[c], xs[c + 1]) < 0.5:
                group[find((r + 1, c))] = find((r, c))
    limits: dict[tuple[int, int], tuple[int, int, int, int]] = {}
    for unit in group:
        root = find(unit)
        r0, c0, r1, c1 = limits.get(root, (*unit, *unit))
        limits[root] = (min(r0, unit[0]), min(c0, unit[1]), max(r1, unit[0]), max(c1, unit[1]))
    boxes = list(limits.values())
    return _disjoint(boxes, rows, columns)


def _disjoint(
    boxes: Sequence[tuple[int, int, int, int]], rows: int, columns: int
) -> dict[tuple[int, int], tuple[int, int]]:
    """Give every unit to one rectangle: small ones first; a rectangle that meets a taken unit falls apart."""
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    for r0, c0, r1, c1 in sorted(boxes, key=lambda b: (b[2] - b[0] + 1) * (b[3] - b[1] + 1)):
        units = [(r, c) for r in range(r0, r1 + 1) for c in range(c0, c1 + 1)]
        free = [u for u in units if u not in owner]
        whole = len(free) == len(units)
        owner.update({u: (r0, c0) if whole else u for u in free})
    return {(r, c): owner.get((r, c), (r, c)) for r in range(rows) for c in range(columns)}


def inside(box: Box, pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces whose centre lies in the box (with a point of tolerance)."""
    wide = Box(box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1)
    return [p for p in pieces if wide.contains_centre(p.box)]
