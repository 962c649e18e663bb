"""Walks an HTML tree once, without recursion, and writes its blocks in reading order."""

from __future__ import annotations

from urllib.parse import urljoin

import msgspec
from lxml import etree

from schemas.content import Block, BlockType, Image, Link, Span
from transforms.extract.html.context import Context, derive_context
from transforms.extract.html.inline import InlineText
from transforms.extract.html.style import Look
from transforms.extract.html.table import TableBuilder, holds_data
from transforms.extract.html.tags import BLOCKS, BREAKERS, DROPPED, SPACED, TYPED_INPUTS
from transforms.extract.html.tree import Survey, survey

_SPACER_PIXELS = 2


class FlowWriter:
    """Blocks, images and links of one document."""

    def __init__(self, facts: Survey, source: str) -> None:
        self.blocks: list[Block] = []
        self.images: list[Image] = []
        self.links: list[Link] = []
        self._facts = facts
        self._source = source
        self._inline = InlineText()
        self._owner = Context()
        self._hidden = InlineText()
        self._hidden_reason = ""
        #: Blocks that stand inside running text; they follow it.
        self._pending: list[Block] = []
        self._table: TableBuilder | None = None

    def write(self, root: etree._Element) -> None:
        """Walk the tree under `root`."""
        background = "" if self._facts.styled else "ffffff"
        stack = [Context(look=Look(background=background))]
        walker = etree.iterwalk(root, events=("start", "end"))
        for event, element in walker:
            if event == "start":
                context = self._inside(element, derive_context(stack[-1], element, self._facts))
                if self._is_dropped(element) or not self._enter(element, stack[-1], context):
                    walker.skip_subtree()
                elif element.text:
                    self._text(element.text, context)
                stack.append(context)
            else:
                context = stack.pop()
                if not self._is_dropped(element):
                    self._leave(element, stack[-1], context)
                if element.tail:
                    self._text(element.tail, stack[-1])
        self._flush()

    def _inside(self, element: etree._Element, context: Context) -> Context:
        """Cells of an open table belong together whatever stands in them."""
        if self._table is not None and element.tag in ("td", "th") and not context.in_cell:
            return msgspec.structs.replace(context, in_cell=True, fixed=True, item=None, list=None)
        return context

    def _is_dropped(self, element: etree._Element) -> bool:
        return element.tag in DROPPED or element.get("role") == "doc-backlink" or _repeats_formula(element, self._facts)

    def _enter(self, element: etree._Element, outer: Context, context: Context) -> bool:
        """Open an element; False when its content needs no walk."""
        tag = str(element.tag)
        if tag == "math":
            self._formula(element, context)
            return False
        if tag in BLOCKS or context.look.block:
            self._boundary(tag, outer)
        elif tag in SPACED:
            self._text(" ", context)
        if tag == "table":
            self._open_table(element, context)
        elif self._table is not None and not outer.in_cell:
            self._table_part(tag)
        elif tag in _INLINE_HANDLERS:
            _INLINE_HANDLERS[tag](self, element, context)
        return True

    def _leave(self, element: etree._Element, outer: Context, context: Context) -> None:
        tag = str(element.tag)
        if context.look.hidden and not outer.look.hidden:
            self._close_hidden(outer)
        if self._table is not None and not outer.in_cell:
            if tag in ("td", "th"):
                self._table.close_cell(element)
                return
            if tag in ("thead", "tbody", "tfoot"):
                self._table.open_section("")
            elif tag == "table":
                self._flush_text()
                self.blocks.extend(self._table.blocks(self._source))
                self._table = None
                self._flush_pending()
        if tag in BLOCKS or context.look.block:
            self._boundary(tag, outer)
        elif tag in SPACED:
            self._text(" ", context)

    def _text(self, text: str, context: Context) -> None:
        if reason := context.look.hidden:
            self._hidden_reason = self._hidden_reason or reason
            self._hidden.add(text, context.style, context.preserve)
        elif context.in_cell and self._table is not None:
            self._table.text.add(text, context.style, context.preserve)
        else:
            if not self._inline:
                self._owner = context
            self._inline.add(text, context.style, context.preserve)

    def _target(self, context: Context) -> InlineText:
        if context.look.hidden:
            return self._hidden
        return self._table.text if context.in_cell and self._table is not None else self._inline

    def _boundary(self, tag: str, outer: Context) -> None:
        if outer.look.hidden or outer.fixed or (outer.item is not None and tag not in BREAKERS):
            self._target(outer).soft_break()
        else:
            self._flush()

    def _line_break(self, _: etree._Element, context: Context) -> None:
        target = self._target(context)
        if target and target.after_break and target is self._inline and not context.fixed and context.item is None:
            self._flush()
        else:
            target.new_line()

    def _flush(self) -> None:
        self._flush_text()
        self._flush_pending()

    def _flush_text(self) -> None:
        if spans := self._inline.take(self._owner.preserve):
            self.blocks.append(self._block(self._owner, spans))

    def _flush_pending(self) -> None:
        # What stood inside a table follows it.
        if self._table is None:
            self.blocks.extend(self._pending)
            self._pending.clear()

    def _block(self, owner: Context, spans: tuple[Span, ...]) -> Block:
        if owner.furniture is not None:
            return Block(type=owner.furniture, spans=spans, source=self._source)
        kind, level, marker = owner.type, owner.level, ""
        if kind is BlockType.PARAGRAPH and owner.item is not None and not owner.item.used:
            owner.item.used = True
            kind, level, marker = BlockType.LIST_ITEM, owner.item.level, owner.item.marker
        if owner.notes and kind in (BlockType.PARAGRAPH, BlockType.LIST_ITEM):
            kind, level, marker = BlockType.FOOTNOTE, 0, marker.rstrip(".")
        return Block(type=kind, spans=spans, level=level, marker=marker, source=self._source)

    def _close_hidden(self, outer: Context) -> None:
        spans = self._hidden.take(hidden=self._hidden_reason)
        self._hidden_reason = ""
        if spans:
            self._pending.append(Block(type=BlockType.HIDDEN, spans=spans, source=self._source))
        if self._table is None and not outer.fixed and not self._inline:
            self._flush_pending()

    def _open_table(self, element: etree._Element, context: Context) -> None:
        free = not (context.fixed or context.look.hidden or context.furniture or context.in_cell)
        if self._table is None and free and holds_data(element, self._facts.facts[element]):
            self._table = TableBuilder()

    def _table_part(self, tag: str) -> None:
        if self._table is not None:
            if tag == "tr":
                self._table.open_row()
            elif tag in ("thead", "tbody", "tfoot"):
                self._table.open_section(tag)

    def _formula(self, element: etree._Element, context: Context) -> None:
        text = " ".join(_formula_text(element).split())
        if context.look.hidden and _has_image_twin(element):
            context = msgspec.structs.replace(context, look=Look())
        display = element.get("display") == "block" or element.get("mode") == "display"
        if display and text and not (context.fixed or context.look.hidden or context.furniture):
            self._flush()
            self.blocks.append(Block(type=BlockType.FORMULA, spans=(Span(text),), source=self._source))
        else:
            self._text(text, context)

    def _image(self, element: etree._Element, context: Context) -> None:
        alt = " ".join(element.get("alt", "").split())
        width, height = _pixels(element.get("width")), _pixels(element.get("height"))
        if 0 < width <= _SPACER_PIXELS or 0 < height <= _SPACER_PIXELS or context.look.hidden:
            return
        self.images.append(Image(None, width, height, alt))
        if element.get("aria-hidden") == "true" or context.furniture is not None:
            return
        if context.in_cell and self._table is not None:
            self._table.alternatives.extend([alt] if alt else [])
        elif alt or context.in_figure:
            figure = Block(type=BlockType.FIGURE, spans=(Span(alt),) if alt else (), source=self._source)
            (self._pending if self._inline else self.blocks).append(figure)

    def _link(self, element: etree._Element, context: Context) -> None:
        target = element.get("href", "").strip()
        if target and not target.startswith("#") and not target.lower().startswith("javascript:"):
            try:
                self.links.append(Link(None, urljoin(self._facts.base, target)))
            # Not a URI at all ('http://[').
            except ValueError:
                return

    def _input(self, element: etree._Element, context: Context) -> None:
        if element.get("type", "").lower() in TYPED_INPUTS and (value := element.get("value", "").strip()):
            self._text(f" {value} ", context)


_INLINE_HANDLERS = {
    "br": FlowWriter._line_break,
    "img": FlowWriter._image,
    "a": FlowWriter._link,
    "input": FlowWriter._input,
}


def html_flow(root: etree._Element, source: str = "html") -> FlowWriter:
    """Blocks, images and links of a parsed document."""
    writer = FlowWriter(survey(root), source)
    writer.write(root)
    return writer


def _repeats_formula(element: etree._Element, facts: Survey) -> bool:
    """Glyphs drawn for a formula whose MathML stands beside them."""
    if element.get("aria-hidden") != "true" or not facts.near_math:
        return False
    return element.getprevious() in facts.near_math or element.getnext() in facts.near_math


def _formula_text(element: etree._Element) -> str:
    if alt := element.get("alttext", ""):
        return str(alt)
    for note in element.iter("annotation"):
        if "tex" in note.get("encoding", "").lower() and note.text:
            return str(note.text)
    return " ".join(str(part) for part in element.itertext())


def _has_image_twin(element: etree._Element) -> bool:
    """A hidden formula whose picture, right beside it, is what readers see."""
    parent = element.getparent()
    beside = parent.getnext() if parent is not None else None
    return beside is not None and beside.tag == "img"


def _pixels(value: str | None) -> int:
    digits = (value or "").strip().removesuffix("px")
    return min(100_000, int(digits[:6])) if digits.isascii() and digits.isdigit() else 0
