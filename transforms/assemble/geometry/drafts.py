"""Fixed-layout pages become drafts: the geometry of spans tells lines, columns, blocks, types and reading order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from schemas.content import BlockType, Extraction, Line
from schemas.document import PageSpan
from schemas.geometry import union
from transforms.assemble.draft import Draft
from transforms.assemble.evidence.regions import NO_REGIONS, SURE, PageRegions
from transforms.assemble.geometry.block_types import Typed, type_blocks
from transforms.assemble.geometry.blocks import Pitches, TextBlock, split_column
from transforms.assemble.geometry.drawings import is_figure_caption
from transforms.assemble.geometry.furniture import Furniture, Sheet, find_furniture
from transforms.assemble.geometry.headings import BodyFace
from transforms.assemble.geometry.lines import TextLine, merge_rows, page_lines
from transforms.assemble.geometry.page import SOURCE, PageLayout, PlacedObject, laid_out
from transforms.assemble.geometry.paragraphs import continue_paragraphs
from transforms.assemble.geometry.reading_order import reading_order
from transforms.assemble.setbacks import Setbacks
from transforms.assemble.text import line_text, normalise

#: Share of the page's width at its sides where turned text is a stamp.
MARGIN = 0.09


Stack = list[TextLine | PlacedObject]


def geometry_drafts(extraction: Extraction, setbacks: Setbacks | None = None) -> list[Draft]:
    """Typed drafts of all pages in reading order; running heads open their page, hidden text closes it.

    A page whose tables, pictures or columns cannot be found goes on without them; `setbacks` tells.
    """
    setbacks = setbacks or Setbacks()
    layouts = [laid_out(page, setbacks) for page in extraction.pages]
    body = BodyFace.of(line for layout in layouts for line in layout.lines.flow)
    sheets = [_sheet(layout) for layout in layouts]
    furniture = find_furniture(sheets, body.size)
    stacks = [_stacks(layout, furniture, body, setbacks) for layout in layouts]
    columns = [[item for item in stack if isinstance(item, TextLine)] for page in stacks for stack in page]
    pitches = Pitches(columns)
    flow = [_flow(page, pitches, layout, setbacks) for page, layout in zip(stacks, layouts, strict=True)]
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


def plain_drafts(extraction: Extraction) -> Iterator[Draft]:
    """Every line of the file as a paragraph, in the order of the file: where nothing else can be made of the pages."""
    for page in extraction.pages:
        lines = page_lines(page)
        yield from _line_drafts([*lines.flow, *lines.turned], BlockType.PARAGRAPH, in_order=False)
        yield from _line_drafts(lines.hidden, BlockType.HIDDEN, in_order=False)


def _stacks(layout: PageLayout, furniture: Furniture, body: BodyFace, setbacks: Setbacks) -> list[Stack]:
    """The columns of a page; one in the order of the file where that raises."""
    return setbacks.attempt(
        "the columns are not told apart",
        layout.page.number,
        lambda: _page_stacks(layout, furniture, body),
        lambda: [_as_in_the_file(layout, furniture)],
    )


def _as_in_the_file(layout: PageLayout, furniture: Furniture) -> Stack:
    for item in layout.objects:
        item.labels.clear()
    return [*(line for line in layout.lines.flow if line not in furniture), *layout.objects]


def _flow(
    stacks: Sequence[Stack], pitches: Pitches, layout: PageLayout, setbacks: Setbacks
) -> list[TextBlock | PlacedObject]:
    """The blocks of a page; each line is one where that raises."""
    return setbacks.attempt(
        "the lines are not joined to paragraphs",
        layout.page.number,
        lambda: list(_page_flow(stacks, pitches, layout.regions)),
        lambda: [block for stack in stacks for item in stack for block in _alone(item)],
    )


def _alone(item: TextLine | PlacedObject) -> Iterator[TextBlock | PlacedObject]:
    if isinstance(item, TextLine):
        yield TextBlock([item], (item.box.x0, item.box.x1))
        return
    yield item
    for line in item.labels:
        yield TextBlock([line], (line.box.x0, line.box.x1), label=True)


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
        yield from (_column_draft(layout.page.number, column) for column in layout.line_numbers)
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


def _line_drafts(lines: Sequence[TextLine], kind: BlockType, in_order: bool = True) -> Iterator[Draft]:
    """One draft per line, top to bottom."""
    for line in sorted(lines, key=lambda line: (line.box.y0, line.box.x0)) if in_order else lines:
        spans = tuple(PageSpan(line.page, span) for span in line.spans)
        yield Draft(type=kind, page=line.page, spans=spans, box=line.box, source=SOURCE)


def _column_draft(page: int, column: Sequence[Line]) -> Draft:
    """Numbers that count lines: no text of the page, but not lost either."""
    spans = tuple(PageSpan(page, span, number) for number, line in enumerate(column) for span in line.spans)
    box = union(line.box for line in column)
    return Draft(type=BlockType.PAGE_HEADER, page=page, spans=spans, box=box, source=SOURCE)


def block_draft(typed: Typed) -> Draft:
    """The draft of a block; the spans of its marker are left out. A number with nothing behind it is text."""
    lines = typed.lines()
    if any(map(str.isalnum, typed.marker)) and not any(normalise(line_text(line)).strip() for _, line in lines if line):
        typed = replace(typed, type=BlockType.PARAGRAPH, marker="", prefix=0)
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
