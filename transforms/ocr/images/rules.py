"""Ruled lines in page images: found, to become vectors, and painted over, because engines read them as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from schemas.geometry import Box
from transforms.ocr.images.pixels import POINTS_PER_INCH, Pixels, dark_on_light, ink

#: In points: shorter lines are strokes of letters, thicker ones are bars.
MIN_LENGTH, MAX_THICKNESS = 24.0, 4.0
#: Solid runs of this many points are parts of a rule; breaks up to so many points between them are noise.
MIN_RUN, MAX_BREAK = 9.0, 8.0
#: The same in heights of the page's letters, whatever resolution it claims: rules are longer than letters are wide, and
#: thinner than they are high.
LETTERS_LONG, LETTERS_THICK, LETTERS_RUN = 3.5, 0.4, 1.4
#: Marks that tell how high letters are: at least so many, and no higher than this share of the image's longer side.
ENOUGH_MARKS, LARGEST_LETTER = 30, 0.04
#: A rule is as dark as it is nearly everywhere: its darkness at the first of these shares of its columns, against that
#: at the second, is no less than EVEN. Letters that run together have gaps.
SHARES, EVEN = (15, 75), 0.5
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


class _Sizes(NamedTuple):
    """What a rule is, in pixels of its image."""

    length: float
    thickness: float
    run: float
    brk: float
    point: float


def find_rules(luminance: Pixels, dpi: float) -> tuple[Box, ...]:
    """Boxes of the horizontal and vertical lines of an upright image, in pixels.

    None when there are so many that it is a drawing.
    """
    return find_rules_and_letters(luminance, dpi)[0]


def find_rules_and_letters(luminance: Pixels, dpi: float) -> tuple[tuple[Box, ...], float]:
    """See `find_rules`, and `letter_height` of the same ink."""
    dark = dark_on_light(luminance)
    marks = ink(dark, dpi, FAINT)
    letter = letter_height(marks)
    sizes = _sizes(letter, dpi)
    lines = list(_lines(marks, dark, sizes))
    turned = _lines(np.ascontiguousarray(marks.T), np.ascontiguousarray(dark.T), sizes)
    lines += [Box(y0, x0, y1, x1) for x0, y0, x1, y1 in turned]
    return tuple(lines) if len(lines) <= MAX_RULES else (), letter


def _sizes(letter: float, dpi: float) -> _Sizes:
    point = dpi / POINTS_PER_INCH
    thickness = max(2.0, MAX_THICKNESS * point)
    return _Sizes(
        length=max(MIN_LENGTH * point, LETTERS_LONG * letter),
        thickness=min(thickness, max(2.0, LETTERS_THICK * letter)) if letter else thickness,
        run=max(MIN_RUN * point, LETTERS_RUN * letter),
        brk=MAX_BREAK * point,
        point=point,
    )


def letter_height(marks: Pixels) -> float:
    """The height, in pixels, below which half of the ink in components of the shape of letters is; 0.0 for few.

    Ink, not components: specks and halftones are more than letters.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    width, height, area = (stats[1:, at] for at in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    shaped = (height >= 4) & (height <= LARGEST_LETTER * max(marks.shape))
    shaped &= (width < 3 * height) & (height < 5 * width)
    if shaped.sum() < ENOUGH_MARKS:
        return 0.0
    ink_below = np.cumsum(np.bincount(height[shaped], weights=area[shaped]))
    return float(np.searchsorted(ink_below, ink_below[-1] / 2))


def _lines(marks: Pixels, dark: Pixels, sizes: _Sizes) -> Iterator[Box]:
    """Horizontal lines: solid runs, joined over breaks, evenly dark, with white beside them."""
    runs = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, _along(3))
    runs = cv2.morphologyEx(runs, cv2.MORPH_OPEN, _along(sizes.run))
    joined = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, _along(sizes.brk))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    for x, y, width, height, area in stats[1:].tolist():
        here = slice(y, y + height), slice(x, x + width)
        thin = width >= sizes.length and height <= sizes.thickness and area >= SOLID * width * height
        unbroken = thin and runs[here].any(axis=0).mean() >= UNBROKEN
        if unbroken and _is_even(dark, here) and _stands_alone(marks, x, y, width, height, sizes.point):
            yield Box(float(x), float(y), float(x + width), float(y + height))


def _is_even(dark: Pixels, here: tuple[slice, slice]) -> bool:
    """Whether the darkest pixels of nearly all columns are about equally dark."""
    rows, columns = here
    around = dark[max(0, rows.start - 4) : rows.stop + 4, columns]
    depth = np.percentile(around, 90) - dark[here].min(axis=0)
    low, high = np.percentile(depth, SHARES)
    return bool(low >= EVEN * high)


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
    """Paint a line in the colour of the paper beside it, but where a stroke touches it from either side."""
    paper = int(np.median(np.maximum(view[0], view[-1])))
    touched = (view[0] < paper - 60) | (view[-1] < paper - 60)
    view[:, ~touched] = paper
