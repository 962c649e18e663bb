"""Scanned pages as the networks see them: upright, with the lines that OCR read where it read them."""

import numpy as np
import pymupdf
import pytest

from schemas.content import ReadPage
from schemas.geometry import Box
from transforms.layout.builtin.adapter import prepare_page
from transforms.layout.builtin.scans import page_as_read
from transforms.layout.builtin.weights import prepare_request

LINES = tuple((f"Line number {i} of a page", Box(50, 100 + 20 * i, 250, 112 + 20 * i), 12.0) for i in range(8))
UPRIGHT, TURNED = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), (0.0, 1.0, -1.0, 0.0, 600.0, 0.0)


def scan(turned: bool) -> pymupdf.Page:
    """A page of 400 by 600 points with a black square near its upper left corner, perhaps on its side."""
    page = pymupdf.open().new_page(width=600 if turned else 400, height=400 if turned else 600)
    # The upper left corner of an upright page is the upper right one of a page turned clockwise.
    corner = pymupdf.Rect(540, 20, 580, 60) if turned else pymupdf.Rect(20, 20, 60, 60)
    page.draw_rect(corner, fill=(0, 0, 0))
    return page


@pytest.mark.parametrize(("turned", "to_shown"), [(False, UPRIGHT), (True, TURNED)], ids=["upright", "turned"])
def test_a_scan_is_seen_upright_with_its_lines_in_their_places(turned, to_shown):
    made = page_as_read(scan(turned), ReadPage(400.0, 600.0, to_shown, LINES))
    assert (made.rect.width, made.rect.height) == (400, 600)
    pixels = made.get_pixmap(colorspace=pymupdf.csGRAY)
    image = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.stride)
    assert image[25:55, 25:55].max() < 50
    assert image[100:, :].min() > 200, "the text is invisible"
    prepared = prepare_page(made, prepare_request("full"))
    assert len(prepared.boxes) == len(LINES)
    assert np.allclose(prepared.boxes[:, [0, 2]], [[box.x0, box.x1] for _, box, _ in LINES], atol=3)
    middles = prepared.boxes[:, [1, 3]].mean(axis=1)
    assert np.allclose(middles, [(box.y0 + box.y1) / 2 for _, box, _ in LINES], atol=3)


def test_what_cannot_be_written_is_no_error():
    lines = (("日本語", Box(10, 10, 60, 22), 12.0), ("", Box(10, 40, 10, 40), 0.0))
    page_as_read(scan(False), ReadPage(400.0, 600.0, UPRIGHT, lines))
