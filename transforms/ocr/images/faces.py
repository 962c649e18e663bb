"""Size, baseline and weight of OCR lines: engines give tight boxes, the geometry of pages needs type faces."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.geometry import Box
from transforms.ocr.images.pixels import Pixels
from transforms.ocr.records import OcrLine, OcrWord

#: Heights of letters as shares of the height of capitals, usual in text faces.
BODY, DESCENT = 0.73, 0.29
#: Height of capitals as a share of the font size.
CAPITALS = 0.72
#: Sizes closer than this share are one size.
SAME_SIZE = 0.08
#: Strokes wider than those of the body by this factor are bold.
BOLD = 1.3
#: Inches; wider than any stroke of text.
STROKE_WINDOW = 0.08
#: Levels of grey below which darkness and its change are noise.
MIN_DARK, MIN_CHANGE = 40, 24
_LOW = frozenset("acemnorsuvwxz")
_DESCENDING = frozenset("gpqyj,;()[]{}|/\\$@§QJ_µ")
_FLOATING = frozenset("-–—.·•'\"‘’“”*^~=+:…°,_`´")


class Face(NamedTuple):
    """What a line looks like, in pixels of its image. `stroke` is the mean width of strokes, 0.0 when unknown."""

    size: float
    baseline: float
    stroke: float


def line_face(line: OcrLine, strokes: Strokes) -> Face:
    """The face of a line from the tight boxes of its words and the letters that they hold."""
    shapes = [shape for word in line.words if (shape := _shape(word)) is not None]
    exact = [shape for shape in shapes if shape.exact] or shapes
    if not exact:
        return Face(line.box.height / (CAPITALS * (1 + DESCENT)), line.box.y1, 0.0)
    capitals = median(shape.capitals for shape in exact)
    bottoms = [s.baseline for s in shapes if not s.descends] or [s.baseline for s in shapes]
    stroke = median(strokes.width(word.box) for word in line.words)
    return Face(capitals / CAPITALS, median(bottoms), stroke)


class _Shape(NamedTuple):
    capitals: float
    baseline: float
    descends: bool
    exact: bool


def _shape(word: OcrWord) -> _Shape | None:
    """Height of capitals and baseline from one word; None when its letters do not tell."""
    letters = [letter for letter in unicodedata.normalize("NFC", word.text) if letter not in _FLOATING]
    if not letters or word.box.height < 1:
        return None
    descends = any(letter in _DESCENDING for letter in letters) or "," in word.text or ";" in word.text
    if all(letter in "t" or letter in _LOW for letter in letters) and "t" in letters:
        rises = 0.9
    else:
        rises = BODY if all(letter in _LOW or letter in "gpqy" for letter in letters) else 1.0
    below = _below(letters, word.text)
    capitals = word.box.height / (rises + below)
    return _Shape(capitals, word.box.y1 - below * capitals, descends, rises == 1.0 and not descends)


def _below(letters: Sequence[str], text: str) -> float:
    if any(letter in _DESCENDING for letter in letters):
        return DESCENT
    return 0.6 * DESCENT if "," in text or ";" in text else 0.0


class Strokes:
    """Widths of strokes anywhere on an image: darkness against the change of darkness along rows."""

    def __init__(self, luminance: Pixels, dpi: float) -> None:
        self._luminance, self._window = luminance, max(9, round(dpi * STROKE_WINDOW))

    @cached_property
    def _sums(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        # Closing wipes out what is thinner than the window: the paper is left, however it is lit.
        paper = cv2.morphologyEx(self._luminance, cv2.MORPH_CLOSE, np.ones((self._window, self._window), np.uint8))
        dark = cv2.subtract(paper, self._luminance)
        dark[dark < MIN_DARK] = 0
        change = cv2.absdiff(dark[:, 1:], dark[:, :-1])
        # Noise changes everywhere a little.
        change[change < MIN_CHANGE] = 0
        return np.asarray(cv2.integral(dark), np.int32), np.asarray(cv2.integral(change), np.int32)

    def width(self, box: Box) -> float:
        """Mean width of the strokes in a box; 0.0 where nothing is dark."""
        height, width = self._luminance.shape
        x0, x1 = (min(width - 1, max(0, round(value))) for value in (box.x0, box.x1))
        y0, y1 = (min(height, max(0, round(value))) for value in (box.y0, box.y1))
        dark, change = (s[y1, x1] - s[y0, x1] - s[y1, x0] + s[y0, x0] for s in self._sums)
        return float(2 * dark / change) if change > 0 else 0.0


def even_sizes(weighted: Iterable[tuple[float, float]]) -> list[float]:
    """One size for all sizes that are nearly the same: the commonest gathers its neighbours first.

    `weighted` holds size and weight (characters) of each line; the result is in the same order.
    """
    items = list(weighted)
    result = [size for size, _ in items]
    free = {index for index, (size, weight) in enumerate(items) if size > 0 and weight > 0}
    while free:
        centre = max(
            free, key=lambda i: (sum(items[j][1] for j in free if _same(items[i][0], items[j][0])), -items[i][0])
        )
        members = [j for j in free if _same(items[centre][0], items[j][0])]
        even = _weighted_median([items[j] for j in members])
        for j in members:
            result[j] = even
        free -= set(members)
    return result


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= SAME_SIZE * max(a, b)


def _weighted_median(items: list[tuple[float, float]]) -> float:
    half, passed = sum(weight for _, weight in items) / 2, 0.0
    for size, weight in sorted(items):
        passed += weight
        if passed >= half:
            return size
    return items[-1][0]


def bold_lines(faces: Sequence[Face], weights: Sequence[float]) -> list[bool]:
    """Which lines have strokes that are clearly wider, for their size, than those of most text."""
    ratios = [face.stroke / face.size if face.size > 0 else 0.0 for face in faces]
    known = [(ratio, weight) for ratio, weight in zip(ratios, weights, strict=True) if ratio > 0 and weight > 0]
    if not known:
        return [False] * len(faces)
    usual = _weighted_median(known)
    return [ratio > BOLD * usual for ratio in ratios]
