"""Scanned pages for the layout networks: a page of its own with the upright image and, invisible, the text OCR read."""

from __future__ import annotations

import cv2
import numpy as np
import pymupdf

from schemas.content import ReadPage
from schemas.geometry import Box

#: Pixels per point of the upright image: the networks see 72 dpi, straightened pixels should not show there.
SCALE = 2.0
FONT = "helv"
_INVISIBLE = 3
#: Share of a font's size below the baseline.
_DESCENT = 0.22


def page_as_read(page: pymupdf.Page, read: ReadPage) -> pymupdf.Page:
    """The only page of a new document, in the points of `read`; close its parent."""
    made = pymupdf.open().new_page(width=read.width, height=read.height)
    made.insert_image(made.rect, pixmap=_upright(page, read))
    for text, box, size in read.lines:
        _write(made, text, box, size)
    return made


def _upright(page: pymupdf.Page, read: ReadPage) -> pymupdf.Pixmap:
    shown = page.get_pixmap(matrix=pymupdf.Matrix(SCALE, SCALE), colorspace=pymupdf.csGRAY, alpha=False)
    pixels = np.frombuffer(shown.samples_mv, np.uint8).reshape(shown.height, shown.stride)[:, : shown.width]
    a, b, c, d, e, f = read.to_shown
    to_shown = np.array([[a, c, e * SCALE], [b, d, f * SCALE]], np.float64)
    size = max(1, round(read.width * SCALE)), max(1, round(read.height * SCALE))
    upright = cv2.warpAffine(
        np.ascontiguousarray(pixels), to_shown, size, flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP, borderValue=255
    )
    return pymupdf.Pixmap(pymupdf.csGRAY, *size, upright.tobytes(), False)


def _write(page: pymupdf.Page, text: str, box: Box, size: float) -> None:
    """One line, stretched to its box."""
    size = max(1.0, size)
    natural = pymupdf.get_text_length(text, FONT, size) or 1.0
    start = pymupdf.Point(box.x0, box.y1 - _DESCENT * min(size, box.height))
    stretch = pymupdf.Matrix(max(0.01, box.width / natural), 1.0)
    page.insert_text(start, text, fontsize=size, fontname=FONT, render_mode=_INVISIBLE, morph=(start, stretch))
