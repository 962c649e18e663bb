"""Content of a paragraph: runs, fields, links, revisions, symbols, formulas and what is anchored in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from docx.opc.rel import Relationships

from schemas.content import Link, Span, Style
from transforms.extract.docx.drawing import Drawn, chosen, drawn_items
from transforms.extract.docx.math import linear_math
from transforms.extract.docx.names import MC, OFF, M, R, W, flag, value
from transforms.extract.docx.numbering import Numbering, format_number
from transforms.extract.docx.package import Node
from transforms.extract.docx.styles import Look, StyleSheet, apply_run_properties
from transforms.extract.docx.symbols import symbol_text

_HYPERLINK = re.compile(r'^\s*HYPERLINK\s+"([^"]+)"', re.I)


class Formula(NamedTuple):
    """A formula as linear text; `display` when it stands on a line of its own."""

    text: str
    display: bool


class CommentMark(NamedTuple):
    """The place a comment is anchored at."""

    comment_id: str


Piece = Span | Formula | Drawn | CommentMark


@dataclass
class NoteNumbers:
    """Numbers of footnotes or endnotes, given in the order of their references."""

    number_format: str = "decimal"
    markers: dict[str, str] = field(default_factory=dict)

    def refer(self, note_id: str) -> str:
        """Marker of a note; the first reference decides the number."""
        if note_id not in self.markers:
            self.markers[note_id] = format_number(len(self.markers) + 1, self.number_format)
        return self.markers[note_id]


@dataclass
class Registers:
    """What the stories of one document share, and what reading them collects."""

    styles: StyleSheet
    numbering: Numbering
    footnotes: NoteNumbers = field(default_factory=NoteNumbers)
    endnotes: NoteNumbers = field(default_factory=lambda: NoteNumbers("lowerRoman"))
    links: list[Link] = field(default_factory=list)


@dataclass
class _Field:
    """An open complex field: its text is instructions until the separator."""

    instruction: str = ""
    in_result: bool = False


class InlineReader:
    """Reads the paragraphs of one story (body, header, notes ...); open fields carry over to the next paragraph."""

    def __init__(self, registers: Registers, relationships: Relationships) -> None:
        self._registers = registers
        self._relationships = relationships
        self._fields: list[_Field] = []
        # How many of them are still in their instructions: nothing is visible then.
        self._instructing = 0
        self._pieces: list[Piece] = []
        self._text: list[str] = []
        self._text_look = self._look = Look()

    def read(self, paragraph: Node, look: Look) -> list[Piece]:
        """Pieces of a paragraph whose runs look like `look` by default; neighbours of one look are one span."""
        self._look = look
        self._children(paragraph)
        self._flush()
        # A field without separator would silence everything after it: instructions end with their paragraph.
        if self._instructing:
            self._fields = [item for item in self._fields if item.in_result]
            self._instructing = 0
        pieces, self._pieces = self._pieces, []
        return pieces

    def _children(self, node: Node) -> None:
        for child in node:
            handler = _HANDLERS.get(child.tag)
            if handler is not None:
                handler(self, child)

    def _add(self, text: str, look: Look | None = None) -> None:
        look = look or self._look
        if not text or self._instructing:
            return
        if look is not self._text_look and look != self._text_look:
            self._flush()
            self._text_look = look
        self._text.append(text)

    def _flush(self) -> None:
        if self._text:
            look = self._text_look
            text = "".join(self._text)
            self._pieces.append(
                Span(text, None, look.font, look.size, look.style, look.color, look.hidden()),
            )
            self._text = []

    def _put(self, piece: Piece) -> None:
        if not self._instructing:
            self._flush()
            self._pieces.append(piece)

    def _run(self, node: Node) -> None:
        outer = self._look
        properties = node.find(f"{W}rPr")
        if properties is not None and len(properties):
            style = value(properties, "rStyle")
            base = self._registers.styles.character_look(style, outer) if style else outer
            self._look = apply_run_properties(base, properties)
        self._children(node)
        self._look = outer

    def _plain(self, node: Node) -> None:
        self._add(node.text or "")

    def _symbol(self, node: Node) -> None:
        self._add(symbol_text(node))

    def _ruby_text(self, node: Node) -> None:
        self._add("(")
        self._children(node)
        self._add(")")

    def _alternatives(self, node: Node) -> None:
        branch = chosen(node)
        if branch is not None:
            self._children(branch)

    def _hyperlink(self, node: Node) -> None:
        target = self._relationships.get(node.get(f"{R}id", ""))
        if target is not None and target.is_external:
            anchor = node.get(f"{W}anchor")
            self._registers.links.append(Link(None, f"{target.target_ref}#{anchor}" if anchor else target.target_ref))
        self._children(node)

    def _simple_field(self, node: Node) -> None:
        self._link_of_field(node.get(f"{W}instr", ""))
        self._children(node)

    def _link_of_field(self, instruction: str) -> None:
        if found := _HYPERLINK.match(instruction):
            self._registers.links.append(Link(None, found[1]))

    def _field_mark(self, node: Node) -> None:
        mark = node.get(f"{W}fldCharType")
        if mark == "begin":
            self._check_box(node)
            self._fields.append(_Field())
            self._instructing += 1
        elif mark == "separate" and self._fields and not self._fields[-1].in_result:
            self._fields[-1].in_result = True
            self._instructing -= 1
            self._link_of_field(self._fields[-1].instruction)
        elif mark == "end" and self._fields:
            self._instructing -= not self._fields.pop().in_result

    def _check_box(self, node: Node) -> None:
        box = node.find(f"{W}ffData/{W}checkBox")
        if box is not None:
            state = "checked" if box.find(f"{W}checked") is not None else "default"
            self._add("☒" if flag(box, state) else "☐")

    def _instruction(self, node: Node) -> None:
        if self._fields:
            self._fields[-1].instruction += node.text or ""

    def _note(self, node: Node) -> None:
        """A reference becomes [^1], which cannot be mistaken for a digit of the word before it."""
        notes = self._registers.footnotes if node.tag == f"{W}footnoteReference" else self._registers.endnotes
        note_id = node.get(f"{W}id", "")
        if node.get(f"{W}customMarkFollows", "0") not in OFF:
            notes.markers.setdefault(note_id, "".join(node.getparent().itertext(f"{W}t")).strip())
            return
        look = self._look
        self._add(f"[^{notes.refer(note_id)}]", look._replace(style=look.style | Style.SUPERSCRIPT))

    def _comment(self, node: Node) -> None:
        self._put(CommentMark(node.get(f"{W}id", "")))

    def _drawing(self, node: Node) -> None:
        for item in drawn_items(node):
            self._put(item)

    def _formula(self, node: Node) -> None:
        text = linear_math(node)
        if text:
            self._put(Formula(text, node.tag == f"{M}oMathPara"))


def _constant(text: str) -> Callable[[InlineReader, Node], None]:
    return lambda reader, node: reader._add(text)


_Handler = Callable[[InlineReader, Node], None]
_HANDLERS: dict[str, _Handler] = {
    W + name: handler
    for names, handler in (
        ("r", InlineReader._run),
        ("t", InlineReader._plain),
        ("tab ptab", _constant("\t")),
        ("br cr", _constant("\n")),
        ("noBreakHyphen", _constant("\u2011")),
        ("softHyphen", _constant("\u00ad")),
        ("sym", InlineReader._symbol),
        ("ins moveTo smartTag customXml dir bdo sdt sdtContent ruby rubyBase", InlineReader._children),
        ("rt", InlineReader._ruby_text),
        ("hyperlink", InlineReader._hyperlink),
        ("fldSimple", InlineReader._simple_field),
        ("fldChar", InlineReader._field_mark),
        ("instrText", InlineReader._instruction),
        ("footnoteReference endnoteReference", InlineReader._note),
        ("commentReference", InlineReader._comment),
        ("drawing pict object", InlineReader._drawing),
    )
    for name in names.split()
} | {
    f"{MC}AlternateContent": InlineReader._alternatives,
    f"{M}oMath": InlineReader._formula,
    f"{M}oMathPara": InlineReader._formula,
}
