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
        box = Box(*block["bbox"])
        facts = (block["stroked"], block["isrect"], block["continues"], block["color"], block["alpha"])
        return cls(order, box, *facts)

    def vector(self, box: Box | None = None) -> Vector:
        """The record, with another box where the piece paints only a part."""
        return Vector(box or self.box, self.stroked, self.rectangle, self.color, self.alpha)


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
    vectors = [vector for path in paths(pieces) for vector in _painted(path) if _touches(vector.box, bounds)]
    if len(vectors) > MAX_VECTORS:
        vectors = [vector for vector in vectors if max(vector.box.width, vector.box.height) >= LONG_RULE]
    return vectors[:MAX_VECTORS]


def _touches(box: Box, bounds: Box) -> bool:
    return box.x1 >= bounds.x0 and box.x0 <= bounds.x1 and box.y1 >= bounds.y0 and box.y0 <= bounds.y1


def _painted(path: list[RawVector]) -> Iterator[Vector]:
    """A filled pair of nested rectangles paints the ring between them: the borders of a box in CSS."""
    if len(path) == 2 and not path[0].stroked and all(piece.rectangle for piece in path):
        inner, outer = sorted(path, key=lambda piece: piece.box.area)
        if _inside(inner.box, outer.box):
            yield from (outer.vector(side) for side in _ring(inner.box, outer.box))
            return
    for piece in path:
        yield piece.vector()


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
