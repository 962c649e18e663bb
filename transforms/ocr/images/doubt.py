"""How much of the ink of an image is in the lines that were read: what is not, nobody has read."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from schemas.geometry import Box
from transforms.ocr.images.ink import MIN_MARKS, has_ink, letters_in_rows, letters_of, usual_height
from transforms.ocr.images.pixels import Pixels
from transforms.ocr.images.straighten import WORK_DPI
from transforms.ocr.records import OcrLine

#: Confidence in a page with ink on which nothing was read: in rows, as letters stand, and otherwise (a picture).
UNREAD, PICTURE = 0.0, 0.5
#: Usual height of letters in pixels below which engines take one for another, and are sure of it.
LEGIBLE = 9.0
#: Inches; a mark of this size is more than a speck, be it alone: a picture, a word in huge letters.
LARGE = 0.15
#: Boxes of lines are grown by this share of their height: engines cut them close.
GROWN = 0.25


def share_read(luminance: Pixels, dpi: float, lines: Sequence[OcrLine]) -> float:
    """Of the letters in the lines and those that stand in rows outside them, the share of the former, 0..1."""
    marks = letters_of(luminance, dpi)
    scale = min(1.0, WORK_DPI / dpi)
    inside = np.zeros_like(marks)
    for line in lines:
        x0, y0, x1, y1 = _grown(line.box, scale)
        inside[y0:y1, x0:x1] = 255
    known = np.where(inside, marks, 0).astype(np.uint8)
    read = cv2.connectedComponents(known)[0] - 1
    left = letters_in_rows(np.where(inside, 0, marks).astype(np.uint8), usual_height(known))
    return read / (read + left) if read + left else 1.0


def confidence_in_nothing(luminance: Pixels, dpi: float) -> float | None:
    """Confidence in a page on which nothing was read; None for paper with a few specks, which is empty indeed."""
    if share_read(luminance, dpi, ()) < 1.0:
        return UNREAD
    marks = cv2.connectedComponents(letters_of(luminance, dpi))[0] - 1
    return PICTURE if marks >= MIN_MARKS or has_ink(luminance, dpi, LARGE) else None


def legibility(letter: float) -> float:
    """How far letters of so many pixels can be told from each other, 0..1; 1.0 when their height is not known."""
    return min(1.0, letter / LEGIBLE) if letter else 1.0


def _grown(box: Box, scale: float) -> tuple[int, int, int, int]:
    more = GROWN * min(box.width, box.height)
    x0, y0, x1, y1 = (round(scale * v) for v in (box.x0 - more, box.y0 - more, box.x1 + more, box.y1 + more))
    return max(0, x0), max(0, y0), max(0, x1), max(0, y1)
