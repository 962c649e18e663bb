"""Find tables on a page without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.content import Cell, ExtractedPage
from schemas.geometry import Box, union
from transforms.assemble.tables_grid import finish
from transforms.assemble.tables_open import open_cells
from transforms.assemble.tables_regions import Region, ruled_regions, unruled_regions
from transforms.assemble.tables_ruled import inside, is_lattice, ruled_cells
from transforms.assemble.tables_rules import Frame, page_frames
from transforms.assemble.tables_text import Piece, page_pieces


@dataclass(frozen=True)
class FoundTable:
    """A table on a page. `lines` names the spans it consumed as (index of the line, index of the span in it)."""

    box: Box
    cells: tuple[Cell, ...]
    lines: frozenset[tuple[int, int]]
    #: 'ruled' or 'unruled'.
    method: str
    confidence: float


def find_tables(page: ExtractedPage) -> list[FoundTable]:
    """Tables of a page, top to bottom; no two share a span."""
    pieces = page_pieces(page)
    if len(pieces) < 4:
        return []
    sheet = Box(0, 0, page.width, page.height)
    frames = page_frames(page.vectors, pieces, sheet)
    found: list[FoundTable] = []
    rest: list[Frame] = []
    for frame in sorted(frames, key=lambda f: f.box.area):
        table = _ruled_table(frame, pieces) if is_lattice(frame) else None
        if table is None:
            rest.append(frame)
        else:
            found.append(table)
            pieces = _without(pieces, table.lines)
    for region in ruled_regions(rest, pieces):
        table = _open_table(region, "ruled")
        if table is not None and not table.lines.isdisjoint((p.line, p.span) for p in pieces):
            found.append(table)
            pieces = _without(pieces, table.lines)
    for region in unruled_regions(rest, pieces):
        table = _open_table(region, "unruled")
        if table is not None:
            found.append(table)
            pieces = _without(pieces, table.lines)
    return sorted(found, key=lambda t: (t.box.y0, t.box.x0))


def _without(pieces: Sequence[Piece], used: frozenset[tuple[int, int]]) -> list[Piece]:
    return [p for p in pieces if (p.line, p.span) not in used]


def _ruled_table(frame: Frame, pieces: Sequence[Piece]) -> FoundTable | None:
    members = inside(frame.box, pieces)
    if len(members) < 4:
        return None
    cells = finish(ruled_cells(frame, members), 1)
    if not _plausible(cells):
        return None
    return _found(frame.box, cells, members, "ruled", 0.9)


def _open_table(region: Region, method: str) -> FoundTable | None:
    made = open_cells(region.rows, region.separators, region.rules)
    if made is None:
        return None
    cells = finish(*made)
    if not _plausible(cells):
        return None
    members = [p for row in region.rows for c in row.chunks for p in c.pieces]
    box = union(p.box for p in members)
    return _found(box, cells, members, method, 0.8 if method == "ruled" else 0.6) if box else None


def _plausible(cells: Sequence[Cell]) -> bool:
    """Whether the cells make a table: two rows and columns, and text in a fair share of them."""
    rows = len({c.row for c in cells if c.text})
    columns = len({c.column for c in cells if c.text})
    if not rows:
        return False
    filled = sum(1 for c in cells if c.text)
    longest, total = max(len(c.text) for c in cells), sum(len(c.text) for c in cells)
    if longest > 0.6 * total and longest > 400:
        return False
    return rows >= 2 and columns >= 2 and filled >= 4 and filled >= 0.25 * len(cells)


def _found(box: Box, cells: tuple[Cell, ...], members: Sequence[Piece], method: str, confidence: float) -> FoundTable:
    return FoundTable(box, cells, frozenset((p.line, p.span) for p in members), method, confidence)
