"""Which spans of a PDF page a reader cannot see, and why.

Cheap facts (render mode, opacity, size, position, colours of the fills) only nominate spans. Colour and covering are
confirmed on a rendering of the page, so gradients, images and clips cannot cause false alarms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pymupdf

from schemas.content import Line, Span
from schemas.geometry import Box
from transforms.extract.pdf.vectors import RawVector, paths

OCR_LAYER = "ocr-layer"
#: Bits of MuPDF's character flags.
_FILLED, _STROKED, _CLIPPED = 16, 32, 64
_PAINTED = _FILLED | _STROKED | _CLIPPED
#: Below this size in points nobody reads.
TINY = 1.2
#: Opacity (of 255) that counts as none.
TRANSPARENT = 12
#: Largest difference of a colour channel that the eye does not tell apart on a page.
SAME_COLOR = 24
#: Difference of channels within a span's area below which its rendering shows no text.
FLAT = 14
#: Share of a page that an image covers when the page is a scan.
SCAN_SHARE = 0.5
MAX_FILLS = 400
#: Comparisons of lines with fills on one page.
MAX_PAIRS = 60_000
#: Pixels of a page rendered to confirm; one per point on ordinary pages.
MAX_PIXELS = 4_000_000
WHITE = 0xFFFFFF


class DrawnSpan(NamedTuple):
    """A span with the facts that decide whether it can be seen."""

    span: Span
    order: int
    alpha: int
    char_flags: int

    @property
    def box(self) -> Box:
        """The span's box, which a PDF span always has."""
        return self.span.box or Box(0, 0, 0, 0)


class PageFills:
    """The opaque filled rectangles of a page, in reverse paint order."""

    def __init__(self, vectors: Sequence[RawVector], bound: int) -> None:
        """Only simple rectangles: what a compound path covers, its boxes do not tell. The `bound` largest count."""
        simple = [path[0] for path in paths(vectors) if len(path) == 1]
        fills = [
            v for v in simple if v.rectangle and not v.stroked and v.alpha > 250 and min(v.box.width, v.box.height) > 3
        ]
        fills = sorted(fills, key=lambda v: -v.box.area)[:bound]
        self._fills = sorted(fills, key=lambda v: -v.order)
        self._colors = {WHITE, *(v.color for v in fills)}
        self._hiding: dict[int, bool] = {}
        #: Paint order of the last fill.
        self.last = self._fills[0].order if fills else -1

    def may_hide(self, color: int) -> bool:
        """Whether text of this colour vanishes on some fill of the page or on white paper."""
        hides = self._hiding.get(color)
        if hides is None:
            hides = self._hiding[color] = any(_close(color, fill) for fill in self._colors)
        return hides

    def below(self, drawn: DrawnSpan) -> int:
        """Colour of the last fill painted under the span."""
        box = drawn.box
        return next((v.color for v in self._fills if v.order < drawn.order and v.box.contains_centre(box)), WHITE)

    def cover(self, drawn: DrawnSpan) -> bool:
        """Whether a fill was painted over the whole span later."""
        box, order = drawn.box, drawn.order
        x0, y0, x1, y1 = box
        area = box.area
        for fill in self._fills:
            if fill.order <= order:
                break
            left, top, right, bottom = fill.box
            # Most fills are elsewhere on the page.
            if left < x1 and right > x0 and top < y1 and bottom > y0 and fill.box.overlap(box) > 0.95 * area > 0:
                return True
        return False


def hide_spans(
    page: pymupdf.Page,
    lines: Sequence[tuple[Line, list[DrawnSpan]]],
    vectors: Sequence[RawVector],
    images: Sequence[Box],
) -> list[Line]:
    """The lines, with the reason in `hidden` of every span that cannot be seen; OCR layers get their origin."""
    bounds, fills = Box(*page.rect), PageFills(vectors, min(MAX_FILLS, MAX_PAIRS // (len(lines) + 1)))
    scans = [box for box in images if box.overlap(bounds) > SCAN_SHARE * bounds.area]
    under_scan = bool(scans and lines) and _scan_over_text(page)
    rendering = _Rendering(page)
    result = []
    for line, drawn in lines:
        if not under_scan and all([_plainly_seen(item, bounds, fills) for item in drawn]):
            result.append(line)
            continue
        spans = [_seen(item, bounds, images, fills, rendering) for item in drawn]
        if under_scan:
            spans = [msgspec.structs.replace(span, hidden="", origin=OCR_LAYER) for span in spans]
        same = all(new is item.span for new, item in zip(spans, drawn, strict=True))
        result.append(line if same else Line(tuple(spans), line.box, line.direction))
    return result


def _plainly_seen(drawn: DrawnSpan, bounds: Box, fills: PageFills) -> bool:
    """Whether nothing at all speaks against the span; the cheap test that comes first."""
    span, order, alpha, char_flags = drawn
    x0, y0, x1, y1 = span.box or bounds
    left, top, right, bottom = bounds
    return (
        char_flags & _PAINTED != 0
        and alpha > TRANSPARENT
        and span.size >= TINY
        and order >= fills.last
        and (x1 > left and y1 > top and x0 < right and y0 < bottom)
        and not fills.may_hide(span.color)
    )


def _seen(drawn: DrawnSpan, bounds: Box, images: Sequence[Box], fills: PageFills, rendering: _Rendering) -> Span:
    span = drawn.span
    if not span.text.strip():
        return span
    unpainted = not drawn.char_flags & _PAINTED
    if unpainted or drawn.alpha <= TRANSPARENT:
        if any(box.contains_centre(drawn.box) for box in images):
            return msgspec.structs.replace(span, origin=OCR_LAYER)
        return msgspec.structs.replace(span, hidden="invisible" if unpainted else "transparent")
    reason = _plain_reason(drawn, bounds) or _painted_reason(drawn, fills)
    if reason in {"white on white", "covered"} and not rendering.is_flat(drawn.box):
        return span
    return msgspec.structs.replace(span, hidden=reason) if reason else span


def _plain_reason(drawn: DrawnSpan, bounds: Box) -> str:
    box = drawn.box
    if box.x1 <= bounds.x0 or box.y1 <= bounds.y0 or box.x0 >= bounds.x1 or box.y0 >= bounds.y1:
        return "off page"
    return "tiny" if drawn.span.size < TINY else ""


def _painted_reason(drawn: DrawnSpan, fills: PageFills) -> str:
    color = drawn.span.color
    if fills.may_hide(color) and _close(color, fills.below(drawn)):
        return "white on white"
    return "covered" if drawn.order < fills.last and fills.cover(drawn) else ""


def _close(a: int, b: int) -> bool:
    return all(abs((a >> shift & 255) - (b >> shift & 255)) <= SAME_COLOR for shift in (0, 8, 16))


def _scan_over_text(page: pymupdf.Page) -> bool:
    """Whether a page-sized image was painted after all text, so that the text under it is a searchable layer."""
    area, over = page.rect.width * page.rect.height, False
    for kind, box, *_ in page.get_bboxlog():
        if kind == "fill-image" and Box(*box).area > SCAN_SHARE * area:
            over = True
        elif kind in {"fill-text", "stroke-text"}:
            over = False
    return over


class _Rendering:
    """The page as pixels, rendered when the first span asks."""

    def __init__(self, page: pymupdf.Page) -> None:
        self._page = page
        self._pixmap: pymupdf.Pixmap | None = None
        self._scale = 1.0

    def is_flat(self, box: Box) -> bool:
        """Whether the area shows one colour only."""
        if self._pixmap is None:
            area = self._page.rect.width * self._page.rect.height
            self._scale = min(1.0, (MAX_PIXELS / max(area, 1.0)) ** 0.5)
            self._pixmap = self._page.get_pixmap(matrix=pymupdf.Matrix(self._scale, self._scale), alpha=False)
        pixmap, scale = self._pixmap, self._scale
        box = Box(box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale)
        width, height, step = pixmap.width, pixmap.height, pixmap.n
        x0, x1 = max(0, int(box.x0)), min(width, int(box.x1) + 1)
        y0, y1 = max(0, int(box.y0) + 1), min(height, int(box.y1))
        samples = pixmap.samples_mv
        rows = [bytes(samples[(y * width + x0) * step : (y * width + x1) * step]) for y in range(y0, max(y1, y0 + 1))]
        data = b"".join(rows)
        return not data or all(max(data[c::step]) - min(data[c::step]) <= FLAT for c in range(step))
