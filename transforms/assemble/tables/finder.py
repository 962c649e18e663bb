"""Find tables on a page without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.content import Cell, ExtractedPage
from schemas.geometry import Box, union
from transforms.assemble.tables.candidates import Region, ruled_regions, unruled_regions
from transforms.assemble.tables.grid import GridCell, complete_spans, finish, trim_titles
from transforms.assemble.tables.open import open_cells
from transforms.assemble.tables.ruled import inside, is_lattice, ruled_cells
from transforms.assemble.tables.rules import Frame, page_frames
from transforms.assemble.tables.text import Piece, page_pieces, text_rows

#: A page with more pieces of text than this is a map or a drawing.
MAX_PIECES = 6000


@dataclass(frozen=True)
class FoundTable:
    """A table on a page. `lines` names the spans it consumed as (index of the line, index of the span in it)."""

    box: Box
    cells: tuple[Cell, ...]
    lines: frozenset[tuple[int, int]]
    #: 'ruled' or 'unruled'.
    method: str
    confidence: float
    #: What decided where it is and what its cells are: 'geometry', 'layout', 'table-model'.
    source: str = "geometry"


def find_tables(page: ExtractedPage) -> list[FoundTable]:
    """Tables of a page, top to bottom; no two share a span. A page of more than `MAX_PIECES` pieces has none."""
    return tables_of(page, page_pieces(page))


def tables_of(page: ExtractedPage, pieces: Sequence[Piece]) -> list[FoundTable]:
    """Like `find_tables`, for the pieces of the page when they are at hand."""
    return tables_among(pieces, page_frames(page.vectors, pieces, page_box(page))) if _is_readable(pieces) else []


def page_box(page: ExtractedPage) -> Box:
    """The page as a box."""
    return Box(0, 0, page.width, page.height)


def _is_readable(pieces: Sequence[Piece]) -> bool:
    return 3 <= len(pieces) <= MAX_PIECES


def tables_among(pieces: Sequence[Piece], frames: Sequence[Frame]) -> list[FoundTable]:
    """Tables that some pieces of a page make with the frames around them."""
    found: list[FoundTable] = []
    rest: list[Frame] = []
    for frame in frames:
        table = _lattice_table(frame, pieces) if is_lattice(frame) else None
        if table is None:
            rest.append(frame)
        else:
            pieces = _take(table, found, pieces)
    rest.sort(key=lambda f: f.box.y0)
    for region in ruled_regions(rest, pieces):
        table = _open_table(region, "ruled", pieces)
        if table is not None and table.lines <= {(p.line, p.span) for p in pieces}:
            pieces = _take(table, found, pieces)
    for region in unruled_regions(rest, pieces):
        table = _open_table(region, "unruled", pieces)
        if table is not None and table.lines <= {(p.line, p.span) for p in pieces}:
            pieces = _take(table, found, pieces)
    return sorted(found, key=lambda t: (t.box.y0, t.box.x0))


def _take(table: FoundTable, found: list[FoundTable], pieces: Sequence[Piece]) -> list[Piece]:
    """Record a table; the pieces that are left."""
    found.append(table)
    return [p for p in pieces if (p.line, p.span) not in table.lines]


def _lattice_table(frame: Frame, pieces: Sequence[Piece]) -> FoundTable | None:
    members = inside(frame.box, pieces)
    if len(members) < 3:
        return None
    return make_table(trim_titles(ruled_cells(frame, members)), 1, pieces, ("ruled", 0.9))


def _open_table(region: Region, method: str, pieces: Sequence[Piece]) -> FoundTable | None:
    made = open_cells(region.rows, region.separators, region.rules)
    if made is None:
        return None
    return make_table(*made, pieces, (method, 0.8 if method == "ruled" else 0.6))


def forced_table(pieces: Sequence[Piece], confidence: float) -> FoundTable | None:
    """The table that pieces make when something else says that they are one; None when they have no columns."""
    made = open_cells(text_rows(pieces, gap=1.0), (), ())
    return None if made is None else make_table(*made, pieces, ("unruled", confidence))


def make_table(
    grid: list[GridCell], header_rows: int, pieces: Sequence[Piece], source: tuple[str, float]
) -> FoundTable | None:
    """The table of a grid; None when it does not look like one."""
    complete_spans(grid, pieces)
    cells = finish(grid, header_rows)
    members = [p for cell in grid for p in cell.pieces]
    box = union(p.box for p in members)
    if box is None or not _plausible(cells, len(members)):
        return None
    return FoundTable(box, cells, frozenset((p.line, p.span) for p in members), *source)


def _plausible(cells: Sequence[Cell], pieces: int) -> bool:
    """Whether the cells make a table: two rows and columns, text in a fair share of them, not one long text."""
    filled = [c for c in cells if c.text]
    rows, columns = len({c.row for c in filled}), len({c.column for c in filled})
    if rows < 2 or columns < 2 or len(filled) < max(4, 0.25 * len(cells)) or pieces > 30 * len(filled):
        return False
    longest, total = max(len(c.text) for c in filled), sum(len(c.text) for c in filled)
    first = [c.text for c in filled if c.column == 0]
    bullets = sum(1 for text in first if len(text) <= 3 and not any(map(str.isalnum, text)))
    return not (longest > max(400, 0.6 * total)) and bullets <= 0.5 * len(first)
