"""Ruled lines in page images: found, to become vectors, and painted over, because engines read them as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from schemas.geometry import Box
from transforms.ocr.pixels import POINTS_PER_INCH, Pixels, ink

#: In points: shorter lines are strokes of letters, thicker ones are bars.
MIN_LENGTH, MAX_THICKNESS = 24.0, 4.0
#: Solid runs of this many points are parts of a rule; breaks up to so many points between them are noise.
MIN_RUN, MAX_BREAK = 9.0, 8.0
#: Share of a rule's box that must be ink.
SOLID = 0.5
#: Share of a rule's length that solid runs must make up.
UNBROKEN = 0.7
#: Ink beside a rule, as shares of its length, on the emptier and the fuller side: letters would show more. Rules
#: longer than so many points may have more beside them.
BESIDE, BESIDE_LONG, LONG = (0.08, 0.3), (0.12, 0.36), 80.0
#: Darkness, as a share of that of letters, that rules need.
FAINT = 0.45
#: Pages with more lines than this are drawings.
MAX_RULES = 1200


def find_rules(luminance: Pixels, dpi: float) -> tuple[Box, ...]:
    """Boxes of the horizontal and vertical lines of an upright image, in pixels.

    None when there are so many that it is a drawing.
    """
    marks = ink(luminance, dpi, FAINT)
    lines = list(_lines(marks, dpi))
    lines += [Box(y0, x0, y1, x1) for x0, y0, x1, y1 in _lines(np.ascontiguousarray(marks.T), dpi)]
    return tuple(lines) if len(lines) <= MAX_RULES else ()


def _lines(marks: Pixels, dpi: float) -> Iterator[Box]:
    """Horizontal lines: solid runs, joined over breaks, with white beside them."""
    scale = dpi / POINTS_PER_INCH
    runs = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, _along(3))
    runs = cv2.morphologyEx(runs, cv2.MORPH_OPEN, _along(MIN_RUN * scale))
    joined = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, _along(MAX_BREAK * scale))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    for x, y, width, height, area in stats[1:].tolist():
        thin = width >= MIN_LENGTH * scale and height <= max(2.0, MAX_THICKNESS * scale)
        unbroken = runs[y : y + height, x : x + width].any(axis=0).mean() >= UNBROKEN
        if thin and unbroken and area >= SOLID * width * height and _stands_alone(marks, x, y, width, height, scale):
            yield Box(float(x), float(y), float(x + width), float(y + height))


def _along(length: float) -> Pixels:
    return np.ones((1, max(1, round(length))), np.uint8)


def _stands_alone(marks: Pixels, x: int, y: int, width: int, height: int, scale: float) -> bool:
    gap, reach = max(1, round(0.4 * scale)), max(2, round(1.6 * scale))
    above = marks[max(0, y - gap - reach) : max(0, y - gap), x : x + width]
    below = marks[y + height + gap : y + height + gap + reach, x : x + width]
    emptier, fuller = sorted(float(side.max(axis=0).mean()) / 255 if side.size else 0.0 for side in (above, below))
    allowed = BESIDE_LONG if width > LONG * scale else BESIDE
    return emptier <= allowed[0] and fuller <= allowed[1]


def is_horizontal(rule: Box) -> bool:
    """Whether the rule runs from left to right."""
    return rule.width >= rule.height


def without_rules(pixels: Pixels, rules: Sequence[Box], dpi: float) -> Pixels:
    """The image with its rules painted in the colour of the paper beside them; strokes that cross them stay."""
    if not rules:
        return pixels
    result = pixels.copy()
    margin = max(1, round(dpi / 150))
    for channel in np.moveaxis(np.atleast_3d(result), 2, 0):
        for box in rules:
            x0, y0, x1, y1 = (int(value) for value in box)
            view = channel[max(0, y0 - margin) : y1 + margin, max(0, x0 - margin) : x1 + margin]
            _fill_across(view if is_horizontal(box) else view.T)
    return result


def _fill_across(view: Pixels) -> None:
    """Replace every pixel by the lighter of the two pixels on both sides of the line, unless a stroke crosses."""
    paper = int(np.median(np.maximum(view[0], view[-1])))
    crossed = (view[0] < paper - 60) & (view[-1] < paper - 60)
    view[:, ~crossed] = paper
