"""An assembled document as Markdown: headings as #, tables as pipe tables or, where cells span, as HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from schemas.content import BlockType
from schemas.document import Document, Element
from transforms.render.table import ends_short, header_rows, table_html

#: Types that do not belong to the running text.
LEFT_OUT = frozenset({BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER, BlockType.HIDDEN, BlockType.COMMENT})
NO_PICTURES: Mapping[str, str] = MappingProxyType({})
#: Markers that Markdown itself knows.
_NUMBER = re.compile(r"\d{1,9}[.)]")
_BRACKET, _ESCAPED = re.compile(r"([\[\]\\])"), r"\\\1"
#: Line beginnings that would turn text into a heading or a code block.
_BLOCK_START = re.compile(r"^([ \t]*)(#{1,6}(?=\s|$)|`{3,}|~{3,})", re.MULTILINE)


def document_markdown(document: Document, pictures: Mapping[str, str] = NO_PICTURES) -> str:
    """The running text of a document; running heads, comments and hidden text are left out.

    `pictures`: URLs of figures, by id of the element.
    """
    return elements_markdown(document.elements, pictures)


def elements_markdown(elements: Sequence[Element], pictures: Mapping[str, str] = NO_PICTURES) -> str:
    """Elements in the given order, one Markdown block each; list items of one list stay together."""
    out: list[str] = []
    #: Indentation that each open level of the current list adds.
    open_list: list[int] = []
    below_title = _levels_below_title(elements)
    for element in elements:
        if element.type in LEFT_OUT:
            continue
        if element.type is not BlockType.LIST_ITEM:
            block, tight = _block(element, below_title, pictures.get(element.element_id, "")), False
        else:
            tight = bool(open_list)
            block = _list_item(element, open_list)
        if not block:
            continue
        if element.type is not BlockType.LIST_ITEM:
            open_list.clear()
        out.append(("\n" if tight else "\n\n") + block if out else block)
    return "".join(out) + "\n" if out else ""


def _levels_below_title(elements: Sequence[Element]) -> int:
    """1 where headings of level 1 stand below a title: the title takes their level, and all headings go one deeper."""
    titled = any(element.type is BlockType.TITLE for element in elements)
    return int(titled and any(element.type is BlockType.HEADING and element.level <= 1 for element in elements))


def _block(element: Element, below_title: int, picture: str) -> str:
    kind, text = element.type, element.text
    if kind is BlockType.TABLE:
        return _table(element)
    if picture or (kind is BlockType.FIGURE and text.strip()):
        return f"![{_BRACKET.sub(_ESCAPED, _one_line(text))}]({picture})"
    if not text.strip():
        return ""
    if kind is BlockType.TITLE:
        return "# " + _one_line(text)
    if kind is BlockType.HEADING:
        return "#" * min(6, max(1, element.level) + below_title) + " " + _one_line(text)
    return _text_block(element)


def _text_block(element: Element) -> str:
    kind, text = element.type, element.text
    if kind is BlockType.CODE:
        return _code(text)
    if kind is BlockType.FOOTNOTE and element.marker:
        return f"[^{element.marker}]: {_one_line(text)}"
    return _BLOCK_START.sub(r"\1\\\2", text)


def _list_item(element: Element, open_list: list[int]) -> str:
    """An item below its parent's text. A marker that Markdown does not know becomes part of the text."""
    text, marker = _one_line(element.text), element.marker
    if not text and not marker:
        return ""
    if not _NUMBER.fullmatch(marker):
        known_bullet = not any(char.isalnum() for char in marker)
        text, marker = (text if known_bullet else f"{marker} {text}"), "-"
    del open_list[max(0, element.level) :]
    indent = " " * sum(open_list)
    open_list.append(len(marker) + 1)
    return f"{indent}{marker} {text}".rstrip()


def _code(text: str) -> str:
    """A fence longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _table(element: Element) -> str:
    spans = any(cell.row_span > 1 or cell.column_span > 1 for cell in element.cells)
    if spans or header_rows(element.cells) > 1 or ends_short(element.cells):
        return table_html(element.cells)
    return element.text


def _one_line(text: str) -> str:
    return " ".join(text.split())
