"""Reads from a PyMuPDF page what the bundled layout networks need. Runs in the parser process.

Besides `pymupdf_models` the only module that depends on PyMuPDF's internals: which flags the structured text is made
with, and the per-region features of `pymupdf.features`. `pymupdf.layout` is never imported: importing it loads four
models into the process and replaces a function of `pymupdf`.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import pymupdf
import pymupdf.features

from transforms.layout.builtin import graph, raster
from transforms.layout.detector.view import scales
from transforms.layout.records import Array, PageInput, PrepareRequest, View

#: What the features were computed from when the networks were trained.
TEXT_FLAGS = (
    pymupdf.TEXT_PRESERVE_IMAGES
    | pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_PRESERVE_LIGATURES
    | pymupdf.TEXT_ACCURATE_BBOXES
    | pymupdf.TEXT_COLLECT_VECTORS
    | pymupdf.TEXT_COLLECT_STYLES
    | pymupdf.TEXT_SEGMENT
    | pymupdf.TEXT_PARAGRAPH_BREAK
    | pymupdf.TEXT_COLLECT_STRUCTURE
    | pymupdf.TEXT_TABLE_HUNT
    | pymupdf.TEXT_LAZY_VECTORS
    | pymupdf.TEXT_CLIP
    | pymupdf.TEXT_FUZZY_VECTORS
)
#: The structured text takes time with the square of a page's characters: seconds for this many.
MAX_CHARACTERS = 30_000
#: Plain text has more lines than the structured one: pieces of a line count as lines until they are joined.
PLAIN_LINES = 2
#: Features that the region function does not know: they follow from the line itself.
_OWN_FEATURES = ("num_ratio", "is_text", "is_vector", "is_image", "is_hline_vector", "is_vline_vector")

_Rectangle = tuple[float, float, float, float]


class _Node(NamedTuple):
    box: _Rectangle
    text: str
    is_text: bool


def prepare_page(page: pymupdf.Page, request: PrepareRequest) -> PageInput:
    """Graph, features and images of a page; `refused` says why when it has too many lines to be worth it.

    On a page that is not rotated everything equals what `page.get_layout()` computes.
    """
    size = page.rect
    if not request.lines:
        return PageInput(width=size.x1, height=size.y1, **_images(page, request), **_view(page, request.view))
    crowded = _crowded(page, request.max_nodes)
    if crowded:
        return PageInput(width=size.x1, height=size.y1, refused=crowded)
    text_page = _text_page(page)
    nodes = _nodes(page, text_page, (size.x1, size.y1), request.max_nodes)
    if len(nodes) > request.max_nodes:
        return PageInput(width=size.x1, height=size.y1, refused=_too_many_lines(request.max_nodes))
    features, nodes = _features(text_page, nodes, request.feature_names)
    boxes = np.array([node.box for node in nodes], np.float32).reshape(-1, 4)
    images = _images(page, request) if nodes else {}
    return PageInput(
        width=size.x1,
        height=size.y1,
        boxes=boxes,
        features=features,
        patterns=np.array([graph.text_pattern(n.text) for n in nodes], np.float32).reshape(-1, graph.PATTERN_LENGTH),
        edges=graph.neighbour_edges(boxes),
        **images,
        **_view(page, request.view),
    )


def _crowded(page: pymupdf.Page, bound: int) -> str:
    """Why the page is not worth its structured text, '' when it is. Counted on the plain text, which is cheap."""
    text = page.get_textpage(flags=0).extractTEXT()
    if text.count("\n") > PLAIN_LINES * bound:
        return _too_many_lines(bound)
    return f"more than {MAX_CHARACTERS} characters" if len(text) > MAX_CHARACTERS else ""


def _too_many_lines(bound: int) -> str:
    return f"more than {bound} lines"


def _text_page(page: pymupdf.Page) -> pymupdf.TextPage:
    """Structured text in the page as shown. PyMuPDF by itself reads a rotated page as if it were not rotated."""
    if not page.rotation:
        return page.get_textpage(flags=TEXT_FLAGS)
    return page.get_textpage(flags=TEXT_FLAGS, clip=page.rect, matrix=page.rotation_matrix)


def _nodes(page: pymupdf.Page, text_page: pymupdf.TextPage, size: tuple[float, float], bound: int) -> list[_Node]:
    """Lines with text and check boxes, each box once; stops just above `bound`."""
    nodes: dict[_Rectangle, _Node] = {}
    for box, text in _lines(text_page.extractDICT()["blocks"]):
        inside = box[2] >= 0 and box[0] <= box[2] and box[0] <= size[0]
        if text and inside and box[3] >= 0 and box[1] <= box[3] and box[1] <= size[1]:
            nodes.setdefault(box, _Node(box, text, True))
        if len(nodes) > bound:
            return list(nodes.values())
    for widget in page.widgets():
        box = tuple(widget.rect * page.rotation_matrix)
        ordered = 0 <= box[0] < box[2] <= size[0] and 0 <= box[1] < box[3] <= size[1]
        if widget.field_type == pymupdf.PDF_WIDGET_TYPE_CHECKBOX and ordered:
            nodes.setdefault(box, _Node(box, "", False))
    return list(nodes.values())


def _lines(blocks: list[dict[str, Any]]) -> Iterator[tuple[_Rectangle, str]]:
    """Box and text of every line, structure blocks opened in place."""
    for block in blocks:
        if block["type"] == 2:
            yield from _lines(block["blocks"])
        elif block["type"] == 0:
            for line in block["lines"]:
                yield line["bbox"], " ".join(span["text"] for span in line["spans"]).strip()


def _features(text_page: pymupdf.TextPage, nodes: list[_Node], names: tuple[str, ...]) -> tuple[Array, list[_Node]]:
    """Feature rows of the nodes. Invisible lines are dropped when the page has visible ones (text under a scan)."""
    if not names:
        return np.zeros((len(nodes), 0), np.float32), nodes
    read = attrgetter(*(name for name in names if name not in _OWN_FEATURES))
    rows, visible, has_visible_text = [], [], False
    for node in nodes:
        region = pymupdf.features.fz_features_for_region(text_page, pymupdf.mupdf.FzRect(*node.box), 0)
        rows.append((*_own_features(node), *read(region)))
        visible.append(region.invisible != 1)
        has_visible_text |= region.invisible == 0 and region.num_numerals + region.num_non_numerals > 0
    table = np.array(rows, np.float32).reshape(-1, len(names))
    if not has_visible_text or all(visible):
        return table, nodes
    return table[np.array(visible)], [node for node, seen in zip(nodes, visible, strict=True) if seen]


def _own_features(node: _Node) -> tuple[float, ...]:
    """Share of digits, then the kind of box: text, or none of the other four (they are never asked for)."""
    digits = sum(map(str.isdigit, node.text)) / len(node.text) if node.text else 0.0
    return digits, float(node.is_text), 0.0, 0.0, 0.0, 0.0


def _images(page: pymupdf.Page, request: PrepareRequest) -> dict[str, Any]:
    """The image fields of a `PageInput`: the page at 72 dpi, as far as the request wants it."""
    if not (request.thumbnail or request.raster):
        return {}
    pixmap = page.get_pixmap()
    pixels = np.frombuffer(pixmap.samples_mv, np.uint8).reshape(pixmap.height, pixmap.width, pixmap.n)
    image = raster.distinct_channels(pixels)
    return {
        "thumbnail": raster.thumbnail(image) if request.thumbnail else b"",
        "raster": raster.pack(image) if request.raster else b"",
        "raster_width": pixmap.width,
        "raster_height": pixmap.height,
        "raster_channels": image.shape[2],
    }


def _view(page: pymupdf.Page, view: View | None) -> dict[str, Any]:
    """The view fields of a `PageInput`: the page rendered straight to the size that a detector wants."""
    if view is None:
        return {}
    matrix = pymupdf.Matrix(*scales(page.rect.width, page.rect.height, view))
    pixmap = page.get_pixmap(matrix=matrix, colorspace=pymupdf.csRGB, alpha=False)
    pixels = np.frombuffer(pixmap.samples_mv, np.uint8)
    return {"view": raster.pack(pixels), "view_width": pixmap.width, "view_height": pixmap.height}
