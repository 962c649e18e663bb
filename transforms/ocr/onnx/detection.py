"""Around the detection network: the size it sees a page in, and from its map of text to the boxes of lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from transforms.ocr.images.pixels import Pixels

Floats = NDArray[np.float32]
#: Centre, size, and degrees turned clockwise.
Rectangle = tuple[tuple[float, float], tuple[float, float], float]

#: Sides of the network's input are multiples of these: the first is what the network needs, the coarser one for
#: larger pages makes scans of one paper size share a shape, and so a batch.
STEP, COARSE_STEP = 32, 64
_COARSE_FROM = 512
#: Narrow and small images are brought to this many pixels across: the network was trained on lines of that size.
LEAST = 736
#: Height of letters, in pixels of the page, below which it misses lines, and to which they are enlarged then.
SMALL, LETTER = 9.0, 11.0
#: Nothing is enlarged beyond this: more pixels show no more.
LARGER = 4.0
#: A pixel is text above this; a line is kept when its mean is above that.
TEXT, LINE = 0.3, 0.5
#: The network draws lines thinner than they are, by this share of area over outline.
UNCLIP = 1.6
#: Thinner than this (pixels of the map) is a speck.
_MIN_SIDE = 3.0
#: The most lines of a page; the largest are kept.
MAX_LINES = 3000


class LineBox(msgspec.Struct, frozen=True, eq=False):
    """Where a line is: corners (4, 2) in pixels, clockwise from where its text begins at the top."""

    corners: Floats
    score: float


def input_shape(height: int, width: int, limit: int, letter: float = 0.0) -> tuple[int, int]:
    """(height, width) of the network's input for a page, rounded to whole steps.

    Its longer side is at most `limit`, or twice that where the shorter one would be less than LEAST, or letters less
    than SMALL (`letter` is their height in pixels of the page); its area is never more than that of a square of
    `limit`. It depends on the page alone, so a page is seen alike in every batch. Nothing is padded: the network looks
    at averages over the whole image, and rounding stretches a page by a few percent at most.
    """
    scale = min(1.0, limit / max(height, width))
    longest, square = 2 * limit / max(height, width), limit / math.sqrt(height * width)
    # What has pixels enough is shrunk to the limit all the same: lines that are large to it are parted.
    small = LETTER / letter if 0 < letter < SMALL else 0.0
    wanted = max(LEAST / min(height, width), small)
    scale = max(scale, min(wanted, longest, square, LARGER))
    return _rounded(height * scale), _rounded(width * scale)


def _rounded(side: float) -> int:
    step = COARSE_STEP if side >= _COARSE_FROM else STEP
    return max(STEP, round(side / step) * step)


def network_input(pixels: Pixels, shape: tuple[int, int]) -> Floats:
    """(3, height, width) in -1..1, blue first, as the network was trained."""
    size = (shape[1], shape[0])
    shrinks = pixels.shape[0] > shape[0]
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return channels_first(np.asarray(small, np.uint8))


def channels_first(pixels: Pixels) -> Floats:
    """Grey or RGB bytes as three planes in -1..1, blue first."""
    scaled = pixels.astype(np.float32) * np.float32(1 / 127.5) - np.float32(1)
    if scaled.ndim == 2:
        return np.broadcast_to(scaled, (3, *scaled.shape))
    return scaled[..., ::-1].transpose(2, 0, 1)


def line_boxes(text: Floats, height: int, width: int) -> list[LineBox]:
    """Lines in the network's map of text (rows x columns, 0..1), in pixels of a page of this size, from the top."""
    mask = cv2.dilate((text > TEXT).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return []
    outer = [outline for outline, links in zip(outlines, tree[0], strict=True) if links[3] < 0]
    outer.sort(key=len, reverse=True)
    scale = np.array([width / text.shape[1], height / text.shape[0]], np.float32)
    found = [
        LineBox(_clipped(corners * scale, height, width), score) for corners, score in _boxes(outer[:MAX_LINES], text)
    ]
    return sorted(found, key=lambda line: (round(float(line.corners[0, 1])), float(line.corners[0, 0])))


def _boxes(outlines: Sequence[Any], text: Floats) -> Iterator[tuple[Floats, float]]:
    for outline in outlines:
        (x, y), (across, down), angle = cv2.minAreaRect(outline)
        if min(across, down) < _MIN_SIDE:
            continue
        tight: Rectangle = (x, y), (across, down), angle
        score = _mean_inside(text, _corners(tight))
        if score >= LINE:
            yield clockwise(_corners(unclipped(tight))), score


def _corners(rectangle: Rectangle) -> Floats:
    return np.asarray(cv2.boxPoints(rectangle), np.float32)


def unclipped(rectangle: Rectangle) -> Rectangle:
    """A rotated rectangle grown on all sides by its area over its outline, times UNCLIP."""
    centre, (width, height), angle = rectangle
    grown = UNCLIP * width * height / (2 * (width + height))
    return centre, (width + 2 * grown, height + 2 * grown), angle


def clockwise(corners: Floats) -> Floats:
    """Corners of a rectangle from its top left one on, clockwise as seen."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    top_left, bottom_left = left[np.argsort(left[:, 1], kind="stable")]
    top_right, bottom_right = right[np.argsort(right[:, 1], kind="stable")]
    return np.stack([top_left, top_right, bottom_right, bottom_left]).astype(np.float32)


def _clipped(corners: Floats, height: int, width: int) -> Floats:
    return np.clip(corners, 0, np.array([width, height], np.float32)).astype(np.float32)


def _mean_inside(text: Floats, corners: Floats) -> float:
    rows, columns = text.shape
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [columns - 1, rows - 1])
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, [columns - 1, rows - 1])
    inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(inside, [(corners - [left, top]).astype(np.int32)], 1.0)
    return float(cv2.mean(text[top : bottom + 1, left : right + 1], inside)[0])
