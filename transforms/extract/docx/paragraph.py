"""What a paragraph is: the block its style, its numbering and its look make of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schemas.content import BlockType, Span, Style
from transforms.extract.docx.inline import Registers
from transforms.extract.docx.names import W, integer, value
from transforms.extract.docx.numbering import BULLET
from transforms.extract.docx.package import Node
from transforms.extract.docx.styles import BODY_OUTLINE, Look, Role, shade

#: A direct outline level on a longer text structures a paragraph, it does not make a heading.
MAX_OUTLINE_HEADING = 250
#: Confidence of a block that only its typewriter font marks as code.
GUESSED = 0.7


class Shape(NamedTuple):
    """Type, level and marker of a paragraph, and how its runs look by default."""

    type: BlockType
    level: int
    marker: str
    look: Look
    confidence: float = 1.0


def shape_of(paragraph: Node | None, properties: Node | None, registers: Registers) -> Shape:
    """Shape of a paragraph with its w:pPr; call once per paragraph in order, for it advances the numbering."""
    if properties is None:
        return Shape(*registers.styles.role("")[:2], "", registers.styles.role("").look)
    style_id = value(properties, "pStyle")
    role = registers.styles.role(style_id)
    kind, level = _outlined(role, properties, paragraph)
    num_id, depth = _numbering(properties, role, style_id, registers)
    marker = registers.numbering.marker(num_id, depth) if num_id else None
    look = shade(role.look, properties)
    if kind is BlockType.LIST_ITEM:
        return _styled_item(role, num_id, max(level, depth), marker, look)
    if marker and kind is BlockType.PARAGRAPH:
        return Shape(BlockType.LIST_ITEM, depth, marker, look)
    return Shape(kind, level, "" if marker in {None, BULLET} else marker or "", look)


def _styled_item(role: Role, num_id: str, level: int, marker: str | None, look: Look) -> Shape:
    """A paragraph in one of Word's list styles; with the numbering switched off it is plain text."""
    if not num_id:
        return Shape(BlockType.PARAGRAPH, 0, "", look)
    if marker is None:
        marker = BULLET if role.list_kind == "bullet" else ""
    return Shape(BlockType.LIST_ITEM, level, marker, look)


def _outlined(role: Role, properties: Node, paragraph: Node | None) -> tuple[BlockType, int]:
    direct = value(properties, "outlineLvl")
    if not direct or role.type not in {BlockType.PARAGRAPH, BlockType.HEADING}:
        return role.type, role.level
    outline = integer(direct, BODY_OUTLINE)
    if outline >= BODY_OUTLINE:
        return BlockType.PARAGRAPH, 0
    if role.type is BlockType.PARAGRAPH and _length(paragraph) > MAX_OUTLINE_HEADING:
        return BlockType.PARAGRAPH, 0
    return BlockType.HEADING, max(0, outline) + 1


def _length(paragraph: Node | None) -> int:
    return sum(len(node.text or "") for node in paragraph.iter(f"{W}t")) if paragraph is not None else 0


def _numbering(properties: Node, role: Role, style_id: str, registers: Registers) -> tuple[str, int]:
    """(list id, level) of the paragraph: its own setting first, then its style's; ('', 0) for none."""
    direct = properties.find(f"{W}numPr")
    own = value(direct, "numId")
    num_id = own or role.num_id
    if num_id in {"", "0"}:
        return "", 0
    level = value(direct, "ilvl")
    if level:
        return num_id, max(0, integer(level))
    return num_id, 0 if own else registers.numbering.level_of_style(num_id, style_id, role.num_level)


def is_typewritten(spans: Sequence[Span]) -> bool:
    """Whether every visible run is in a fixed-width font."""
    return all(span.style & Style.MONO for span in spans if span.text.strip())
