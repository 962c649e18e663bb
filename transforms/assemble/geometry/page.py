"""A page in parts: its tables, its pictures, and the lines that are left."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.content import BlockType, ExtractedPage, Line
from schemas.geometry import Box
from transforms.assemble.draft import Draft
from transforms.assemble.evidence.figures import seen_figures
from transforms.assemble.evidence.regions import (
    CERTAIN,
    NO_REGIONS,
    RUNNING_TEXT,
    PageRegions,
    trusted_regions,
    turned_regions,
)
from transforms.assemble.evidence.regions import SOURCE as SEEN
from transforms.assemble.evidence.weigh_tables import weighed_tables
from transforms.assemble.geometry.drawings import drawings
from transforms.assemble.geometry.images import pictures, with_seen
from transforms.assemble.geometry.line_numbers import part_line_numbers
from transforms.assemble.geometry.lines import PageLines, TextLine, attach_pieces, close_rows, page_lines, turn_box
from transforms.assemble.setbacks import Setbacks
from transforms.assemble.tables.finder import FoundTable, find_tables, page_box

SOURCE = "geometry"
#: Types of regions whose pieces of a baseline belong together.
JOINED = RUNNING_TEXT | {BlockType.CAPTION, BlockType.FORMULA}


@dataclass(frozen=True)
class PlacedObject:
    """A table or figure in the flow."""

    box: Box
    draft: Draft
    text: str = ""
    #: Words inside a picture.
    labels: list[TextLine] = field(default_factory=list)
    #: A picture made of vectors: all words inside it are labels.
    drawn: bool = False


@dataclass(frozen=True)
class PageLayout:
    """A page, its lines by role, and the things among them."""

    page: ExtractedPage
    lines: PageLines
    objects: list[PlacedObject]
    regions: PageRegions = NO_REGIONS
    #: Columns of numbers that count the lines of the text.
    line_numbers: list[list[Line]] = field(default_factory=list)


def laid_out(page: ExtractedPage, setbacks: Setbacks) -> PageLayout:
    """The layout of a page or, where that raises, its lines alone."""
    whole = page
    page, numbers = setbacks.attempt(
        "line numbers are not told apart from the text",
        whole.number,
        lambda: part_line_numbers(whole),
        lambda: (whole, []),
    )
    found = setbacks.attempt(
        "tables and pictures are not told apart from the text",
        page.number,
        lambda: page_layout(page, _tables(page, setbacks)),
        lambda: PageLayout(page, page_lines(page), []),
    )
    return dataclasses.replace(found, line_numbers=numbers)


def _tables(page: ExtractedPage, setbacks: Setbacks) -> list[FoundTable]:
    """The tables of a page; those of geometry alone where what a model saw raises, none where that raises too."""
    lost, number = "tables are not told apart from the text", page.number
    if not page.regions:
        return setbacks.attempt(lost, number, lambda: find_tables(page), list)
    return setbacks.attempt(
        "the tables that the layout model saw are left out",
        number,
        lambda: weighed_tables(page),
        lambda: setbacks.attempt(lost, number, lambda: find_tables(page), list),
    )


def page_layout(page: ExtractedPage, tables: Sequence[FoundTable]) -> PageLayout:
    """The tables, the figures found, and the lines that are left."""
    taken = frozenset(ref for table in tables for ref in table.lines)
    lines = page_lines(page, taken)
    drafts = [_table_draft(page.number, table) for table in tables]
    seen = PageRegions(trusted_regions(page))
    images = with_seen(pictures(page), (region.box for region in seen.of_type(BlockType.FIGURE)))
    drafts += [_figure_draft(page.number, box) for box in images]
    known = [draft.box for draft in drafts if draft.box]
    drawn = drawings(page.vectors, [] if lines.quarter else lines.flow, page_box(page), known)
    drafts += [_figure_draft(page.number, box) for box in drawn]
    known += drawn
    for box, confidence in seen_figures(seen, page.vectors, page_box(page), known):
        drafts.append(_figure_draft(page.number, box, SEEN, confidence))
    objects = [
        PlacedObject(turn_box(draft.box, lines.quarter, page), draft, drawn=draft.box in drawn)
        for draft in drafts
        if draft.box
    ]
    regions = turned_regions(page, lines.quarter)
    flow = join_in_regions(attach_pieces(lines.flow), regions)
    return PageLayout(page, dataclasses.replace(lines, flow=flow), objects, regions)


def join_in_regions(lines: list[TextLine], regions: PageRegions) -> list[TextLine]:
    """Pieces of one baseline that stand close in the same text become one line, before columns are sought."""
    if not regions:
        return lines
    homes: dict[int, list[TextLine]] = {}
    for line in lines:
        seen = regions.at(line.box)
        joins = seen is not None and seen.type in JOINED and seen.confidence >= CERTAIN
        homes.setdefault(id(seen) if joins else 0, []).append(line)
    joined = [line for home, found in homes.items() if home for line in close_rows(found)]
    return homes.get(0, []) + joined


def _table_draft(page: int, table: FoundTable) -> Draft:
    return Draft(
        type=BlockType.TABLE,
        page=page,
        cells=table.cells,
        box=table.box,
        confidence=table.confidence,
        source=table.source,
    )


def _figure_draft(page: int, box: Box, source: str = SOURCE, confidence: float = 1.0) -> Draft:
    return Draft(type=BlockType.FIGURE, page=page, box=box, source=source, confidence=confidence)
