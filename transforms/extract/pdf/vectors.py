"""Vectors of a PDF page: compound paths become the rules they paint, and their number is bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from schemas.content import Vector
from schemas.geometry import Box

MAX_VECTORS = 4_000
#: Where a page has more vectors than that, lines shorter than this are map and chart detail, not rules.
LONG_RULE = 24.0
_TOLERANCE = 0.3


#: Sizes of letters, in points, and how many of about one height share a baseline in a line of text.
_GLYPH_SIZES, _ROW = (2.5, 40.0), 8


class RawVector(NamedTuple):
    """One piece of a drawn path, in paint order; `continues` says the next piece belongs to the same path."""

    order: int
    box: Box
    stroked: bool
    rectangle: bool
    continues: bool
    color: int
    alpha: int

    @classmethod
    def of(cls, order: int, block: dict[str, Any]) -> RawVector:
        """From a vector block of MuPDF's structured text."""
        box = Box._make(block["bbox"])
        return cls(order, box, block["stroked"], block["isrect"], block["continues"], block["color"], block["alpha"])

    def vector(self, box: Box) -> Vector:
        """The record of the part of the piece that is painted: `box`."""
        return Vector(box, self.stroked, self.rectangle, self.color, self.alpha)


def paths(pieces: Iterable[RawVector]) -> Iterator[list[RawVector]]:
    """Pieces grouped into the paths that were painted at once."""
    path: list[RawVector] = []
    for piece in pieces:
        path.append(piece)
        if not piece.continues:
            yield path
            path = []
    if path:
        yield path


def page_vectors(pieces: list[RawVector], bounds: Box) -> list[Vector]:
    """The vectors that touch the page, at most `MAX_VECTORS`: long rules first, in paint order."""
    left, top, right, bottom = bounds
    painted: list[tuple[RawVector, Box]] = []
    for path in paths(pieces):
        for piece, box in _parts(path):
            x0, y0, x1, y1 = box
            if x1 >= left and x0 <= right and y1 >= top and y0 <= bottom:
                painted.append((piece, box))
    if len(painted) > MAX_VECTORS:
        painted = [item for item in painted if _is_long(item[1])]
    return [piece.vector(box) for piece, box in painted[:MAX_VECTORS]]


def outlined_glyphs(pieces: Iterable[RawVector]) -> int:
    """Filled shapes of the size of letters that stand in rows: text drawn as curves. Counts shapes, not their holes."""
    rows: dict[int, set[Box]] = {}
    for path in paths(pieces):
        for piece in path:
            box = piece.box
            if piece.stroked or not _GLYPH_SIZES[0] <= max(box.width, box.height) <= _GLYPH_SIZES[1]:
                continue
            if min(box.width, box.height) > 0.3:
                rows.setdefault(round(box.y1), set()).add(box)
    return sum(len(boxes) for boxes in rows.values() if len(boxes) >= _ROW)


def _is_long(box: Box) -> bool:
    x0, y0, x1, y1 = box
    return x1 - x0 >= LONG_RULE or y1 - y0 >= LONG_RULE


def _parts(path: list[RawVector]) -> list[tuple[RawVector, Box]]:
    """A filled pair of nested rectangles paints the ring between them: the borders of a box in CSS."""
    if len(path) == 2 and not path[0].stroked and path[0].rectangle and path[1].rectangle:
        inner, outer = sorted(path, key=lambda piece: piece.box.area)
        if _inside(inner.box, outer.box):
            return [(outer, side) for side in _ring(inner.box, outer.box)]
    return [(piece, piece.box) for piece in path]


def _inside(inner: Box, outer: Box) -> bool:
    return (
        inner.x0 >= outer.x0 - _TOLERANCE
        and inner.y0 >= outer.y0 - _TOLERANCE
        and inner.x1 <= outer.x1 + _TOLERANCE
        and inner.y1 <= outer.y1 + _TOLERANCE
    )


def _ring(inner: Box, outer: Box) -> Iterator[Box]:
    sides = (
        Box(outer.x0, outer.y0, outer.x1, inner.y0),
        Box(outer.x0, inner.y1, outer.x1, outer.y1),
        Box(outer.x0, outer.y0, inner.x0, outer.y1),
        Box(inner.x1, outer.y0, outer.x1, outer.y1),
    )
    return (side for side in sides if min(side.x1 - side.x0, side.y1 - side.y0) > _TOLERANCE)
