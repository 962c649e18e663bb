"""Paragraphs that a column or page break cut in two are joined again."""

from __future__ import annotations

from schemas.content import BlockType
from transforms.assemble.geometry.block_types import Typed
from transforms.assemble.geometry.blocks import SIZE_TOLERANCE
from transforms.assemble.text import HYPHENS

#: Types that may stand between the halves of a paragraph.
BETWEEN = frozenset({BlockType.CAPTION, BlockType.FOOTNOTE, BlockType.FORMULA})
BREAKABLE = frozenset({BlockType.PARAGRAPH, BlockType.LIST_ITEM})


def continue_paragraphs(typed: dict[int, Typed]) -> dict[int, Typed]:
    """The blocks without those that continue an earlier one, which gets their lines."""
    kept: dict[int, Typed] = {}
    open_item: Typed | None = None
    floated = False
    for key, item in typed.items():
        if item.block.label:
            kept[key] = item
            continue
        if open_item is not None and _continues(open_item, item, floated):
            open_item.block.lines.extend(item.block.lines)
            open_item.block.stack = item.block.stack
            open_item.block._text.clear()
            continue
        kept[key] = item
        if open_item is not None and _floats(open_item, item):
            floated = True
            continue
        floated = False
        if item.type in BREAKABLE:
            open_item = item
        elif item.type not in BETWEEN:
            open_item = None
    return kept


def _floats(unfinished: Typed, item: Typed) -> bool:
    """Whether a finished block in another size stands between the halves of an unfinished sentence."""
    a, b = unfinished.block, item.block
    if item.type is not BlockType.PARAGRAPH or a.ends_sentence or not b.ends_sentence:
        return False
    return abs(a.size - b.size) > SIZE_TOLERANCE * a.size


def _continues(first: Typed, second: Typed, floated: bool) -> bool:
    """Whether the second block is the rest of the first, in the next column or on the next page."""
    a, b = first.block, second.block
    if second.type is not BlockType.PARAGRAPH or b.marker is not None:
        return False
    last = a.lines[-1]
    if abs(last.size - b.lines[0].size) > SIZE_TOLERANCE * last.size or a.bold != b.bold:
        return False
    if not 0 <= b.page - last.page <= 1 or not (floated or _breaks_between(first, second)):
        return False
    text, following = last.text, b.text
    if text[-1:] in HYPHENS:
        return True
    return not a.ends_sentence and (following[:1].islower() or a.fills_last_line)


def _breaks_between(first: Typed, second: Typed) -> bool:
    """Whether a column or page ends between the blocks, or something floats between them."""
    last = first.block.lines[-1]
    return (
        second.block.page != last.page or second.block.stack != first.block.stack or second.block.box.y0 < last.box.y0
    )
