"""Ruled lines in page images: found, to become vectors of the page, and painted over, because engines read them as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from schemas.geometry import Box
from transforms.ocr.pixels import POINTS_PER_INCH, Pixels, ink

#: In points: shorter lines are strokes of letters, thicker ones are bars.
MIN_LENGTH, MAX_THICKNESS = 24.0, 4.0
#: Breaks up to this many points are closed: noise eats thin rules.
MAX_BREAK = 1.5
#: Share of a rule's box that must be ink.
SOLID = 0.55
#: Pages with more lines than this are drawings.
MAX_RULES = 1200


class RuleLine(NamedTuple):
    """A straight line in pixels."""

    box: Box
    horizontal: bool


def find_rules(luminance: Pixels, dpi: float) -> list[RuleLine]:
    """The horizontal and vertical lines of an upright image; none when there are so many that it is a drawing."""
    marks = ink(luminance, dpi)
    lines = [*_lines(marks, dpi, True), *_lines(marks, dpi, False)]
    return lines if len(lines) <= MAX_RULES else []


def _lines(marks: Pixels, dpi: float, horizontal: bool) -> Iterator[RuleLine]:
    length, gap, thick = (max(1, round(value * dpi / POINTS_PER_INCH)) for value in (MIN_LENGTH, MAX_BREAK, MAX_THICKNESS))
    along = (lambda size: np.ones((1, size), np.uint8)) if horizontal else (lambda size: np.ones((size, 1), np.uint8))
    closed = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, along(gap + 2))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, along(length))
    _, _, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    for x, y, width, height, area in stats[1:]:
        thickness = height if horizontal else width
        if thickness <= thick and area >= SOLID * width * height:
            yield RuleLine(Box(float(x), float(y), float(x + width), float(y + height)), horizontal)


def without_rules(luminance: Pixels, rules: Sequence[RuleLine], dpi: float) -> Pixels:
    """The image with its rules painted in the colour of the paper beside them; strokes that cross them stay."""
    if not rules:
        return luminance
    result = luminance.copy()
    margin = max(1, round(dpi / 150))
    for box, horizontal in rules:
        x0, y0, x1, y1 = (int(value) for value in box)
        view = result[max(0, y0 - margin) : y1 + margin, max(0, x0 - margin) : x1 + margin]
        _fill_across(view if horizontal else view.T)
    return result


def _fill_across(view: Pixels) -> None:
    """Replace every pixel by the lighter of the two pixels on both sides of the line, unless a stroke crosses."""
    paper = int(np.median(np.maximum(view[0], view[-1])))
    crossed = (view[0] < paper - 60) & (view[-1] < paper - 60)
    view[:, ~crossed] = paper
