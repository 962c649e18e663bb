"""A document as one HTML page for a person to check: page images with numbered boxes, and the elements beside them.

The page is self-contained, runs no script, and every text of the document is escaped: documents may be hostile.
"""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from html import escape

from schemas.content import BlockType
from schemas.document import Document, Element, Page
from schemas.failures import Failure
from schemas.geometry import Box, union
from transforms.render.table import table_html

#: PNG bytes of a 1-based page; None when there is no image.
PageImage = Callable[[int], bytes | None]

_COLORS = {
    BlockType.TITLE: "#b3261e",
    BlockType.HEADING: "#d9480f",
    BlockType.PARAGRAPH: "#1864ab",
    BlockType.LIST_ITEM: "#0b7285",
    BlockType.TABLE: "#2b8a3e",
    BlockType.FIGURE: "#862e9c",
    BlockType.CAPTION: "#a61e4d",
    BlockType.FOOTNOTE: "#5c940d",
    BlockType.PAGE_HEADER: "#868e96",
    BlockType.PAGE_FOOTER: "#868e96",
    BlockType.CODE: "#364fc7",
    BlockType.FORMULA: "#5f3dc4",
    BlockType.COMMENT: "#e67700",
    BlockType.HIDDEN: "#000000",
}
_TOOLTIP_CHARS = 300
_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:1rem;color:#212529}
section{display:flex;gap:1rem;align-items:flex-start;margin:1.5rem 0;border-top:1px solid #ced4da;padding-top:1rem}
.page{position:relative;flex:0 0 55%;background:#f1f3f5;box-shadow:0 0 4px #adb5bd}
.page img{position:absolute;inset:0;width:100%;height:100%}
.box{position:absolute;border:1.5px solid var(--c);background:color-mix(in srgb,var(--c) 9%,transparent)}
.box b{position:absolute;top:-1px;left:-1px;font:10px/1.3 sans-serif;color:#fff;background:var(--c);padding:0 3px}
ol{flex:1;list-style:none;margin:0;padding:0;overflow-wrap:anywhere}
li{margin:0 0 .5rem;padding-left:.5rem;border-left:3px solid var(--c);white-space:pre-wrap}
li b{color:var(--c);font-weight:600}
table{border-collapse:collapse;white-space:normal}td,th{border:1px solid #ced4da;padding:1px 5px;text-align:left}
.failure{color:#b3261e}.path{color:#868e96}
"""


def document_html(document: Document, image: PageImage) -> Iterator[str]:
    """The page in pieces, one per document page, so that images need not be in memory together."""
    name = escape(document.info.ref.path or document.info.ref.uri)
    yield (
        '<!doctype html>\n<html><head><meta charset="utf-8">'
        # Even markup that slipped through could load and run nothing.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{name}</title><style>{_STYLE}{_type_styles()}</style></head><body>\n<h1>{name}</h1>\n"
    )
    yield _summary(document)
    by_page = _by_page(document)
    for page in document.pages:
        yield _page(page, by_page.get(page.page, []), image(page.page))
    yield "</body></html>\n"


def element_boxes(element: Element) -> dict[int, Box]:
    """Where an element stands: its box on its first page, and on later pages the box around its spans there."""
    spans: dict[int, list[Box]] = defaultdict(list)
    for part in element.spans:
        if part.span.box:
            spans[part.page].append(part.span.box)
    found = {page: box for page, boxes in spans.items() if (box := union(boxes))}
    return found | ({element.page: element.box} if element.box else {})


def _by_page(document: Document) -> dict[int, list[tuple[Element, Box | None]]]:
    """Elements of each page in reading order; one without a box is listed on its page without being drawn."""
    found: dict[int, list[tuple[Element, Box | None]]] = defaultdict(list)
    for element in document.elements:
        places: Mapping[int, Box | None] = element_boxes(element) or {element.page: None}
        for page, box in places.items():
            found[page].append((element, box))
    return found


def _type_styles() -> str:
    return "".join(f".{kind}{{--c:{color}}}" for kind, color in _COLORS.items())


def _summary(document: Document) -> str:
    facts = f"{document.status}, {document.page_count} pages, {len(document.elements)} elements, {document.engine}"
    failures = "".join(map(_failure, document.failures))
    return f"<p>{escape(facts)}</p>\n{failures}\n"


def _failure(failure: Failure) -> str:
    where = f"page {failure.page}: " if failure.page else ""
    return f'<p class="failure">{escape(f"{where}{failure.category}: {failure.message}; {failure.hint}")}</p>'


def _page(page: Page, placed: list[tuple[Element, Box | None]], png: bytes | None) -> str:
    listed = "\n".join(_listed(element) for element, _ in placed)
    facts = f"page {page.page}: {page.status}, {page.route} {page.reason}".strip()
    drawing = ""
    if page.width > 0 and page.height > 0:
        picture = f'<img alt="" src="data:image/png;base64,{b64encode(png).decode()}">' if png else ""
        boxes = "\n".join(_drawn(element, box, page) for element, box in placed if box)
        ratio = f"{page.width:.1f}/{page.height:.1f}"
        drawing = f'<div class="page" style="aspect-ratio:{ratio}">{picture}\n{boxes}</div>'
    return f"<h2>{escape(facts)}</h2>\n<section>{drawing}\n<ol>{listed}</ol></section>\n"


def _drawn(element: Element, box: Box, page: Page) -> str:
    left, top = 100 * box.x0 / page.width, 100 * box.y0 / page.height
    width, height = 100 * box.width / page.width, 100 * box.height / page.height
    tip = escape(f"{element.index} {element.type}: {element.text[:_TOOLTIP_CHARS]}")
    place = f"left:{left:.2f}%;top:{top:.2f}%;width:{width:.2f}%;height:{height:.2f}%"
    return f'<div class="box {element.type}" style="{place}" title="{tip}"><b>{element.index}</b></div>'


def _listed(element: Element) -> str:
    text = table_html(element.cells) if element.cells else escape(f"{element.marker} {element.text}".strip())
    level = f" {element.level}" if element.level else ""
    path = escape(" › ".join(element.section_path))
    return (
        f'<li class="{element.type}"><b>{element.index} {element.type}{level}</b> <span class="path">{path}</span>\n'
        f"{text}</li>"
    )
