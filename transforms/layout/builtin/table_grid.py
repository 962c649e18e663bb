"""Rows and columns of a detected table from the table network's scores, and the lines of text that stand in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from transforms.layout.builtin import raster
from transforms.layout.records import Array, GridCell, LayoutBox, PageInput, TableGrid

TABLE = "table"
#: Scores from which a row (column) boundary counts.
_ROW_SCORE, _COLUMN_SCORE = 0.2, 0.25
#: Boundaries closer than this part of the table's extent are one.
_SAME_BOUNDARY = 0.01
#: Of scores when they are ordered.
_DIGITS = 4
#: A line reaches into a neighbouring row or column when it covers more than this part of it.
_REACH = 0.1


class TableCrop(msgspec.Struct, frozen=True, eq=False):
    """A table cut from its page: the network's input and the lines inside, in points from the table's corner."""

    #: (3, 360, 300) float32.
    image: Array
    region: LayoutBox
    #: (lines, 4) float32, in the order of `region.nodes`.
    boxes: Array
    #: Of the pixels cut out: points at 72 dpi.
    width: int
    height: int


class _Boundary(NamedTuple):
    position: float
    score: float


def table_crops(page: PageInput, regions: Iterable[LayoutBox]) -> list[TableCrop | None]:
    """One entry per table among `regions`, in order; None for a table outside the page's raster."""
    tables = [region for region in regions if region.cls == TABLE]
    if not tables or not page.raster:
        return [None] * len(tables)
    pixels = raster.unpack(page)
    return [_crop(page, pixels, region) for region in tables]


def _crop(page: PageInput, pixels: Array, region: LayoutBox) -> TableCrop | None:
    cut = raster.cut(pixels, region.box)
    if not cut.size:
        return None
    corner = np.array([*region.box[:2], *region.box[:2]])
    boxes = (page.boxes[list(region.nodes)].astype(np.float64) - corner).astype(np.float32)
    return TableCrop(raster.table_image(cut), region, boxes, cut.shape[1], cut.shape[0])


def decode(scores: Sequence[Array], crop: TableCrop) -> TableGrid:
    """The grid of one table. `scores`: row logits, row offsets, column logits, column offsets, 100 anchors each."""
    centres = (crop.boxes[:, :2].astype(np.float64) + crop.boxes[:, 2:]) / 2
    rows = _boundaries(scores[0], scores[1], _ROW_SCORE, crop.height, centres[:, 1])
    columns = _boundaries(scores[2], scores[3], _COLUMN_SCORE, crop.width, centres[:, 0])
    x, y = crop.region.box[:2]
    cells = []
    for node, box, centre in zip(crop.region.nodes, crop.boxes.tolist(), centres.tolist(), strict=True):
        cells.append(
            GridCell(node, *_span(rows, centre[1], box[1], box[3]), *_span(columns, centre[0], box[0], box[2]))
        )
    return TableGrid(_placed(y, rows), _placed(x, columns), tuple(cells))


def _placed(start: float, inner: list[float]) -> tuple[float, ...]:
    return tuple(round(start + place, 2) for place in inner)


def _boundaries(logits: Array, offsets: Array, threshold: float, extent: int, centres: Array) -> list[float]:
    """Positions that separate two lines of text somewhere, sorted."""
    scores = (1.0 / (1.0 + np.exp(-logits.astype(np.float64)))).astype(np.float32)
    anchors = np.linspace(0.0, 1.0, len(logits), dtype=np.float32)
    likely = scores >= threshold
    places = (anchors + offsets * (1.0 / (len(logits) - 1)))[likely]
    kept = np.sort(places[_strongest(places, scores[likely])])
    # To hundredths of a point, as whoever places text between them sees them: further digits differ between CPUs.
    positions = [round(float(place) * extent, 2) for place in kept]
    # A boundary has the score of the anchor nearest to it, which after the shift need not be the one it came from.
    nearest = np.abs(anchors - np.array(positions)[:, None] / extent).argmin(axis=1) if positions else []
    found = [_Boundary(position, float(scores[i])) for position, i in zip(positions, nearest, strict=True)]
    return [boundary.position for boundary in _useful(found, np.sort(centres), extent)]


def _strongest(places: Array, scores: Array) -> list[int]:
    """Indices that stay when each place silences weaker ones close to it."""
    kept: list[int] = []
    # Of equal ones the first: CPUs sort them differently otherwise.
    for candidate in np.argsort(-scores.round(_DIGITS), kind="stable").tolist():
        if all(abs(float(places[candidate]) - float(places[other])) >= _SAME_BOUNDARY for other in kept):
            kept.append(candidate)
    return kept


def _useful(found: list[_Boundary], centres: Array, extent: int) -> list[_Boundary]:
    """Drops boundaries with no middle of a line between them and their neighbour, or between them and the border."""

    def empty(low: float, high: float) -> bool:
        return bool(np.searchsorted(centres, high, "right") <= np.searchsorted(centres, low, "left"))

    before = -1
    while before != len(found):
        before, found = len(found), _joined(found, empty)
    while found and empty(0.0, found[0].position):
        found = found[1:]
    while found and empty(found[-1].position, float(extent)):
        found = found[:-1]
    return found


def _joined(found: list[_Boundary], empty: Callable[[float, float], bool]) -> list[_Boundary]:
    """One pass: of two boundaries with nothing between them the likelier stays."""
    kept = found[:1]
    for boundary in found[1:]:
        if not empty(kept[-1].position, boundary.position):
            kept.append(boundary)
        elif boundary.score >= kept[-1].score:
            kept[-1] = boundary
    return kept


def _span(boundaries: list[float], centre: float, low: float, high: float) -> tuple[int, int]:
    """First slot and end slot (exclusive) that a line from `low` to `high` stands in."""
    beyond = max(boundaries[-1] * 2, boundaries[-1] + 1) if boundaries else 1.0
    edges = [0.0, *boundaries, beyond]
    slot = bisect_right(edges, centre) - 1
    slot = slot if 0 <= slot <= len(boundaries) else len(boundaries)
    first = last = slot
    while first > 0 and _reaches(edges[first] - low, edges[first] - edges[first - 1]):
        first -= 1
    while last < len(boundaries) and _reaches(high - edges[last + 1], edges[last + 1] - edges[last]):
        last += 1
    return first, last + 1


def _reaches(depth: float, extent: float) -> bool:
    return extent > 0 and depth / extent > _REACH
