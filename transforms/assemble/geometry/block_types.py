"""Types for all blocks of a document: captions, notes and listings first, then headings, then list items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from schemas.content import BlockType, OutlineEntry, Span, Style
from transforms.assemble.evidence.regions import SOURCE
from transforms.assemble.geometry.blocks import TextBlock
from transforms.assemble.geometry.headings import LARGER, BodyFace, Outline, find_title, heading_levels, is_heading
from transforms.assemble.geometry.lines import TextLine, make_line
from transforms.assemble.geometry.looks import (
    is_caption,
    is_code,
    is_formula,
    is_name_list,
    note_marker,
    raised_marker,
    seen_type,
)
from transforms.assemble.geometry.markers import without_prefix

_SUPERSCRIPT = int(Style.SUPERSCRIPT)
#: Indents closer than this, in points, are the same nesting depth.
SAME_INDENT = 3.0
#: How transcripts begin what is asked and what is answered.
QUESTION_AND_ANSWER = frozenset({"Q.", "A."})


@dataclass
class Typed:
    """A block and what it is."""

    block: TextBlock
    type: BlockType
    level: int = 0
    marker: str = ""
    #: Raw characters of the first line that the marker takes.
    prefix: int = 0
    confidence: float = 0.8
    #: What decided the type.
    source: str = "geometry"

    def lines(self) -> list[tuple[int, tuple[Span, ...]]]:
        """Page and spans of each line, without the marker."""
        lines = [(line.page, line.spans) for line in self.block.lines]
        if self.prefix:
            lines[0] = (lines[0][0], without_prefix(lines[0][1], self.prefix))
        return lines


def type_blocks(
    blocks: Sequence[TextBlock], body: BodyFace, entries: Sequence[OutlineEntry], heights: Mapping[int, float]
) -> dict[int, Typed]:
    """Every block with its type, by identity of the block, in the given order."""
    typed = {id(block): _by_look(block, body, heights[block.page]) for block in blocks}
    outline = Outline(entries)
    open_blocks = [b for b in blocks if typed[id(b)].type is BlockType.PARAGRAPH and not b.label]
    headings = [block for block in open_blocks if is_heading(block, body, outline)]
    _set_headings(typed, headings, body, outline)
    _set_list_items([typed[id(block)] for block in blocks])
    _drop_references(list(typed.values()))
    return typed


def _drop_references(items: Sequence[Typed]) -> None:
    """Raised numbers that point to a footnote of their page leave the text, as list markers do."""
    notes = {(item.block.page, item.marker) for item in items if item.type is BlockType.FOOTNOTE}
    if not notes:
        return
    for item in items:
        if item.type is not BlockType.FOOTNOTE:
            item.block.lines = [_without_references(line, notes) for line in item.block.lines]


def _without_references(line: TextLine, notes: AbstractSet[tuple[int, str]]) -> TextLine:
    kept = tuple(
        span for span in line.spans if not (span.style & _SUPERSCRIPT and (line.page, span.text.strip()) in notes)
    )
    return line if len(kept) in {0, len(line.spans)} else make_line(line.page, line.box, kept)


def _by_look(block: TextBlock, body: BodyFace, height: float) -> Typed:
    if is_code(block):
        return Typed(block, BlockType.CODE)
    if is_caption(block, body):
        return Typed(block, BlockType.CAPTION)
    if block.label:
        return Typed(block, BlockType.PARAGRAPH)
    marker = note_marker(block, body, height)
    if marker:
        return _note(block, marker)
    return Typed(block, BlockType.FORMULA) if is_formula(block) else _as_seen(block, body, height)


def _as_seen(block: TextBlock, body: BodyFace, height: float) -> Typed:
    """A block that looks like a paragraph, as a layout model sees it."""
    kind = seen_type(block, body, height)
    if kind is BlockType.PARAGRAPH or block.seen is None:
        return Typed(block, BlockType.PARAGRAPH)
    marker = raised_marker(block) if kind is BlockType.FOOTNOTE else ""
    typed = _note(block, marker) if marker else Typed(block, kind)
    typed.source, typed.confidence = SOURCE, block.seen.weight
    return typed


def _note(block: TextBlock, marker: str) -> Typed:
    raw = "".join(span.text for span in block.lines[0].spans)
    start = len(raw) - len(raw.lstrip())
    if not raw.startswith(marker, start):
        # The file writes it in another way: it stays in the text.
        return Typed(block, BlockType.FOOTNOTE, marker=marker)
    end = start + len(marker)
    while end < len(raw) and raw[end] in ".):":
        end += 1
    return Typed(block, BlockType.FOOTNOTE, marker=marker, prefix=end)


def _set_headings(typed: dict[int, Typed], headings: Sequence[TextBlock], body: BodyFace, outline: Outline) -> None:
    title = find_title(headings, body)
    rest = [block for block in headings if block is not title and not _is_byline(block, title, body)]
    if title is not None:
        typed[id(title)].type, typed[id(title)].level = BlockType.TITLE, 1
    levels = heading_levels(rest, outline, body.color)
    for block in rest:
        typed[id(block)].type = BlockType.HEADING
        if block.seen_as(BlockType.HEADING, BlockType.TITLE):
            typed[id(block)].confidence = max(typed[id(block)].confidence, block.seen.weight if block.seen else 0.0)
        # Sections stand below the title.
        typed[id(block)].level = min(9, levels[id(block)] + (title is not None))


def _is_byline(block: TextBlock, title: TextBlock | None, body: BodyFace) -> bool:
    """Authors and dates under the title: lists of names, or in the body's size and weight, whatever their colour."""
    if title is None or block.page != title.page or not 0 <= block.box.y0 - title.box.y1 < 4 * body.size:
        return False
    return is_name_list(block.text) or (block.size <= LARGER * body.size and not block.bold)


def _set_list_items(items: Sequence[Typed]) -> None:
    """Items of a list nest by the indent of their markers."""
    indents: list[float] = []
    speakers = _speakers(items)
    for index, item in enumerate(items):
        marker = item.block.marker
        if marker is not None and marker.text in speakers:
            marker = None
        if item.type is not BlockType.PARAGRAPH or item.block.label or marker is None or not _is_item(items, index):
            if item.type is not BlockType.PARAGRAPH or item.block.lines[0].box.x0 < min(indents, default=0.0) + 1:
                indents = []
            continue
        if indents and item.block.opens_column:
            indents = []
        while indents and marker.x < indents[-1] - SAME_INDENT:
            indents.pop()
        if not indents or marker.x > indents[-1] + SAME_INDENT:
            indents.append(marker.x)
        item.type, item.level = BlockType.LIST_ITEM, len(indents) - 1
        item.marker, item.prefix = marker.text, marker.length


def _speakers(items: Sequence[Typed]) -> frozenset[str]:
    """What would be markers, but says who asks and who answers in a transcript: no list has Q again and again."""
    counts = Counter(item.block.marker.text for item in items if item.block.marker is not None)
    return QUESTION_AND_ANSWER if min(counts[text] for text in QUESTION_AND_ANSWER) > 1 else frozenset()


def _is_item(items: Sequence[Typed], index: int) -> bool:
    """A marker that may be text is one if its neighbour has one too, or the block hangs on it."""
    block = items[index].block
    marker = block.marker
    if marker is None or marker.certain:
        return marker is not None
    if block.seen_as(BlockType.LIST_ITEM):
        return True
    neighbours = [items[i].block.marker for i in (index - 1, index + 1) if 0 <= i < len(items)]
    if any(other is not None and other.ordered == marker.ordered for other in neighbours):
        return True
    return len(block.lines) > 1 and all(line.box.x0 > marker.x + 0.8 * line.size for line in block.lines[1:])
