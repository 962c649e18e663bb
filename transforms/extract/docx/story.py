"""A story (body, header, note, text box, cell) as blocks in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from docx.opc.rel import Relationships

from schemas.content import Block, BlockType, Cell, Image, Span
from transforms.extract.docx.drawing import Picture, TextBox, WordArt, chosen
from transforms.extract.docx.inline import CommentMark, Formula, InlineReader, Piece, Registers
from transforms.extract.docx.math import linear_math
from transforms.extract.docx.names import MC, M, W
from transforms.extract.docx.numbering import BULLET
from transforms.extract.docx.package import Node
from transforms.extract.docx.paragraph import GUESSED, Shape, is_typewritten, shape_of
from transforms.extract.docx.table import WRAPPERS, is_plausible, read_cells

SOURCE = "docx"
#: Blocks that stand beside a cell's text, not in it.
_OUTSIDE_CELLS = frozenset({BlockType.HIDDEN, BlockType.COMMENT})


@dataclass
class _Parts:
    """Blocks of one paragraph while its pieces come in: finished ones, open text, and what follows the text."""

    shape: Shape
    done: list[Block] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    after: list[Block] = field(default_factory=list)


class StoryReader:
    """Reads stories of one part; pictures are collected in `images`."""

    def __init__(
        self,
        registers: Registers,
        relationships: Relationships,
        images: list[Image],
        comments: dict[str, tuple[Span, ...]] | None = None,
        backed: bool = False,
    ) -> None:
        self._registers = registers
        self._inline = InlineReader(registers, relationships)
        self._images = images
        self._comments = comments or {}
        # Whether something other than the white page lies behind the text.
        self._backed = backed
        # Pieces of a paragraph whose mark was deleted: they belong to the next paragraph.
        self._carried: list[Piece] = []

    def blocks(self, container: Node) -> list[Block]:
        """Blocks of everything inside `container`."""
        blocks: list[Block] = []
        self._walk(container, blocks)
        if self._carried:
            carried, self._carried = self._carried, []
            blocks += self._paragraph_blocks(carried, shape_of(None, None, self._registers))
        return blocks

    def _walk(self, container: Node, blocks: list[Block]) -> None:
        for node in container:
            tag = node.tag
            if tag == f"{W}p":
                blocks += self._paragraph(node)
            elif tag == f"{W}tbl":
                blocks += self._table(node)
            elif tag in WRAPPERS:
                self._walk(node, blocks)
            elif tag == f"{MC}AlternateContent":
                branch = chosen(node)
                self._walk(branch if branch is not None else (), blocks)
            elif tag in {f"{M}oMath", f"{M}oMathPara"}:
                blocks += _formula_blocks(linear_math(node))

    def _paragraph(self, node: Node) -> list[Block]:
        properties = node.find(f"{W}pPr")
        shape = shape_of(node, properties, self._registers)
        look = shape.look._replace(shaded=True) if self._backed else shape.look
        pieces = self._carried + self._inline.read(node, look)
        self._carried = []
        if _mark_is_deleted(properties):
            self._carried = pieces
            return []
        return self._paragraph_blocks(pieces, shape)

    def _paragraph_blocks(self, pieces: Sequence[Piece], shape: Shape) -> list[Block]:
        parts = _Parts(shape)
        alone = not any(isinstance(piece, Span) and piece.text.strip() for piece in pieces)
        for piece in pieces:
            if isinstance(piece, Span):
                parts.spans.append(piece)
            elif isinstance(piece, Formula):
                self._add_formula(parts, piece, alone)
            else:
                self._anchor(parts, piece)
        _close_text(parts)
        return parts.done + parts.after

    def _add_formula(self, parts: _Parts, formula: Formula, alone: bool) -> None:
        if alone or formula.display:
            _close_text(parts)
            parts.done += _formula_blocks(formula.text)
            # What follows a displayed formula continues the paragraph without its marker.
            if parts.shape.type is BlockType.LIST_ITEM and not alone:
                parts.shape = parts.shape._replace(type=BlockType.PARAGRAPH, level=0, marker="")
        else:
            parts.spans.append(Span(formula.text, None, size=parts.shape.look.size))

    def _anchor(self, parts: _Parts, piece: Picture | TextBox | WordArt | CommentMark) -> None:
        if isinstance(piece, Picture):
            self._images.append(piece.image)
            described = tuple(Span(text) for text in (piece.image.alt,) if text)
            figure = Block(type=BlockType.FIGURE, spans=described, source=SOURCE)
            # A picture in front of the text comes first, one inside the text must not tear it apart.
            (parts.after if _has_text(parts.spans) else parts.done).append(figure)
        elif isinstance(piece, TextBox):
            parts.after += self._boxed(piece.content)
        elif isinstance(piece, WordArt):
            parts.after.append(Block(type=BlockType.PARAGRAPH, spans=(Span(piece.text),), source=SOURCE))
        elif spans := self._comments.get(piece.comment_id, ()):
            parts.after.append(Block(type=BlockType.COMMENT, spans=spans, source=SOURCE))

    def _boxed(self, content: Node, backed: bool = True) -> list[Block]:
        """Blocks of a text box or a cell; its background may be coloured although its text does not say so."""
        outer, self._backed = self._backed, self._backed or backed
        carried, self._carried = self._carried, []
        blocks = self.blocks(content)
        self._backed, self._carried = outer, carried
        return blocks

    def _table(self, node: Node) -> list[Block]:
        backed = _is_coloured(node)
        beside: list[Block] = []

        def cell_text(cell: Node) -> str:
            inside = self._boxed(cell, backed)
            beside.extend(block for block in inside if block.type in _OUTSIDE_CELLS)
            figures.extend(block for block in inside if block.type is BlockType.FIGURE)
            return cell_content(inside)

        figures: list[Block] = []
        cells = read_cells(node, cell_text)
        if not any(cell.text for cell in cells):
            return figures + beside
        if not is_plausible(cells):
            return _row_paragraphs(cells) + beside
        return [Block(type=BlockType.TABLE, cells=cells, source=SOURCE), *beside]


def cell_content(blocks: Sequence[Block]) -> str:
    """Text of a cell: a line per block, with the numbers of ordered lists; nested tables a line per row."""
    lines = []
    for block in blocks:
        if block.type is BlockType.TABLE:
            lines.append(_flat_table(block.cells))
        elif block.type is not BlockType.FIGURE and block.type not in _OUTSIDE_CELLS:
            marker = "" if block.marker in {"", BULLET} else f"{block.marker} "
            lines.append(marker + "".join(span.text for span in block.spans).strip())
    return "\n".join(lines)


def _flat_table(cells: Sequence[Cell]) -> str:
    rows: dict[int, list[str]] = {}
    for cell in cells:
        rows.setdefault(cell.row, []).append(" ".join(cell.text.split()))
    return "\n".join("\t".join(row) for _, row in sorted(rows.items()))


def _row_paragraphs(cells: Sequence[Cell]) -> list[Block]:
    lines = _flat_table(cells).split("\n")
    return [Block(type=BlockType.PARAGRAPH, spans=(Span(line),), source=SOURCE) for line in lines if line.strip()]


def _is_coloured(table: Node) -> bool:
    """Whether a table style or any shading may lie behind white text."""
    return table.find(f"{W}tblPr/{W}tblStyle") is not None or next(table.iter(f"{W}shd"), None) is not None


def _mark_is_deleted(properties: Node | None) -> bool:
    mark = properties.find(f"{W}rPr") if properties is not None else None
    return mark is not None and mark.find(f"{W}del") is not None


def _has_text(spans: Sequence[Span]) -> bool:
    return any(span.text.strip() for span in spans)


def _formula_blocks(text: str) -> list[Block]:
    return [Block(type=BlockType.FORMULA, spans=(Span(text),), source=SOURCE)] if text else []


def _close_text(parts: _Parts) -> None:
    """Turns the open spans into a block, and the hidden ones among them into a block of their own."""
    spans, parts.spans = parts.spans, []
    visible = tuple(span for span in spans if not span.hidden)
    concealed = tuple(span for span in spans if span.hidden)
    if _has_text(visible):
        kind, confidence = parts.shape.type, parts.shape.confidence
        if kind is BlockType.PARAGRAPH and is_typewritten(visible):
            kind, confidence = BlockType.CODE, GUESSED
        parts.done.append(
            Block(
                type=kind,
                spans=visible,
                level=parts.shape.level,
                marker=parts.shape.marker,
                confidence=confidence,
                source=SOURCE,
            )
        )
    if _has_text(concealed):
        parts.done.append(Block(type=BlockType.HIDDEN, spans=concealed, source=SOURCE))
