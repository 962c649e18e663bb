"""Boxes. Unit: PDF points (1/72 inch). Origin: top-left corner of the page as shown, y grows down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle (x0, y0) top-left, (x1, y1) bottom-right, in points, origin top-left."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Horizontal extent, never negative."""
        return max(0.0, self.x1 - self.x0)

    @property
    def height(self) -> float:
        """Vertical extent, never negative."""
        return max(0.0, self.y1 - self.y0)

    @property
    def area(self) -> float:
        """Width times height, in square points."""
        return self.width * self.height

    def overlap(self, other: Box) -> float:
        """Area shared with `other`, in square points."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return width * height if width > 0 and height > 0 else 0.0

    def contains_centre(self, other: Box) -> bool:
        """Whether the middle of `other` lies inside this box."""
        x, y = (other.x0 + other.x1) / 2, (other.y0 + other.y1) / 2
        return self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1


def rounded(box: Box) -> Box:
    """To hundredths, for boxes that models or products of matrices give: further digits differ between CPUs."""
    return Box(*(round(value, 2) for value in box))


def column_boxes(boxes: Iterable[Box]) -> list[Box]:
    """One box for each column that `boxes`, in reading order, run through: a new one where they jump up or aside."""
    columns: list[Box] = []
    last: Box | None = None
    for box in boxes:
        if last is not None and _goes_on(columns[-1], last, box):
            columns[-1] = union((columns[-1], box)) or box
        else:
            columns.append(box)
        last = box
    return columns


def _goes_on(column: Box, last: Box, box: Box) -> bool:
    """Whether a box stands beside the last one, or below it in the same column."""
    if box.y0 < last.y1:
        return box.y1 > last.y0
    return min(column.x1, box.x1) - max(column.x0, box.x0) >= 0.5 * min(column.width, box.width)


def union(boxes: Iterable[Box]) -> Box | None:
    """Smallest box around all of `boxes`; None when there are none."""
    items = list(boxes)
    if not items:
        return None
    return Box(
        min(b.x0 for b in items),
        min(b.y0 for b in items),
        max(b.x1 for b in items),
        max(b.y1 for b in items),
    )
