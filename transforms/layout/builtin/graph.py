"""A page's lines as a graph: node geometry, text patterns, edges to near neighbours, edge geometry.

The numbers must be those the network was trained with; the contract test compares them with PyMuPDF's own.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np

from transforms.layout.records import Array

PATTERN_LENGTH = 40
#: Characters that get a code of their own, in the network's order.
_MARKS = "•-*+<>()→✓#□■‣◦▪.:※"
_LETTER, _DIGIT, _OTHER, _SPACE, _FIRST_MARK = 10, 11, 12, 13, 14
#: How far, in line heights, a neighbour's middle may lie outside a line and still count as beside it.
_BESIDE = np.float32(0.3)
_EPSILON = np.float32(1e-10)
EDGE_FEATURES = 24


def node_geometry(boxes: Array) -> Array:
    """(nodes, 8): corners, centre and size of each box, relative to the box around all of them."""
    origin = boxes[:, :2].min(axis=0), boxes[:, 2:].min(axis=0)
    low = np.minimum(*origin)
    high = np.maximum(boxes[:, :2].max(axis=0), boxes[:, 2:].max(axis=0))
    extent = np.maximum(high - low, np.float32(1e-6))
    first, last = (boxes[:, :2] - low) / extent, (boxes[:, 2:] - low) / extent
    return np.concatenate([first, last, (last + first) / 2, last - first], axis=1, dtype=np.float32)


def text_pattern(text: str) -> list[float]:
    """40 numbers: kinds of characters and the lengths of their runs, two octal digits each, divided by 8."""
    digits: list[float] = []
    for kind, run in groupby(text, key=_kind):
        codes = [kind, *map(int, str(sum(1 for _ in run)))]
        for code in codes:
            digits += (code // 8 / 8, code % 8 / 8)
        if len(digits) >= PATTERN_LENGTH:
            return digits[:PATTERN_LENGTH]
    return digits + [0.0] * (PATTERN_LENGTH - len(digits))


def _kind(character: str) -> int:
    mark = _MARKS.find(character)
    if mark >= 0:
        return _FIRST_MARK + mark
    if character.isspace():
        return _SPACE
    if character.isdigit():
        return _DIGIT
    return _LETTER if character.isalnum() else _OTHER


def neighbour_edges(boxes: Array) -> Array:
    """(2, edges): each line with its nearest neighbour left, right, above, below, and the second above and below."""
    if len(boxes) < 2:
        return np.zeros((2, len(boxes)), np.int64)
    x0, y0, x1, y1 = (boxes[:, i] for i in range(4))
    reach = (y1 - y0) * _BESIDE
    middle, centre = (y0 + y1) / 2, (x0 + x1) / 2
    not_beside = (middle < (y0 - reach)[:, None]) | (middle > (y1 + reach)[:, None])
    not_under = (centre < x0[:, None]) | (centre > x1[:, None])
    across = (x0 - x1[:, None]) ** 2 + (y0 - y0[:, None]) ** 2
    drop = (y0 - y1[:, None]) ** 2
    along = (x0 - x0[:, None]) ** 2 + drop
    not_lower, not_higher = y1 <= y1[:, None], y0 >= y0[:, None]
    pairs = [
        *_nearest(across, not_beside | (x1 <= x1[:, None]), 1),
        *_nearest(across, not_beside | (x0 >= x0[:, None]), 1),
        *_nearest(along, not_lower, 2),
        *_nearest(along, not_higher, 2),
        *_nearest(drop, not_lower | not_under, 1),
    ]
    found = np.concatenate(pairs, axis=1)
    edges = np.unique(np.sort(found, axis=0), axis=1)
    return edges if edges.shape[1] else np.zeros((2, 1), np.int64)


def _nearest(distances: Array, excluded: Array, count: int) -> list[Array]:
    """Pairs (line, its nearest, its second nearest, ...) over the distances that are not excluded."""
    distances = np.where(excluded, np.float32(np.inf), distances)
    np.fill_diagonal(distances, np.inf)
    lines = np.arange(len(distances))
    pairs = []
    for _ in range(count):
        nearest = distances.argmin(axis=1)
        finite = np.isfinite(distances[lines, nearest])
        pairs.append(np.stack([lines[finite], nearest[finite]]))
        distances[lines, nearest] = np.inf
    return pairs


def edge_geometry(boxes: Array, edges: Array) -> Array:
    """(edges, 24): where and how large two lines are, relative to each other and to the box around both."""
    if len(boxes) < 2:
        return np.zeros((edges.shape[1], EDGE_FEATURES), np.float32)
    one, two = boxes[edges[0]], boxes[edges[1]]
    at_one, at_two, at_both = one[:, :2], two[:, :2], np.minimum(one[:, :2], two[:, :2])
    size_one, size_two = one[:, 2:] - at_one, two[:, 2:] - at_two
    size_both = np.maximum(one[:, 2:], two[:, 2:]) - at_both
    with np.errstate(divide="ignore", invalid="ignore"):
        relations = [
            (at_one - at_two) / (size_one + _EPSILON),
            (at_two - at_one) / (size_two + _EPSILON),
            np.log(size_one / (size_two + _EPSILON)),
            (at_one - at_both) / (size_one + _EPSILON),
            (at_both - at_one) / (size_both + _EPSILON),
            np.log(size_one / (size_both + _EPSILON)),
            (at_two - at_both) / (size_two + _EPSILON),
            (at_both - at_two) / (size_both + _EPSILON),
            np.log(size_two / (size_both + _EPSILON)),
        ]
    aligned = [
        np.abs(gap) <= 1e-5
        for axis in (0, 1)
        for gap in (
            one[:, axis] - two[:, axis],
            (one[:, axis] + one[:, axis + 2]) / 2 - (two[:, axis] + two[:, axis + 2]) / 2,
            one[:, axis + 2] - two[:, axis + 2],
        )
    ]
    rows = np.concatenate([*relations, np.stack(aligned, axis=1)], axis=1, dtype=np.float32)
    return np.nan_to_num(rows, nan=0.0, posinf=1e5, neginf=-1e5)
