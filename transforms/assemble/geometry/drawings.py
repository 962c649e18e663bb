"""Drawings: groups of vectors that are a picture, not the rules of a table or a frame around text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from schemas.content import Vector
from schemas.geometry import Box
from transforms.assemble.geometry.lines import TextLine

#: Vectors are grouped on a grid of cells of this size, in points.
CELL = 6.0
#: Vectors that take up more of the page are backgrounds and frames.
MAX_PART = 0.4
#: A drawing is at least this wide and high ...
MIN_SIDE = 36.0
#: ... takes up this share of the page at most ...
MAX_SHARE = 0.8
#: ... and of its area, text covers no more than this.
MAX_TEXT = 0.25
#: Thinner vectors are rules.
THIN = 3.5
#: Vectors with a body that a drawing has: with a caption beside it, and without.
MIN_BODIES, MIN_CURVES = 3, 12
#: Pages with more vectors are maps.
MAX_VECTORS = 5000
#: So are pages whose vectors have a longer course, in grid cells.
MAX_CELLS = 10_000
#: Longer lines are no labels.
MAX_LABEL = 45
#: How far, in points, a caption may stand from its drawing.
CAPTION_GAP = 40.0
_CAPTION = re.compile(
    r"(?:figure|figura|figur|fig|abbildung|abb|chart|graph|graphique|diagram|scheme|map|plate|illustration)"
    r"\.?\s?(?:[A-Z]?[-.]?\d|[IVX]+\b)",
    re.IGNORECASE,
)
_WHITE = 0xFFFFFF

Cell = tuple[int, int, int, int]


@dataclass
class _Group:
    """Vectors that touch on the grid."""

    box: Box
    #: Filled or curved shapes with both width and height, and those of them that are no rectangles.
    bodies: int = 0
    curves: int = 0

    def add(self, vector: Vector) -> None:
        """Count a vector in."""
        box = vector.box
        self.box = Box(
            min(self.box.x0, box.x0), min(self.box.y0, box.y0), max(self.box.x1, box.x1), max(self.box.y1, box.y1)
        )
        if _is_body(vector):
            self.bodies += 1
            self.curves += not vector.rectangle


def drawings(vectors: Sequence[Vector], lines: Sequence[TextLine], page: Box, taken: Sequence[Box]) -> list[Box]:
    """Boxes of the drawings of a page, top to bottom; `taken` are its tables and images."""
    bodies = [vector for vector in vectors if _is_body(vector)]
    if len(bodies) < MIN_BODIES or len(vectors) > MAX_VECTORS:
        return []
    captions = [line.box for line in lines if is_figure_caption(line)]
    if not captions and sum(not vector.rectangle for vector in bodies) < MIN_CURVES:
        return []
    candidates = [group for group in _groups(vectors, page, taken) if _has_size(group.box, page)]
    found = [group.box for group in candidates if _is_drawing(group, lines, captions)]
    return sorted(found, key=lambda box: (box.y0, box.x0))


def is_figure_caption(line: TextLine) -> bool:
    """Whether a line begins like the caption of a figure."""
    return _CAPTION.match(line.text) is not None


def _is_body(vector: Vector) -> bool:
    """A filled or curved shape with both width and height."""
    x0, y0, x1, y1 = vector.box
    return x1 - x0 > THIN and y1 - y0 > THIN and not (vector.rectangle and vector.stroked)


def _has_size(box: Box, page: Box) -> bool:
    return box.width >= MIN_SIDE and box.height >= MIN_SIDE and box.area <= MAX_SHARE * page.area


def _is_drawing(group: _Group, lines: Sequence[TextLine], captions: Iterable[Box]) -> bool:
    captioned = any(_is_beside(group.box, caption) for caption in captions)
    if not (group.curves >= MIN_CURVES or (captioned and group.bodies >= MIN_BODIES)):
        return False
    inside = [line for line in lines if group.box.contains_centre(line.box)]
    covered = sum(line.box.area for line in inside)
    return covered <= MAX_TEXT * group.box.area and all(len(line.text) <= MAX_LABEL for line in inside)


def _is_beside(drawing: Box, caption: Box) -> bool:
    """Whether a caption stands right above or below."""
    gap = max(caption.y0 - drawing.y1, drawing.y0 - caption.y1)
    return gap < CAPTION_GAP and min(drawing.x1, caption.x1) > max(drawing.x0, caption.x0)


def _groups(vectors: Sequence[Vector], page: Box, taken: Sequence[Box]) -> list[_Group]:
    """Vectors joined where they share or adjoin a grid cell; many on one spot count but cost little."""
    parts: dict[Cell, list[Vector]] = {}
    for vector in vectors:
        box = vector.box
        if vector.alpha < 10 or box.area > MAX_PART * page.area or (vector.color == _WHITE and not vector.stroked):
            continue
        if page.contains_centre(box) and not any(other.contains_centre(box) for other in taken):
            parts.setdefault(_cells(box), []).append(vector)
    if sum(x1 - x0 + y1 - y0 for x0, y0, x1, y1 in parts) > MAX_CELLS:
        return []
    owner: dict[tuple[int, int], int] = {}
    parent: list[int] = []
    for number, cells in enumerate(parts):
        parent.append(number)
        for place in _border(cells):
            other = owner.setdefault(place, number)
            parent[_root(parent, other)] = _root(parent, number)
    groups: dict[int, _Group] = {}
    for number, found in enumerate(parts.values()):
        group = groups.setdefault(_root(parent, number), _Group(found[0].box))
        for vector in found:
            group.add(vector)
    return list(groups.values())


def _cells(box: Box) -> Cell:
    x0, y0, x1, y1 = (int(value // CELL) for value in box)
    return x0, y0, x1 + 1, y1 + 1


def _border(cells: Cell) -> Iterator[tuple[int, int]]:
    """Grid cells along the edge of a box: what is drawn inside a box without touching it may be something else."""
    x0, y0, x1, y1 = cells
    for x in range(x0, x1 + 1):
        yield x, y0
        yield x, y1
    for y in range(y0 + 1, y1):
        yield x0, y
        yield x1, y


def _root(parent: list[int], number: int) -> int:
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number
