"""Tables that geometry found, weighed against the tables and the text that a layout model sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from schemas.content import BlockType, ExtractedPage, Region
from transforms.assemble.evidence.grid import model_cells
from transforms.assemble.evidence.regions import CERTAIN, RUNNING_TEXT, SOURCE, SURE, PageRegions, trusted_regions
from transforms.assemble.tables.finder import FoundTable, forced_table, make_table, page_box, tables_among, tables_of
from transforms.assemble.tables.grid import all_chunks, is_title
from transforms.assemble.tables.rules import Frame, page_frames
from transforms.assemble.tables.text import Piece, TextRow, page_pieces, text_rows

GRID_SOURCE = "table-model"
#: Types of text that no table holds.
DENYING = RUNNING_TEXT | {BlockType.CAPTION, BlockType.FIGURE, BlockType.FORMULA}
#: A table is dropped when this share of its text is sure to be something else: without rules, and with them.
DENIED_UNRULED, DENIED_RULED = 0.7, 0.9
#: Extents agree when they share this part of their text.
AGREED = 0.9
#: Rules that leave out this share of the text of a region, above and below, still tell the table.
LEFT_OUT = 0.4
#: A row of one chunk with more characters than this is no row of a table.
PROSE_CHARS = 60
#: Nor is one in type that is larger than that of the table by this factor.
HEADING_SIZE = 1.3
_WORD_GAP = 1.0
#: Share of the text of a region that a table within it has to take up to be the table that the model sees.
COMPLETE = 0.9
#: Larger tables are not read again.
MAX_TABLE_PIECES = 3000

Ref = tuple[int, int]


@dataclass(frozen=True)
class _Text:
    """Pieces of a page with the regions that they stand in."""

    pieces: Sequence[Piece]
    homes: dict[Ref, Region]

    def inside(self, region: Region) -> list[Piece]:
        """Pieces of a region, and of what is nested in it."""
        return [p for p in self.pieces if self.homes.get((p.line, p.span)) is region]

    def share(self, refs: frozenset[Ref], types: frozenset[BlockType], least: float) -> float:
        """Share of the spans that stand in such regions."""
        homes = [self.homes.get(ref) for ref in refs]
        return sum(home is not None and home.type in types and home.confidence >= least for home in homes) / len(refs)


def weighed_tables(page: ExtractedPage) -> list[FoundTable]:
    """Tables of a page, top to bottom; geometry alone decides where the model saw nothing."""
    pieces = page_pieces(page)
    found = tables_of(page, pieces)
    if not page.regions:
        return found
    regions = PageRegions(trusted_regions(page))
    homes = {(p.line, p.span): home for p in pieces if (home := regions.at(p.box)) is not None}
    text = _Text(pieces, homes)
    seen = [region for region in regions.of_type(BlockType.TABLE) if _is_worth_reading(text.inside(region))]
    kept = [table for table in found if not _is_denied(table, text)]
    for region in seen:
        kept = _settled(page, region, kept, text)
    return sorted(kept, key=lambda t: (t.box.y0, t.box.x0))


def _is_worth_reading(pieces: Sequence[Piece]) -> bool:
    return 3 <= len(pieces) <= MAX_TABLE_PIECES


def _is_denied(table: FoundTable, text: _Text) -> bool:
    """Whether the model is sure that the text of a table is something else."""
    ruled = table.method == "ruled"
    share = text.share(table.lines, DENYING, CERTAIN if ruled else SURE)
    return share >= (DENIED_RULED if ruled else DENIED_UNRULED)


def _settled(page: ExtractedPage, region: Region, tables: list[FoundTable], text: _Text) -> list[FoundTable]:
    """The tables with the one that the model sees in `region`, as far as geometry does not know better."""
    pieces = without_prose(text.inside(region))
    touching = [table for table in tables if any((p.line, p.span) in table.lines for p in pieces)]
    swallows = any(_swallows(table, pieces, text) for table in touching)
    if touching and not swallows and (_is_well_read(touching, pieces) or _reaches_further(touching, pieces, text)):
        return tables
    made = _table_within(page, region, pieces)
    if made is None:
        return tables
    return [*(table for table in tables if not table.lines & made.lines), made]


def without_prose(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces of a table without titles, notes and prose above and below it, which the model often takes in."""
    rows = text_rows(pieces, gap=_WORD_GAP)
    usual = median(piece.size for piece in pieces) if pieces else 0.0
    start, stop = 0, len(rows)
    while start < stop and _is_prose(rows[start], usual):
        start += 1
    while stop > start and _is_prose(rows[stop - 1], usual):
        stop -= 1
    dropped = {(p.line, p.span) for chunk in all_chunks([*rows[:start], *rows[stop:]]) for p in chunk.pieces}
    kept = (piece for chunk in all_chunks(rows[start:stop]) for piece in chunk.pieces)
    # A span is taken whole or not at all.
    return [piece for piece in kept if (piece.line, piece.span) not in dropped]


def _is_prose(row: TextRow, usual: float) -> bool:
    text = row.chunks[0].text
    return len(row.chunks) == 1 and (len(text) > PROSE_CHARS or is_title(text) or row.size > HEADING_SIZE * usual)


def _is_well_read(tables: Sequence[FoundTable], pieces: Sequence[Piece]) -> bool:
    """Whether geometry took what the model sees, or left out nothing but rows above and below its rules."""
    members = frozenset((p.line, p.span) for p in pieces)
    if any(len(table.lines & members) >= AGREED * len(table.lines | members) for table in tables):
        return True
    ruled = [table for table in tables if table.method == "ruled" and table.lines <= members]
    taken = frozenset(ref for table in ruled for ref in table.lines)
    left = [p for p in pieces if (p.line, p.span) not in taken]
    return len(left) <= LEFT_OUT * len(pieces) and not any(
        table.box.y0 < p.middle < table.box.y1 for p in left for table in ruled
    )


def _swallows(table: FoundTable, pieces: Sequence[Piece], text: _Text) -> bool:
    """Whether a table holds a heading or a caption beside what the model sees as the table."""
    beyond = table.lines - {(p.line, p.span) for p in pieces}
    homes = [home for ref in beyond if (home := text.homes.get(ref)) is not None]
    return any(home.type in {BlockType.HEADING, BlockType.CAPTION} and home.confidence >= CERTAIN for home in homes)


def _reaches_further(tables: Sequence[FoundTable], pieces: Sequence[Piece], text: _Text) -> bool:
    """Whether rules tell a table that holds all that the model sees, and more rows of several cells: its header."""
    members = {(p.line, p.span) for p in pieces}
    table = max(tables, key=lambda t: len(t.lines))
    if table.method != "ruled" or not members <= table.lines:
        return False
    beyond = text_rows((p for p in text.pieces if (p.line, p.span) in table.lines - members), gap=_WORD_GAP)
    return all(len(row.chunks) > 1 for row in beyond)


def _table_within(page: ExtractedPage, region: Region, pieces: Sequence[Piece]) -> FoundTable | None:
    """The table of a region: as its rules and columns tell when they tell all of it, else by the model's grid."""
    members = {(p.line, p.span) for p in pieces}
    frames = [frame for frame in page_frames(page.vectors, pieces, page_box(page)) if _touches(frame, region)]
    read = [table for table in tables_among(pieces, frames) if len(table.lines) >= COMPLETE * len(members)]
    if read:
        return replace(read[0], source=SOURCE, confidence=max(read[0].confidence, region.confidence))
    grid = model_cells(region, pieces, [rule for frame in frames for rule in frame.horizontal])
    if grid is not None:
        table = make_table(*grid, pieces, ("model", region.confidence))
        if table is not None:
            return replace(table, source=GRID_SOURCE)
    table = forced_table(pieces, region.confidence)
    return None if table is None else replace(table, source=SOURCE)


def _touches(frame: Frame, region: Region) -> bool:
    return frame.box.y1 > region.box.y0 - 6 and frame.box.y0 < region.box.y1 + 6
