"""Reading order by geometry alone: gutters split a region into columns, wide items split it into bands.

The order of the content stream is never looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol, TypeVar

from schemas.geometry import Box

#: Pages with more items than this (maps, plots) are read row by row.
MAX_ITEMS = 3_000
#: Items that must share a left edge before it is tried as the start of a column.
MIN_EDGE = 2
#: A column is at least this share of the region wide ...
MIN_WIDTH = 0.12
#: ... and the middle one of its lines has at least this many characters.
MIN_CHARS = 9
#: Two columns whose lines pair up and are shorter than this are a table or a form: read by rows.
PAIRED_CHARS = 16
MAX_DEPTH = 12


class Item(Protocol):
    """Anything with a box and a text; tables and figures have no text."""

    @property
    def box(self) -> Box:
        """Where it stands."""

    @property
    def text(self) -> str:
        """Normalised text."""


ItemT = TypeVar("ItemT", bound=Item)


@dataclass(frozen=True)
class _Gutter:
    """A vertical stripe of white that ends at `x`."""

    x: float
    unit: float

    def side(self, box: Box) -> int:
        """-1 left of the gutter, 1 right of it, 0 across it."""
        if box.x0 >= self.x - 0.3 * self.unit:
            return 1
        return -1 if box.x1 <= self.x - 0.5 * self.unit else 0


def reading_order(items: Sequence[ItemT], unit: float, depth: int = 0) -> list[list[ItemT]]:
    """Stacks of items that are read top to bottom, the stacks in reading order. `unit` is the body font size."""
    items = sorted(items, key=lambda item: (item.box.y0, item.box.x0, item.box.y1, item.box.x1, item.text))
    if len(items) < 4 or len(items) > MAX_ITEMS or depth > MAX_DEPTH:
        return [items] if items else []
    gutter = best_gutter(items, unit)
    if gutter is None:
        return [items]
    stacks: list[list[ItemT]] = []
    bands = _bands(sorted(items, key=_middle), gutter)
    for band in bands if len(bands) > 1 else [items]:
        left = [item for item in band if gutter.side(item.box) < 0]
        right = [item for item in band if gutter.side(item.box) > 0]
        if len(left) + len(right) < len(band) or not left or not right:
            stacks += reading_order(band, unit, depth + 1) if len(band) < len(items) else [band]
        elif _one_row(left, right):
            stacks.append(band)
        else:
            stacks += reading_order(left, unit, depth + 1) + reading_order(right, unit, depth + 1)
    return stacks


def _one_row(left: Sequence[ItemT], right: Sequence[ItemT]) -> bool:
    return len(left) == len(right) == 1 and _overlap(left[0].box, right[0].box) > 0


def best_gutter(items: Sequence[ItemT], unit: float) -> _Gutter | None:
    """The gutter with the most text side by side; None when the region is one column."""
    x0, x1 = min(item.box.x0 for item in items), max(item.box.x1 for item in items)
    edges = Counter[int]()
    for item in items:
        # A table or figure makes a column on its own.
        edges[round(item.box.x0 / 2) * 2] += 1 if item.text else MIN_EDGE
    ordered = sorted(items, key=_middle)
    best, best_score = None, 0.0
    for edge, count in edges.items():
        if count < MIN_EDGE or edge - x0 < MIN_WIDTH * (x1 - x0) or x1 - edge < MIN_WIDTH * (x1 - x0):
            continue
        gutter = _Gutter(edge - 1.0, unit)
        score = sum(_columns_height(band, gutter) for band in _bands(ordered, gutter))
        if score > best_score + 0.01:
            best, best_score = gutter, score
    return best if best_score > 2 * unit else None


def _bands(items: Sequence[ItemT], gutter: _Gutter) -> list[list[ItemT]]:
    """Bands of items beside the gutter alternate with bands of wide items. `items` are sorted by their middles.

    A wide item goes before the items beside the gutter that have the same middle.
    """
    bands: list[list[ItemT]] = []
    last_wide: bool | None = None
    wide = [gutter.side(item.box) == 0 for item in items]
    if True not in wide:
        return [list(items)]
    for item, is_wide in _wide_first(items, wide):
        if is_wide is not last_wide:
            bands.append([])
            last_wide = is_wide
        bands[-1].append(item)
    return bands


def _wide_first(items: Sequence[ItemT], wide: Sequence[bool]) -> list[tuple[ItemT, bool]]:
    pairs = list(zip(items, wide, strict=True))
    pairs.sort(key=lambda pair: ((pair[0].box[1] + pair[0].box[3]) / 2, not pair[1]))
    return pairs


def _middle(item: Item) -> tuple[float, float]:
    return (item.box.y0 + item.box.y1) / 2, item.box.x0


def _columns_height(band: Sequence[ItemT], gutter: _Gutter) -> float:
    """Height along which text stands on both sides; 0 where the sides do not look like columns."""
    left = [item for item in band if gutter.side(item.box) < 0]
    right = [item for item in band if gutter.side(item.box) > 0]
    if len(left) + len(right) < len(band) or not _column_like(left) or not _column_like(right):
        return 0.0
    if _paired(left, right):
        return 0.0
    top = max(min(item.box.y0 for item in left), min(item.box.y0 for item in right))
    bottom = min(max(item.box.y1 for item in left), max(item.box.y1 for item in right))
    return max(0.0, bottom - top)


def _column_like(side: Sequence[ItemT]) -> bool:
    lengths = [len(item.text) for item in side if item.text]
    if not lengths:
        return any(not item.text for item in side)
    return (len(side) >= 2 or max(lengths) > 3 * MIN_CHARS) and median(lengths) >= MIN_CHARS


def _paired(left: Sequence[ItemT], right: Sequence[ItemT]) -> bool:
    """Whether short lines stand side by side as the cells of a row do."""
    few, many = sorted((left, right), key=len)
    if min(median(len(item.text) for item in side) for side in (few, many)) >= PAIRED_CHARS:
        return False
    bottoms = sorted(item.box.y1 for item in many)
    pairs = sum(any(abs(item.box.y1 - bottom) < 1.5 for bottom in bottoms) for item in few)
    return pairs >= 0.7 * len(few)


def _overlap(a: Box, b: Box) -> float:
    return min(a.y1, b.y1) - max(a.y0, b.y0)
