"""Boxes of pages that were straightened before they were read, back in the page as a viewer shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from schemas.content import Cell, ExtractedPage, Span
from schemas.document import Element, PageSpan
from schemas.geometry import Box, rounded

Affine = tuple[float, float, float, float, float, float]
IDENTITY: Affine = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_Boxed = TypeVar("_Boxed", Element, Cell, Span)


def as_shown(elements: Sequence[Element], pages: Sequence[ExtractedPage]) -> list[Element]:
    """The elements with all boxes in points of the pages as shown; upright rectangles around turned ones."""
    turned = {page.number: page.to_shown for page in pages if page.to_shown != IDENTITY}
    if not turned:
        return list(elements)
    return [_shown(element, turned) for element in elements]


def _shown(element: Element, turned: dict[int, Affine]) -> Element:
    own = turned.get(element.page, IDENTITY)
    return msgspec.structs.replace(
        _moved(element, own),
        spans=tuple(
            PageSpan(part.page, _moved(part.span, turned.get(part.page, IDENTITY)), part.line) for part in element.spans
        ),
        cells=tuple(_moved(cell, turned.get(cell.page, IDENTITY) if cell.page else own) for cell in element.cells),
    )


def _moved(thing: _Boxed, affine: Affine) -> _Boxed:
    if thing.box is None or affine == IDENTITY:
        return thing
    return msgspec.structs.replace(thing, box=moved_box(thing.box, affine))


def moved_box(box: Box, affine: Affine) -> Box:
    """The upright rectangle around a box after the map x' = a x + c y + e, y' = b x + d y + f, to hundredths."""
    a, b, c, d, e, f = affine
    corners = [(x, y) for x in (box.x0, box.x1) for y in (box.y0, box.y1)]
    xs = [a * x + c * y + e for x, y in corners]
    ys = [b * x + d * y + f for x, y in corners]
    return rounded(Box(min(xs), min(ys), max(xs), max(ys)))
