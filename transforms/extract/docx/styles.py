"""Styles of a DOCX file: what a paragraph style means, and how runs look after all inheritance."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from schemas.content import BlockType, Style
from transforms.extract.docx.names import OFF, VAL, W, integer, is_on, value
from transforms.extract.docx.package import Node

CODE_NAMES = frozenset(
    {"code", "code block", "codeblock", "html code", "html preformatted", "listing", "macro text", "macro"}
    | {"preformatted", "preformatted text", "program code", "source code", "sourcecode", "verbatim"}
)
CAPTION_NAMES = frozenset({"caption", "figure caption", "image caption", "table caption", "captioned figure"})
_NAMED = (
    {"title": BlockType.TITLE}
    | dict.fromkeys(CAPTION_NAMES, BlockType.CAPTION)
    | dict.fromkeys(CODE_NAMES, BlockType.CODE)
)
_HEADING = re.compile(r"heading ?([1-9])$")
_LIST_STYLE = re.compile(r"list (bullet|number)(?: ([2-5]))?$")
_MONO_FONT = re.compile(
    r"courier|consol|mono|menlo|fira ?code|source ?code|inconsolata|lucida sans typewriter|fixed", re.I
)
#: Word's own limit of a style's ancestors is lower; a longer chain is a cycle.
MAX_CHAIN = 40
#: At most so many half-points is too small to read.
TINY_HALF_POINTS = 2
DEFAULT_SIZE = 10.0
#: Outline level that says "body text".
BODY_OUTLINE = 9


class Look(NamedTuple):
    """How a run looks after inheritance. `shaded`: something other than the white page lies behind it."""

    font: str = ""
    size: float = DEFAULT_SIZE
    style: int = 0
    color: int = 0
    vanish: bool = False
    shaded: bool = False

    def hidden(self) -> str:
        """Why a reader cannot see the run; '' for visible text."""
        if self.vanish:
            return "vanish"
        if self.size * 2 <= TINY_HALF_POINTS:
            return "tiny"
        white = min(self.color >> 16, self.color >> 8 & 0xFF, self.color & 0xFF) >= 0xFA
        return "white on white" if white and not self.shaded else ""


class Role(NamedTuple):
    """What a paragraph style means: block type and level; (num_id, num_level) when the style numbers its paragraphs.

    `list_kind` is 'bullet' or 'number' for Word's own list styles, also where the numbering is missing.
    """

    type: BlockType = BlockType.PARAGRAPH
    level: int = 0
    num_id: str = ""
    num_level: int = 0
    list_kind: str = ""
    look: Look = Look()


class StyleSheet:
    """The styles part; every answer is computed once per style."""

    def __init__(self, root: Node | None) -> None:
        self._styles: dict[str, Node] = {}
        self._default = ""
        for style in root.iterchildren(W + "style") if root is not None else ():
            self._add(style)
        self._defaults = _default_look(root)
        self._roles: dict[str, Role] = {}
        self._looks: dict[tuple[str, Look], Look] = {}
        self.language = _default_language(root)

    def _add(self, style: Node) -> None:
        style_id = style.get(W + "styleId", "")
        self._styles.setdefault(style_id, style)
        if style.get(W + "type") == "paragraph" and style.get(W + "default", "0") not in OFF:
            self._default = style_id

    def role(self, style_id: str) -> Role:
        """Meaning of a paragraph style; '' or an unknown id is the default style."""
        key = style_id if style_id in self._styles else self._default
        role = self._roles.get(key)
        if role is None:
            role = self._roles[key] = self._compute_role(key)
        return role

    def character_look(self, style_id: str, base: Look) -> Look:
        """`base` as the character style changes it."""
        look = self._looks.get((style_id, base))
        if look is None:
            look = base
            for style in reversed(list(self._chain(style_id))):
                look = apply_run_properties(look, style.find(W + "rPr"))
            self._looks[style_id, base] = look
        return look

    def numbering_of(self, style_id: str) -> str:
        """Numbering id that a style (also a numbering style) sets, '' when none."""
        return self.role(style_id).num_id if style_id in self._styles else ""

    def _chain(self, style_id: str) -> Iterator[Node]:
        for _ in range(MAX_CHAIN):
            style = self._styles.get(style_id)
            if style is None:
                return
            yield style
            style_id = value(style, "basedOn")

    def _compute_role(self, style_id: str) -> Role:
        chain = list(self._chain(style_id))
        kind, level, list_kind = _meaning(chain)
        num_id, num_level = _style_numbering(chain)
        look = self._defaults
        for style in reversed(chain):
            look = apply_run_properties(look, style.find(W + "rPr"))
            look = shade(look, style.find(W + "pPr"))
        if list_kind and num_level < level:
            num_level = level
        return Role(kind, level, num_id, num_level, list_kind, look)


def _meaning(chain: list[Node]) -> tuple[BlockType, int, str]:
    """(type, level, list kind) of the nearest style in the chain that tells."""
    found = (_own_meaning(value(style, "name").lower(), _outline(style)) for style in chain)
    return next((meaning for meaning in found if meaning is not None), (BlockType.PARAGRAPH, 0, ""))


def _outline(style: Node) -> str:
    return value(style.find(W + "pPr"), "outlineLvl")


def _own_meaning(name: str, outline: str) -> tuple[BlockType, int, str] | None:
    """What a style says by its lower-case name or its outline level; None when its parent decides."""
    if heading := _HEADING.match(name):
        return BlockType.HEADING, int(heading[1]), ""
    if name in _NAMED:
        return _NAMED[name], 0, ""
    if outline:
        level = integer(outline, BODY_OUTLINE)
        return (BlockType.HEADING, level + 1, "") if 0 <= level < BODY_OUTLINE else (BlockType.PARAGRAPH, 0, "")
    if listed := _LIST_STYLE.match(name):
        return BlockType.LIST_ITEM, int(listed[2] or 1) - 1, listed[1]
    return None


def _style_numbering(chain: list[Node]) -> tuple[str, int]:
    level = -1
    for style in chain:
        properties = style.find(W + "pPr")
        numbering = properties.find(W + "numPr") if properties is not None else None
        if numbering is None:
            continue
        if level < 0 and value(numbering, "ilvl"):
            level = integer(value(numbering, "ilvl"))
        if num_id := value(numbering, "numId"):
            return num_id, max(0, level)
    return "", max(0, level)


def _default_look(root: Node | None) -> Look:
    found = root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr") if root is not None else None
    return apply_run_properties(Look(), found)


def _default_language(root: Node | None) -> str:
    return value(root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"), "lang") if root is not None else ""


def shade(look: Look, properties: Node | None) -> Look:
    """`look` behind the shading that paragraph, cell or table properties set."""
    shading = properties.find(W + "shd") if properties is not None else None
    return _shading(look, shading) if shading is not None else look


def apply_run_properties(look: Look, properties: Node | None) -> Look:
    """`look` as the w:rPr element `properties` changes it."""
    if properties is None:
        return look
    for node in properties:
        change = _CHANGES.get(node.tag)
        if change is not None:
            look = change(look, node)
    return look


def _shading(look: Look, shading: Node) -> Look:
    """Automatic shading is transparent: what lay behind the text stays."""
    fill, pattern = shading.get(W + "fill", "auto").lower(), shading.get(VAL, "clear")
    if pattern not in {"clear", "nil"} or shading.get(W + "themeFill") or fill not in {"auto", "ffffff"}:
        return look._replace(shaded=True)
    return look if fill == "auto" else look._replace(shaded=False)


def _set_style(look: Look, bit: Style, on: bool) -> Look:
    return look._replace(style=int(look.style | bit if on else look.style & ~bit))


def _font(look: Look, node: Node) -> Look:
    font = node.get(W + "ascii") or node.get(W + "hAnsi")
    return _set_style(look._replace(font=font), Style.MONO, bool(_MONO_FONT.search(font))) if font else look


def _size(look: Look, node: Node) -> Look:
    return look._replace(size=integer(node.get(VAL), round(look.size * 2)) / 2)


def _color(look: Look, node: Node) -> Look:
    text = node.get(VAL, "auto")
    try:
        return look._replace(color=int(text, 16) & 0xFFFFFF)
    except ValueError:
        return look._replace(color=0)


def _vertical(look: Look, node: Node) -> Look:
    look = _set_style(look, Style.SUPERSCRIPT, node.get(VAL) == "superscript")
    return _set_style(look, Style.SUBSCRIPT, node.get(VAL) == "subscript")


def _highlight(look: Look, node: Node) -> Look:
    colour = node.get(VAL, "none")
    return look if colour == "none" else look._replace(shaded=colour != "white")


_CHANGES: dict[str, Callable[[Look, Node], Look]] = {
    W + "rFonts": _font,
    W + "sz": _size,
    W + "color": _color,
    W + "vertAlign": _vertical,
    W + "highlight": _highlight,
    W + "b": lambda look, node: _set_style(look, Style.BOLD, is_on(node)),
    W + "i": lambda look, node: _set_style(look, Style.ITALIC, is_on(node)),
    W + "vanish": lambda look, node: look._replace(vanish=is_on(node)),
    W + "shd": _shading,
}
