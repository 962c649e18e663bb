"""Pictures that a layout model sees: drawings get a box, and the words inside them become their labels.

The model reads lines of text, so its box of a picture holds the labels only; the drawing around them is added here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas.content import BlockType, Vector
from schemas.geometry import Box, union
from transforms.assemble.evidence.regions import RUNNING_TEXT, SURE, PageRegions

#: Vectors this close to a picture, in points, are part of it.
NEAR = 8.0
#: Vectors that take up more of the page are backgrounds.
MAX_PART = 0.6
#: Rounds in which a picture grows by the vectors near it.
ROUNDS = 4
#: Share of the smaller of two boxes that makes them the same picture.
SAME = 0.5


def seen_figures(
    regions: PageRegions, vectors: Sequence[Vector], page: Box, known: Sequence[Box]
) -> Iterator[tuple[Box, float]]:
    """(box, confidence) of each picture that is none of the `known` boxes (images and tables)."""
    taken = list(known)
    pictures = regions.of_type(BlockType.FIGURE)
    if not pictures:
        return
    text = [r.box for r in regions.regions if r.type in RUNNING_TEXT | {BlockType.TABLE} and r.confidence >= SURE]
    parts = [vector.box for vector in vectors if vector.box.area < MAX_PART * page.area]
    for region in pictures:
        box = _grown(region.box, [part for part in parts if not any(part.contains_centre(t) for t in text)])
        if any(_is_same(box, other) for other in taken):
            continue
        taken.append(box)
        yield box, region.confidence


def _grown(box: Box, parts: Sequence[Box]) -> Box:
    """The box around a picture's labels and the vectors connected with them."""
    for _ in range(ROUNDS):
        wide = Box(box.x0 - NEAR, box.y0 - NEAR, box.x1 + NEAR, box.y1 + NEAR)
        grown = union([box, *(part for part in parts if _touch(wide, part))]) or box
        if grown == box:
            break
        box = grown
    return box


def _touch(a: Box, b: Box) -> bool:
    return a.x0 <= b.x1 and b.x0 <= a.x1 and a.y0 <= b.y1 and b.y0 <= a.y1


def _is_same(a: Box, b: Box) -> bool:
    return a.overlap(b) > SAME * max(1.0, min(a.area, b.area))
