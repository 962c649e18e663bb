"""An assembled document as Markdown: headings as #, tables as pipe tables or, where cells span, as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas.content import BlockType
from schemas.document import Document, Element
from transforms.render.table import header_rows, table_html

#: Types that do not belong to the running text.
LEFT_OUT = frozenset({BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER, BlockType.HIDDEN, BlockType.COMMENT})


def document_markdown(document: Document) -> str:
    """The running text of a document; running heads, comments and hidden text are left out."""
    return elements_markdown(document.elements)


def elements_markdown(elements: Sequence[Element]) -> str:
    """Elements in the given order, one Markdown block each; list items of one list stay together."""
    out: list[str] = []
    previous: BlockType | None = None
    for element in elements:
        if element.type in LEFT_OUT:
            continue
        tight = previous is BlockType.LIST_ITEM and element.type is BlockType.LIST_ITEM
        block = "\n".join(_block(element))
        if block:
            out.append(("\n" if tight else "\n\n") + block if out else block)
            previous = element.type
    return "".join(out) + "\n" if out else ""


def _block(element: Element) -> Iterator[str]:
    kind, text = element.type, element.text
    if kind is BlockType.TITLE:
        yield "# " + _one_line(text)
    elif kind is BlockType.HEADING:
        yield "#" * min(6, max(1, element.level)) + " " + _one_line(text)
    elif kind is BlockType.LIST_ITEM:
        yield "  " * element.level + (element.marker or "-") + " " + _one_line(text)
    elif kind is BlockType.TABLE:
        yield _table(element)
    elif kind is BlockType.CODE:
        yield f"```\n{text}\n```"
    elif kind is BlockType.FIGURE:
        if text:
            yield f"![{_one_line(text)}]()"
    elif kind is BlockType.FOOTNOTE and element.marker:
        yield f"[^{element.marker}]: {text}"
    else:
        yield text


def _table(element: Element) -> str:
    spans = any(cell.row_span > 1 or cell.column_span > 1 for cell in element.cells)
    if spans or header_rows(element.cells) > 1:
        return table_html(element.cells)
    return element.text


def _one_line(text: str) -> str:
    return " ".join(text.split())
