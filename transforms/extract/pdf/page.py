"""One PDF page: a single pass over MuPDF's structured text gives spans and vectors."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from statistics import median
from typing import Any, NamedTuple

import pymupdf

from schemas.content import ExtractedPage, Image, Line, Link, PageStatus, Span, Style
from schemas.failures import Category, Corrupt, Failure
from schemas.geometry import Box, union
from transforms.extract.pdf.images import names_image, placed_images
from transforms.extract.pdf.vectors import RawVector, outlined_glyphs, page_vectors
from transforms.extract.pdf.visibility import TINY, DrawnSpan, hide_spans

#: What MuPDF and its bindings raise for damaged content.
MUPDF_ERRORS = (pymupdf.mupdf.FzErrorBase, pymupdf.FileDataError, RuntimeError, ValueError)
TEXT_FLAGS = pymupdf.TEXT_PRESERVE_LIGATURES | pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_COLLECT_VECTORS
#: Width of an average character in font sizes.
MEAN_ADVANCE = 0.52
MAX_SPANS = 50_000
MAX_LINKS = 5_000
MAX_IMAGES = 2_000
#: Outlines of glyphs are counted on pages with at most so many lines of text.
FEW_LINES = 4
#: Bits of MuPDF's span flags.
_SUPERSCRIPT, _ITALIC, _MONO, _BOLD = 1, 2, 8, 16
_SYNTHETIC_BOLD = 8
_MONO_FONT = re.compile(r"mono|courier|consol|typewriter|menlo|\bcmtt|cmtt\d|inconsolata", re.IGNORECASE)
_BOLD_FONT = re.compile(r"bold|black|heavy|semibold|[-,]b$|cmbx|\bcmb\d", re.IGNORECASE)
_ITALIC_FONT = re.compile(r"italic|oblique|cmti|cmsl", re.IGNORECASE)


class PageContent(NamedTuple):
    """A page and what went wrong while reading it."""

    page: ExtractedPage
    failures: tuple[Failure, ...] = ()


def read_page(page: pymupdf.Page, number: int) -> PageContent:
    """Everything on the page. Content beyond the bounds is dropped and reported as a partial failure."""
    # Without a clip MuPDF also reports what lies off the page.
    blocks = page.get_text("dict", flags=TEXT_FLAGS, clip=pymupdf.INFINITE_RECT())["blocks"]
    mend_sizes(blocks)
    if page.rotation:
        turn_upright(blocks, page.rotation_matrix)
    bounds = Box(*page.rect)
    vectors = [RawVector.of(order, block) for order, block in enumerate(blocks) if block["type"] == 3]
    drawn, dropped = _drawn_lines(blocks)
    images = page_images(page, always=not drawn)
    visible = hide_spans(page, drawn, vectors, [image.box for image in images if image.box])
    result = ExtractedPage(
        number=number,
        width=bounds.width,
        height=bounds.height,
        rotation=page.rotation % 360,
        status=PageStatus.DIGITAL if drawn else PageStatus.EMPTY,
        lines=visible,
        images=images,
        links=page_links(page),
        vectors=page_vectors(vectors, bounds),
        outlines=outlined_glyphs(vectors) if len(drawn) <= FEW_LINES else 0,
    )
    return _checked(result, dropped)


def mend_sizes(blocks: list[dict[str, Any]]) -> None:
    """Size and box of spans in Type 3 fonts whose nominal size says nothing about their glyphs."""
    spans = [
        (span, line)
        for block in blocks
        if block["type"] == 0
        for line in block["lines"]
        for span in line["spans"]
        if span["size"] < TINY and span["text"].strip() and _advance(span, line) > TINY
    ]
    widths: dict[str, list[float]] = {}
    for span, line in spans:
        widths.setdefault(span["font"], []).append(_advance(span, line))
    for span, line in spans:
        size = median(widths[span["font"]]) / MEAN_ADVANCE
        span["size"] = size
        if line["dir"][0] > 0.98:
            x0, _, x1, _ = span["bbox"]
            base = span["origin"][1]
            span["bbox"] = (x0, base - 0.8 * size, x1, base + 0.2 * size)
            line["bbox"] = tuple(union(Box(*other["bbox"]) for other in line["spans"]) or span["bbox"])


def _advance(span: dict[str, Any], line: dict[str, Any]) -> float:
    """Mean width of the span's characters along its baseline."""
    x0, y0, x1, y1 = span["bbox"]
    extent = x1 - x0 if abs(line["dir"][0]) > abs(line["dir"][1]) else y1 - y0
    return float(extent) / len(span["text"])


def turn_upright(items: list[dict[str, Any]], matrix: pymupdf.Matrix) -> None:
    """Boxes and directions from the unrotated page, where MuPDF reports them, to the page as shown."""
    a, b, c, d, e, f = matrix
    for item in items:
        x0, y0, x1, y1 = item["bbox"]
        # A page turns by right angles: two corners tell the box.
        left, right = sorted((a * x0 + c * y0 + e, a * x1 + c * y1 + e))
        top, bottom = sorted((b * x0 + d * y0 + f, b * x1 + d * y1 + f))
        # Single precision, as all boxes of MuPDF.
        item["bbox"] = tuple(array("f", (left, top, right, bottom)))
        if "dir" in item:
            x, y = item["dir"]
            item["dir"] = (a * x + c * y, b * x + d * y)
        turn_upright(item.get("lines") or item.get("spans") or [], matrix)


def _checked(page: ExtractedPage, dropped: int) -> PageContent:
    """The page with a failure where text had to be dropped, or where damage left nothing."""
    if dropped:
        message = f"the page has more than {MAX_SPANS} text spans; {dropped} were dropped"
        return PageContent(page, (_failure(page.number, Category.PARTIAL, message),))
    if page.status is PageStatus.EMPTY and not page.images and not page.vectors:
        warnings = pymupdf.TOOLS.mupdf_warnings(reset=1)
        if warnings:
            page.status = PageStatus.FAILED
            message = "nothing on the page could be read: " + " / ".join(warnings.splitlines()[:3])[:300]
            return PageContent(page, (_failure(page.number, Category.CORRUPT, message),))
    return PageContent(page)


def _failure(number: int, category: Category, message: str) -> Failure:
    return Failure(stage="extract", category=category, message=message, page=number, hint=Corrupt.default_hint)


def _drawn_lines(blocks: list[dict[str, Any]]) -> tuple[list[tuple[Line, list[DrawnSpan]]], int]:
    """Lines with text, their spans with paint order and visibility facts, and the number of spans left out."""
    lines: list[tuple[Line, list[DrawnSpan]]] = []
    count = dropped = 0
    for order, block in enumerate(blocks):
        if block["type"] != 0:
            continue
        for raw in block["lines"]:
            spans = raw["spans"]
            if not any(span["text"] and not span["text"].isspace() for span in spans):
                continue
            drawn = [_drawn_span(span, order) for span in spans if span["text"]]
            if count >= MAX_SPANS:
                dropped += len(drawn)
                continue
            count += len(drawn)
            line = Line(tuple([item[0] for item in drawn]), Box._make(raw["bbox"]), tuple(raw["dir"]))
            lines.append((line, drawn))
    return lines, dropped


def _drawn_span(raw: dict[str, Any], order: int) -> DrawnSpan:
    font, char_flags = raw["font"], raw["char_flags"]
    style = _font_style(font, raw["flags"], char_flags & _SYNTHETIC_BOLD)
    span = Span(raw["text"], Box._make(raw["bbox"]), font, round(raw["size"], 2), style, raw["color"])
    return DrawnSpan(span, order, raw["alpha"], char_flags)


@lru_cache(maxsize=4096)
def _font_style(font: str, flags: int, synthetic_bold: int) -> int:
    style = Style.NONE
    if flags & _BOLD or synthetic_bold or _BOLD_FONT.search(font):
        style |= Style.BOLD
    if flags & _ITALIC or _ITALIC_FONT.search(font):
        style |= Style.ITALIC
    if flags & _MONO or _MONO_FONT.search(font):
        style |= Style.MONO
    if flags & _SUPERSCRIPT:
        style |= Style.SUPERSCRIPT
    return int(style)


def page_images(page: pymupdf.Page, always: bool = False) -> list[Image]:
    """Raster images with their boxes. Listing them means another pass, made only when the resources name any.

    `always` also looks for inline images, which no resource names.
    """
    if not always and not names_image(page):
        return []
    infos = list(islice(placed_images(page), MAX_IMAGES))
    if page.rotation:
        turn_upright(infos, page.rotation_matrix)
    return [Image(Box._make(info["bbox"]), info["width"], info["height"]) for info in infos]


def page_links(page: pymupdf.Page) -> list[Link]:
    """Links to the outside and to pages of the same document."""
    return list(islice(_links(page), MAX_LINKS)) if page.first_link else []


def _links(page: pymupdf.Page) -> Iterator[Link]:
    for raw in page.get_links():
        box = Box(*raw["from"])
        if raw.get("uri"):
            yield Link(box, raw["uri"])
        elif raw.get("page", -1) >= 0:
            yield Link(box, "", raw["page"] + 1)
