"""What the image network sees inside each box: averages and extremes of its maps over the box's pixels.

The network's five feature maps have 9 to 150 cells a side; it was trained with them blown up (bilinear) to 300 x 300
pixels. Averages of the blown-up map are linear in the small one, and its maximum within a cell stands at the first or
last pixel of the cell, so neither needs the large map.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from transforms.layout.builtin.raster import THUMBNAIL
from transforms.layout.records import Array

#: Samples taken at once: what fits the processor's cache is twice as fast, and memory stays bounded.
_CHUNK = 1 << 13
#: Samples reduced side by side: one row of 32 channels is too short for the processor's vectors.
_BLOCK = 8
_TINY = np.float32(1e-12)


def pool_boxes(maps: Sequence[Array], logits: Array, boxes: Array, size: tuple[int, int]) -> Array:
    """(boxes, 2 x features + 3 x classes + 2) float32.

    `maps` are (channels, cells, cells), `logits` (classes, 300, 300), `size` the page raster's (width, height) in the
    unit of `boxes`. Columns: mean and max of the features; mean, min and max of the class probabilities; then mean
    entropy and mean lead of the best class over the second.
    """
    windows = _windows(boxes, size)
    channels = sum(len(level) for level in maps)
    classes = len(logits)
    pooled = np.empty((len(boxes), 2 * channels + 3 * classes + 2), np.float32)
    column = 0
    for level in maps:
        width = len(level)
        pooled[:, column : column + width] = _mean(level, windows)
        pooled[:, channels + column : channels + column + width] = _max(level, windows)
        column += width
    pooled[:, 2 * channels :] = _probabilities(logits, windows)
    return pooled


def _windows(boxes: Array, size: tuple[int, int]) -> Array:
    """(boxes, 4) first column, first row, last column, last row of the pixels that a box touches."""
    scale = THUMBNAIL / np.array([size[0], size[1]], np.float64)
    exact = boxes.astype(np.float64)
    first = np.clip(np.floor(exact[:, :2] * scale).astype(np.intp), 0, THUMBNAIL - 1)
    last = np.clip(np.ceil(exact[:, 2:] * scale).astype(np.intp) - 1, 0, THUMBNAIL - 1)
    return np.concatenate([first, np.maximum(first, last)], axis=1)


@cache
def _taps(cells: int) -> tuple[Array, Array, Array]:
    """For each of 300 pixels: the cell before it, the cell after it, the weight of the latter."""
    position = np.maximum((np.arange(THUMBNAIL) + 0.5) * (cells / THUMBNAIL) - 0.5, 0.0)
    before = np.floor(position).astype(np.intp)
    return before, np.minimum(before + 1, cells - 1), (position - before).astype(np.float32)


@cache
def _summed_weights(cells: int) -> Array:
    """(301, cells): row n holds how much each cell adds to the first n pixels."""
    before, after, weight = _taps(cells)
    spread = np.zeros((THUMBNAIL, cells))
    pixels = np.arange(THUMBNAIL)
    np.add.at(spread, (pixels, before), 1.0 - weight)
    np.add.at(spread, (pixels, after), weight)
    return np.concatenate([np.zeros((1, cells)), spread.cumsum(axis=0)])


def _mean(level: Array, windows: Array) -> Array:
    """(boxes, channels) average of the blown-up map."""
    channels, cells, _ = level.shape
    summed = _summed_weights(cells)
    columns, rows = (
        ((summed[windows[:, end] + 1] - summed[windows[:, start]]) / (windows[:, end] - windows[:, start] + 1)[:, None])
        for start, end in ((0, 2), (1, 3))
    )
    by_column = level.reshape(channels * cells, cells) @ columns.T.astype(np.float32)
    mixed: Array = np.einsum("crb,br->bc", by_column.reshape(channels, cells, -1), rows.astype(np.float32))
    return mixed


@cache
def _cell_edges(cells: int) -> tuple[Array, Array]:
    """First and last pixel of each cell."""
    before = _taps(cells)[0]
    return np.searchsorted(before, np.arange(cells), "left"), np.searchsorted(before, np.arange(cells), "right") - 1


def _max(level: Array, windows: Array) -> Array:
    """(boxes, channels) maximum of the blown-up map.

    Looks at rows of pixels and, within a row, at cells: the better of the first and the last pixel that the box has
    in the cell.
    """
    channels, cells, _ = level.shape
    before, after, weight = _taps(cells)
    first_pixel, last_pixel = _cell_edges(cells)
    first_cell = before[windows[:, 0]]
    rows = _Axis(windows[:, 1], windows[:, 3], np.unique(np.concatenate([first_pixel, last_pixel])))
    by_cell = np.ascontiguousarray(level.reshape(channels, -1).T)
    results = []
    for owner, across, down, starts in _samples(before[windows[:, 2]] - first_cell + 1, rows.count, _BLOCK):
        row, left = rows.pixels(owner, down), first_cell[owner] + across
        right, lowered = np.minimum(left + 1, cells - 1), weight[row][:, None]
        above, below = before[row] * cells, after[row] * cells
        start = _between(by_cell.take(above + left, axis=0), by_cell.take(below + left, axis=0), lowered)
        step = _between(by_cell.take(above + right, axis=0), by_cell.take(below + right, axis=0), lowered)
        step -= start
        near = step * weight[np.maximum(windows[owner, 0], first_pixel[left])][:, None]
        step *= weight[np.minimum(windows[owner, 2], last_pixel[left])][:, None]
        start += np.maximum(near, step, out=near)
        blocks = np.maximum.reduceat(start.reshape(-1, _BLOCK * channels), starts // _BLOCK, axis=0)
        results.append(blocks.reshape(-1, _BLOCK, channels).max(axis=1))
    return np.concatenate(results)


def _between(start: Array, end: Array, share: Array) -> Array:
    """`start` moved by `share` of the way to `end`. Works in place: both are scratch."""
    end -= start
    end *= share
    start += end
    return start


def _probabilities(logits: Array, windows: Array) -> Array:
    """(boxes, 3 x classes + 2) from the class map."""
    by_class = logits.reshape(len(logits), -1)
    results = []
    extent = windows[:, 2:] - windows[:, :2] + 1
    for owner, across, down, starts in _samples(extent[:, 0], extent[:, 1], 1):
        pixels = (windows[owner, 1] + down) * THUMBNAIL + windows[owner, 0] + across
        chosen = by_class.take(pixels, axis=1)
        chosen -= chosen.max(axis=0)
        np.exp(chosen, out=chosen)
        chosen /= chosen.sum(axis=0) + _TINY
        entropy = -(chosen * np.log(chosen + _TINY)).sum(axis=0)
        counts = np.diff(np.append(starts, len(owner))).astype(np.float32)
        pooled = (
            np.add.reduceat(chosen, starts, axis=1) / counts,
            np.minimum.reduceat(chosen, starts, axis=1),
            np.maximum.reduceat(chosen, starts, axis=1),
            (np.add.reduceat(entropy, starts) / counts)[None],
            (np.add.reduceat(_lead(chosen), starts) / counts)[None],
        )
        results.append(np.concatenate(pooled).T)
    return np.concatenate(results)


def _lead(rows: Array) -> Array:
    """How far the largest of each column is above the second largest."""
    best, second = np.maximum(rows[0], rows[1]), np.minimum(rows[0], rows[1])
    for row in rows[2:]:
        np.maximum(second, np.minimum(best, row), out=second)
        np.maximum(best, row, out=best)
    lead: Array = best - second
    return lead


def _samples(columns: Array, rows: Array, block: int) -> Iterator[tuple[Array, Array, Array, Array]]:
    """The samples of boxes that are `columns` by `rows` large, one box after another, in bounded chunks.

    Yields each sample's box, column and row, and where each box starts. A box's last sample is repeated until their
    number is a multiple of `block`.
    """
    real = columns * rows
    padded = -(-real // block) * block
    chunk = padded.cumsum() // _CHUNK
    for boxes in np.split(np.arange(len(columns)), np.flatnonzero(np.diff(chunk)) + 1):
        starts = padded[boxes].cumsum() - padded[boxes]
        owner = boxes.repeat(padded[boxes])
        sample = np.arange(len(owner)) - starts.repeat(padded[boxes])
        row, column = np.divmod(np.minimum(sample, real[owner] - 1), columns[owner])
        yield owner, column, row, starts


class _Axis:
    """The pixels of each box along one axis: its first, those of `ends` strictly inside, its last."""

    def __init__(self, first: Array, last: Array, ends: Array) -> None:
        self._first, self._last, self._ends = first, last, ends
        self._skipped = np.searchsorted(ends, first, "right")
        inside = np.maximum(np.searchsorted(ends, last, "left") - self._skipped, 0)
        self.count = inside + 1 + (last > first)

    def pixels(self, owner: Array, position: Array) -> Array:
        """The pixel at `position` (from 0) of the boxes `owner`."""
        inner = self._ends.take(self._skipped[owner] + position - 1, mode="clip")
        upper = np.where(position == self.count[owner] - 1, self._last[owner], inner)
        return np.where(position == 0, self._first[owner], upper)
