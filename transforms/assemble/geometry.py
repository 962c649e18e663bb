"""Fixed-layout pages become drafts: the geometry of spans tells lines, columns, blocks, types and reading order."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from schemas.content import BlockType, ExtractedPage, Extraction
from schemas.document import PageSpan
from schemas.geometry import Box, union
from transforms.assemble.draft import Draft
from transforms.assemble.furniture import Furniture, Sheet, find_furniture
from transforms.assemble.geometry_blocks import Pitches, TextBlock, split_column
from transforms.assemble.geometry_drawings import drawings, is_figure_caption
from transforms.assemble.geometry_flow import continue_paragraphs
from transforms.assemble.geometry_images import pictures, with_seen
from transforms.assemble.geometry_lines import (
    PageLines,
    TextLine,
    attach_pieces,
    close_rows,
    merge_rows,
    page_lines,
    turn_box,
)
from transforms.assemble.geometry_typing import Typed, type_blocks
from transforms.assemble.headings import BodyFace
from transforms.assemble.reading_order import reading_order
from transforms.assemble.regions import (
    CERTAIN,
    NO_REGIONS,
    RUNNING_TEXT,
    SURE,
    PageRegions,
    trusted_regions,
    turned_regions,
)
from transforms.assemble.regions import SOURCE as SEEN
from transforms.assemble.regions_figures import seen_figures
from transforms.assemble.regions_tables import weighed_tables
from transforms.assemble.tables import FoundTable, page_box

SOURCE = "geometry"
#: Types of regions whose pieces of a baseline belong together.
JOINED = RUNNING_TEXT | {BlockType.CAPTION, BlockType.FORMULA}
#: Share of the page's width at its sides where turned text is a stamp.
MARGIN = 0.09


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


Stack = list[TextLine | PlacedObject]


@dataclass(frozen=True)
class PageLayout:
    """A page, its lines by role, and the things among them."""

    page: ExtractedPage
    lines: PageLines
    objects: list[PlacedObject]
    regions: PageRegions = NO_REGIONS


def geometry_drafts(extraction: Extraction) -> list[Draft]:
    """Typed drafts of all pages in reading order; running heads open their page, hidden text closes it."""
    layouts = [page_layout(page) for page in extraction.pages]
    body = BodyFace.of(line for layout in layouts for line in layout.lines.flow)
    sheets = [_sheet(layout) for layout in layouts]
    furniture = find_furniture(sheets, body.size)
    stacks = [_page_stacks(layout, furniture, body) for layout in layouts]
    columns = [[item for item in stack if isinstance(item, TextLine)] for page in stacks for stack in page]
    pitches = Pitches(columns)
    flow = [list(_page_flow(page, pitches, layout.regions)) for page, layout in zip(stacks, layouts, strict=True)]
    heights = {layout.page.number: sheet.height for layout, sheet in zip(layouts, sheets, strict=True)}
    blocks = [item for page in flow for item in page if isinstance(item, TextBlock)]
    typed = type_blocks(blocks, body, extraction.outline, heights)
    typed = continue_paragraphs(typed)
    counts = Counter(text for layout in layouts for text in {line.text for line in layout.lines.turned})
    repeated = {text for text, count in counts.items() if count > 1}
    return list(_ordered(layouts, flow, typed, furniture, repeated))


def _sheet(layout: PageLayout) -> Sheet:
    width, height = layout.page.width, layout.page.height
    return Sheet(*((height, width) if layout.lines.quarter % 2 else (width, height)), layout.lines.flow, layout.regions)


def page_layout(page: ExtractedPage) -> PageLayout:
    """Tables and figures found, and the lines that are left."""
    tables = weighed_tables(page)
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


def _page_stacks(layout: PageLayout, furniture: Furniture, body: BodyFace) -> list[Stack]:
    """Columns of the page in reading order; turned text comes last."""
    flow = [line for line in layout.lines.flow if line not in furniture]
    items: Stack = [*_without_labels(flow, layout), *layout.objects]
    return [_merged_stack(stack) for stack in reading_order(items, body.size)]


def _without_labels(flow: Sequence[TextLine], layout: PageLayout) -> list[TextLine]:
    """The lines that stand in no picture; the others become labels of theirs."""
    figures = [item for item in layout.objects if item.draft.type is BlockType.FIGURE]
    if not any(figure.drawn for figure in figures) and not layout.regions.of_type(BlockType.FIGURE):
        return list(flow)
    kept: list[TextLine] = []
    for line in flow:
        seen = layout.regions.at(line.box)
        inside = seen is not None and seen.type is BlockType.FIGURE and seen.confidence >= SURE
        homes = (f for f in figures if (inside or f.drawn) and f.box.contains_centre(line.box))
        home = None if is_figure_caption(line) else next(homes, None)
        (kept if home is None else home.labels).append(line)
    return kept


def _merged_stack(stack: Stack) -> Stack:
    """Fragments of a baseline joined; objects keep their place by their middle."""
    lines: Stack = list(merge_rows(item for item in stack if isinstance(item, TextLine)))
    things = [item for item in stack if isinstance(item, PlacedObject)]
    if not things:
        return lines
    return sorted([*lines, *things], key=lambda item: ((item.box.y0 + item.box.y1) / 2, item.box.x0))


def _page_flow(stacks: Sequence[Stack], pitches: Pitches, regions: PageRegions) -> Iterator[TextBlock | PlacedObject]:
    for number, stack in enumerate(stacks):
        run: list[TextLine] = []
        for item in stack:
            if isinstance(item, TextLine):
                run.append(item)
            else:
                yield from _column_blocks(run, pitches, number, regions)
                run = []
                yield item
                for block in _column_blocks(list(merge_rows(item.labels)), pitches, number):
                    block.label = True
                    yield block
        yield from _column_blocks(run, pitches, number, regions)


def _column_blocks(
    run: list[TextLine], pitches: Pitches, stack: int, regions: PageRegions = NO_REGIONS
) -> list[TextBlock]:
    blocks = split_column(run, pitches, regions) if run else []
    for block in blocks:
        block.stack = stack
    return blocks


def _ordered(
    layouts: Sequence[PageLayout],
    flow: Sequence[Sequence[TextBlock | PlacedObject]],
    typed: dict[int, Typed],
    furniture: Furniture,
    repeated: AbstractSet[str],
) -> Iterator[Draft]:
    for layout, items in zip(layouts, flow, strict=True):
        lines = layout.lines.flow
        heads = [line for line in lines if id(line) in furniture.headers]
        feet = [line for line in lines if id(line) in furniture.footers]
        yield from _line_drafts(heads, BlockType.PAGE_HEADER)
        for item in items:
            if isinstance(item, PlacedObject):
                yield item.draft
            elif id(item) in typed:
                yield block_draft(typed[id(item)])
        yield from _turned_drafts(layout, repeated)
        yield from _line_drafts(feet, BlockType.PAGE_FOOTER)
        yield from _line_drafts(layout.lines.hidden, BlockType.HIDDEN)


def _turned_drafts(layout: PageLayout, repeated: AbstractSet[str]) -> Iterator[Draft]:
    """Slanted text, text in the margin and text that comes back on other pages belongs to the page."""
    for line in layout.lines.turned:
        margin = MARGIN * layout.page.width
        aside = line.box.x1 < margin or line.box.x0 > layout.page.width - margin
        slanted = line.direction == -1
        furniture = slanted or aside or line.text in repeated
        yield from _line_drafts([line], BlockType.PAGE_HEADER if furniture else BlockType.PARAGRAPH)


def _line_drafts(lines: Sequence[TextLine], kind: BlockType) -> Iterator[Draft]:
    """One draft per line, top to bottom."""
    for line in sorted(lines, key=lambda line: (line.box.y0, line.box.x0)):
        spans = tuple(PageSpan(line.page, span) for span in line.spans)
        yield Draft(type=kind, page=line.page, spans=spans, box=line.box, source=SOURCE)


def block_draft(typed: Typed) -> Draft:
    """The draft of a block; the spans of its marker are left out."""
    lines = typed.lines()
    spans = tuple(PageSpan(page, span, number) for number, (page, line) in enumerate(lines) for span in line)
    first = [part.span.box for part in spans if part.page == typed.block.page and part.span.box is not None]
    return Draft(
        type=typed.type,
        page=typed.block.page,
        spans=spans,
        level=typed.level,
        marker=typed.marker,
        box=union(first),
        confidence=typed.confidence,
        source=typed.source,
    )
