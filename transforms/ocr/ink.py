"""Whether an image holds anything to read."""

from __future__ import annotations

import cv2
import numpy as np

from transforms.ocr.pixels import POINTS_PER_INCH, Pixels, ink
from transforms.ocr.straighten import WORK_DPI, glyphs_only

#: Marks of the size of letters on a page that is not blank.
MIN_MARKS = 6
#: Rows of text in an image that is more than a picture with a label, and the share of its marks that they hold.
MIN_ROWS, ROW_SHARE = 4, 0.5


def has_ink(luminance: Pixels, dpi: float) -> bool:
    """Whether anything of the size of letters stands on the page; dust and shadows at the edges do not count."""
    marks = _inner(_small(luminance, dpi))
    return cv2.connectedComponents(marks)[0] - 1 >= MIN_MARKS


def _small(luminance: Pixels, dpi: float) -> Pixels:
    scale = min(1.0, WORK_DPI / dpi)
    small = cv2.resize(luminance, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else luminance
    return glyphs_only(ink(np.asarray(small, np.uint8), min(dpi, WORK_DPI)), min(dpi, WORK_DPI))


def _inner(marks: Pixels) -> Pixels:
    height, width = marks.shape
    margin_y, margin_x = height // 50, width // 50
    return np.ascontiguousarray(marks[margin_y : height - margin_y, margin_x : width - margin_x])


def has_text(luminance: Pixels, dpi: float) -> bool:
    """Whether most marks stand in rows, as letters do, and there are several rows."""
    marks = _small(luminance, dpi)
    return max(_rows(marks), _rows(np.ascontiguousarray(np.rot90(marks)))) >= MIN_ROWS


def _rows(marks: Pixels) -> int:
    """Runs of at least four letters of one height that hold most of the marks; 0 when they do not."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    if count - 1 < MIN_MARKS:
        return 0
    reach = max(3, round(5.0 / POINTS_PER_INCH * WORK_DPI))
    smeared = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    _, runs, run_stats, _ = cv2.connectedComponentsWithStats(smeared, connectivity=8)
    letters = stats[1:]
    middle_y = letters[:, cv2.CC_STAT_TOP] + letters[:, cv2.CC_STAT_HEIGHT] // 2
    rows = held = 0
    run_of = _run_of_letters(runs, letters, middle_y)
    for run, members in run_of.items():
        x, y, width, height, _ = run_stats[run]
        heights = letters[members, cv2.CC_STAT_HEIGHT]
        if len(members) >= 4 and width > 3 * height and heights.max() < 4 * np.median(heights):
            rows += 1
            held += len(members)
    return rows if held >= ROW_SHARE * len(letters) else 0


def _run_of_letters(runs: np.ndarray[tuple[int, ...], np.dtype[np.int32]], letters: np.ndarray[tuple[int, ...], np.dtype[np.int32]], middle_y: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> dict[int, list[int]]:
    members: dict[int, list[int]] = {}
    for index, (letter, y) in enumerate(zip(letters, middle_y, strict=True)):
        x, width = int(letter[cv2.CC_STAT_LEFT]), int(letter[cv2.CC_STAT_WIDTH])
        inside = runs[int(y), x : x + width]
        labels = inside[inside > 0]
        if len(labels):
            members.setdefault(int(labels[0]), []).append(index)
    return members
