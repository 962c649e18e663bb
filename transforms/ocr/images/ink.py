"""Whether an image holds anything to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.geometry import Box
from transforms.ocr.images.pixels import POINTS_PER_INCH, Pixels, ink
from transforms.ocr.images.straighten import WORK_DPI, glyphs_only

#: Marks of the size of letters that are more than dust.
MIN_MARKS = 6
#: Inches; smaller marks are dust.
LEAST_MARK = 0.03
#: Rows of text, and the share of all marks that they hold, in an image that is more than a picture with labels.
ENOUGH_ROWS = ((4, 0.5), (8, 0.405))
#: Letters of a row, and how far apart they stand at most, in heights of usual letters.
ROW_LETTERS, REACH = 4, 0.7
#: Height over width of the marks of a row of text, and their height as shares of that of other letters of the page.
SLENDER, LIKE = (0.55, 3.5), (0.45, 2.5)
#: Points between the words of ordinary text.
WORD_GAP = 5.0


def has_ink(luminance: Pixels, dpi: float, least: float = LEAST_MARK) -> bool:
    """Whether anything of `least` inches or more stands on the page; shadows at its edges do not count."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(_inner(ink(luminance, dpi)), connectivity=8)
    sizes = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1, initial=0)
    return bool((sizes >= least * dpi).any())


def letters_of(luminance: Pixels, dpi: float) -> Pixels:
    """255 where marks of the size of letters are, at WORK_DPI or the image's own coarser resolution."""
    scale = min(1.0, WORK_DPI / dpi)
    small = cv2.resize(luminance, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else luminance
    return glyphs_only(ink(np.asarray(small, np.uint8), min(dpi, WORK_DPI)), min(dpi, WORK_DPI))


def _inner(marks: Pixels) -> Pixels:
    height, width = marks.shape
    margin_y, margin_x = height // 50, width // 50
    return np.ascontiguousarray(marks[margin_y : height - margin_y, margin_x : width - margin_x])


def has_text(luminance: Pixels, dpi: float, known: Iterable[Box] = ()) -> bool:
    """Whether most marks stand in rows, as letters do, and there are several rows.

    `known` are the boxes, in pixels, of text that the page has already; it does not count.
    """
    marks, scale = letters_of(luminance, dpi), min(1.0, WORK_DPI / dpi)
    for box in known:
        x0, y0, x1, y1 = (max(0, round(value * scale)) for value in box)
        marks[y0:y1, x0:x1] = 0
    turned = np.ascontiguousarray(np.rot90(marks))
    return any(_stands_in_rows(view, reach) for view in (marks, turned) for reach in (0.0, WORD_GAP))


def _stands_in_rows(marks: Pixels, points: float) -> bool:
    """Runs of at least four letters of about one height that together hold enough of all marks."""
    letters = cv2.connectedComponents(marks)[0] - 1
    if letters < MIN_MARKS:
        return False
    rows = _rows(marks, points)
    held = sum(map(len, rows))
    return any(len(rows) >= least and held >= share * letters for least, share in ENOUGH_ROWS)


def letters_in_rows(marks: Pixels, height: float = 0.0) -> int:
    """How many of the marks stand in rows and have the shape of letters, and about their height where it is known.

    Dashes and the bars of barcodes stand in rows, too.
    """
    if not marks.any():
        return 0
    return max(sum(len(row) for row in _rows(marks, points) if _is_text(row, height)) for points in (0.0, WORD_GAP))


def usual_height(marks: Pixels) -> float:
    """The median height of the marks in pixels; 0.0 for none."""
    heights = cv2.connectedComponentsWithStats(marks, connectivity=8)[2][1:, cv2.CC_STAT_HEIGHT]
    return float(np.median(heights)) if len(heights) else 0.0


def _is_text(row: Sequence[_Mark], height: float) -> bool:
    slender = float(np.median([mark.height / mark.width for mark in row]))
    own = float(np.median([mark.height for mark in row]))
    fits = not height or LIKE[0] * height <= own <= LIKE[1] * height
    return fits and SLENDER[0] <= slender <= SLENDER[1]


class _Mark(NamedTuple):
    width: int
    height: int


def _rows(marks: Pixels, points: float) -> list[list[_Mark]]:
    """The letters in each row of at least four of about one height.

    They are at most `points` apart, or, when that is 0, a share of the usual height of marks.
    """
    count, _, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    if count < 2:
        return []
    letters = np.asarray(stats[1:], np.int32)
    usual = REACH * float(np.median(letters[:, cv2.CC_STAT_HEIGHT]))
    reach = max(3, round(points / POINTS_PER_INCH * WORK_DPI if points else usual))
    smeared = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    _, runs, boxes, _ = cv2.connectedComponentsWithStats(smeared, connectivity=8)
    rows = []
    for run, members in _marks_by_run(np.asarray(runs, np.int32), marks, letters).items():
        _, _, width, height, _ = boxes[run]
        heights = [mark.height for mark in members]
        if len(members) >= ROW_LETTERS and width > 3 * height and max(heights) < 4 * np.median(heights):
            rows.append(members)
    return rows


def _marks_by_run(runs: NDArray[np.int32], marks: Pixels, letters: NDArray[np.int32]) -> dict[int, list[_Mark]]:
    """Sizes of the letters in each run."""
    members: dict[int, list[_Mark]] = {}
    for x, y, width, height, _ in letters.tolist():
        area = (slice(y, y + height), slice(x, x + width))
        labels = runs[area][marks[area] > 0]
        members.setdefault(int(labels[0]), []).append(_Mark(width, height))
    return members
