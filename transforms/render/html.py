"""A document as one HTML page for a person to check: page images with numbered boxes, and the elements beside them.

The page runs no script, and every text of the document is escaped: documents may be hostile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from schemas.content import BlockType
from schemas.document import Document, Element, Page
from schemas.failures import Failure
from schemas.geometry import Box
from transforms.render.html_chunks import chunk_box, chunk_boxes, chunk_list
from transforms.render.html_entries import Targets, contents, entry
from transforms.render.markdown import NO_PICTURES
from transforms.render.places import element_boxes
from transforms.render.tree import section_tree

#: Where the picture of a page is: a URL, relative or `data:`; '' when there is none.
PageImage = Callable[[Page], str]
#: Elements of a page in reading order, with their boxes there if they have any.
Placed = list[tuple[Element, list[Box]]]

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
#: They stand beside the reading order.
_BESIDE = frozenset({BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER, BlockType.HIDDEN, BlockType.COMMENT})
_TOOLTIP_CHARS = 300
_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:1rem;color:#212529}
section{display:flex;gap:1rem;align-items:flex-start;margin:1.5rem 0;border-top:1px solid #ced4da}
section{padding:1rem 0 0 1.6rem}
.page{position:relative;flex:0 0 55%;background:#f1f3f5;box-shadow:0 0 4px #adb5bd}
.page img,.page svg{position:absolute;inset:0;width:100%;height:100%}
.page svg{pointer-events:none}polyline{fill:none;stroke:#e03131;stroke-opacity:.55;vector-effect:non-scaling-stroke}
.box{position:absolute;border:1.5px solid var(--c);background:color-mix(in srgb,var(--c) 9%,transparent)}
.box b{position:absolute;top:-1px;right:100%;font:10px/1.3 sans-serif;color:#fff;background:var(--c);padding:0 3px}
.box:hover b,.box:focus b{z-index:1}.box i{display:none;font-style:normal}.box:hover i{display:inline}
.chunk{position:absolute;border:2px dashed var(--k);background:color-mix(in srgb,var(--k) 8%,transparent)}
.chunk b{position:absolute;bottom:100%;right:0;font:10px/1.3 sans-serif;color:#fff;background:var(--k);padding:0 3px}
.k0{--k:#c2255c}.k1{--k:#1971c2}.k2{--k:#2f9e44}
.cell{position:absolute;border:1px dotted var(--c)}
ol{flex:1;list-style:none;margin:0;padding:0;overflow-wrap:anywhere}
ol>li{margin:0 0 .5rem;padding-left:.5rem;border-left:3px solid var(--c);white-space:pre-wrap}
ol>li:target{background:#fff3bf}
li img{display:block;max-width:100%}
li b{color:var(--c);font-weight:600}
table{border-collapse:collapse;white-space:normal}td,th{border:1px solid #ced4da;padding:1px 5px;text-align:left}
th{background:#f1f3f5}
.failure{color:#b3261e}.path{color:#868e96}.switches label{margin-right:1rem}
body:has(#boxes:not(:checked)) .box,body:has(#cells:not(:checked)) .cell,
body:has(#order:not(:checked)) svg,body:has(#chunks:not(:checked)) :is(.chunk,.chunks){display:none}
section{content-visibility:auto;contain-intrinsic-size:auto 60rem}
"""
_SWITCHES = (
    '<p class="switches"><label><input type="checkbox" id="boxes" checked> elements</label>'
    '<label><input type="checkbox" id="order" checked> reading order</label>'
    '<label><input type="checkbox" id="cells"> cells</label>'
    '<label><input type="checkbox" id="chunks"> chunks</label></p>\n'
)


def document_html(
    document: Document, image: PageImage, *, chunks: bool = False, pictures: Mapping[str, str] = NO_PICTURES
) -> Iterator[str]:
    """The page in pieces, one per document page, so that images need not be in memory together.

    Chunks can always be shown; with `chunks` they are from the start. `pictures`: URLs of figures, by element id.
    """
    name = escape(document.info.ref.path or document.info.ref.uri)
    yield (
        '<!doctype html>\n<html><head><meta charset="utf-8">'
        # Even markup that slipped through could load and run nothing.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: file: 'self'; "
        "style-src 'unsafe-inline'\">"
        f"<title>{name}</title><style>{_STYLE}{_type_styles()}</style></head><body>\n<h1>{name}</h1>\n"
    )
    yield _summary(document, chunks=chunks)
    by_page, drawn = _by_page(document), chunk_boxes(document.chunks)
    targets = {element.element_id: element for element in document.elements}
    for page in document.pages:
        overlay = Overlay(image(page), drawn.get(page.page, []), pictures)
        yield _page(page, by_page.get(page.page, []), overlay, targets)
    yield from chunk_list(document.chunks)
    yield "</body></html>\n"


def _by_page(document: Document) -> dict[int, Placed]:
    """Elements of each page; one without a box is listed on its page without being drawn."""
    found: dict[int, Placed] = defaultdict(list)
    for element in document.elements:
        for page, boxes in (element_boxes(element) or {element.page: list[Box]()}).items():
            found[page].append((element, boxes))
    return found


def _type_styles() -> str:
    return "".join(f".{kind}{{--c:{color}}}" for kind, color in _COLORS.items())


def _summary(document: Document, *, chunks: bool) -> str:
    pages = f"{document.page_count} page{'s' * (document.page_count != 1)}"
    facts = f"{document.status}, {pages}, {len(document.elements)} elements, {document.engine}"
    failures = "".join(map(_failure, document.failures))
    tree = contents(section_tree(document.elements))
    switches = _SWITCHES.replace('id="chunks"', 'id="chunks" checked') if chunks else _SWITCHES
    return f"<p>{escape(facts)}</p>\n{failures}\n{tree}{switches}"


def _failure(failure: Failure) -> str:
    where = f"page {failure.page}: " if failure.page else ""
    return f'<p class="failure">{escape(f"{where}{failure.category}: {failure.message}; {failure.hint}")}</p>'


class Overlay(NamedTuple):
    """What is below and above the boxes of elements: the picture's URL, and where chunks stand."""

    picture: str
    chunks: list[tuple[int, Box]]
    #: Beside the page: pictures of figures.
    figures: Mapping[str, str]


def _page(page: Page, placed: Placed, overlay: Overlay, targets: Targets) -> str:
    listed = "\n".join(
        entry(element, page.page, targets, overlay.figures.get(element.element_id, "")) for element, _ in placed
    )
    facts = f"page {page.page}: {page.status}, {page.route} {page.reason}".strip()
    drawing = _drawing(page, placed, overlay) if page.width > 0 and page.height > 0 else ""
    return f"<h2>{escape(facts)}</h2>\n<section>{drawing}\n<ol>{listed}</ol></section>\n"


def _drawing(page: Page, placed: Placed, overlay: Overlay) -> str:
    # A browser loads what comes into view.
    picture = f'<img alt="" loading="lazy" src="{escape(overlay.picture)}">' if overlay.picture else ""
    chunks = "".join(chunk_box(index, _place(box, page)) for index, box in overlay.chunks)
    boxes = "\n".join(_drawn(element, box, page) for element, found in placed for box in found)
    order = _order(page, [box for element, found in placed if element.type not in _BESIDE for box in found])
    ratio = f"{page.width:.1f}/{page.height:.1f}"
    return f'<div class="page" style="aspect-ratio:{ratio}">{picture}\n{boxes}{order}{chunks}</div>'


def _order(page: Page, boxes: Sequence[Box]) -> str:
    """A line from the middle of each element to the next."""
    points = " ".join(f"{(box.x0 + box.x1) / 2:.1f},{(box.y0 + box.y1) / 2:.1f}" for box in boxes)
    view = f'viewBox="0 0 {page.width:.1f} {page.height:.1f}" preserveAspectRatio="none"'
    return f'<svg {view}><polyline points="{points}"/></svg>' if len(boxes) > 1 else ""


def _drawn(element: Element, box: Box, page: Page) -> str:
    tip = escape(f"{element.index} {element.type}: {element.text[:_TOOLTIP_CHARS]}")
    name = element.type.value.replace("_", " ")
    label = f"<b>{element.index}<i> {name}</i></b>"
    cells = "".join(
        f'<div class="cell {element.type}" style="{_place(cell.box, page)}"></div>'
        for cell in element.cells
        if cell.box is not None and (cell.page or element.page) == page.page
    )
    kind = f'class="box {element.type}" style="{_place(box, page)}"'
    return f'<a href="#e{element.index}" {kind} title="{tip}">{label}</a>{cells}'


def _place(box: Box, page: Page) -> str:
    left, top = 100 * box.x0 / page.width, 100 * box.y0 / page.height
    width, height = 100 * box.width / page.width, 100 * box.height / page.height
    return f"left:{left:.2f}%;top:{top:.2f}%;width:{width:.2f}%;height:{height:.2f}%"
