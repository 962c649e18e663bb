import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.ocr.onnx.ctc import Glyph
from transforms.ocr.onnx.lines import (
    COLUMNS,
    HEIGHT,
    MAX_COLUMNS,
    MIN_COLUMNS,
    InkedLine,
    LineCrop,
    cut,
    network_batch,
    page_lines,
    turned,
)


def corners(left, top, right, bottom):
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def page(*marks):
    pixels = np.full((300, 400), 255, np.uint8)
    for left, top, right, bottom in marks:
        pixels[top:bottom, left:right] = 0
    return pixels


def test_a_level_line_is_cut_to_the_network_s_height():
    crop = cut(page((100, 50, 150, 74)), corners(80, 50, 200, 74))
    assert crop is not None and not crop.upright
    assert crop.pixels.shape == (HEIGHT, 240)
    assert crop.columns == 256
    dark = np.flatnonzero((crop.pixels < 128).all(axis=0))
    assert (dark[0], dark[-1] + 1) == (pytest.approx(40, abs=1), pytest.approx(140, abs=1))


def test_a_slanting_line_is_levelled():
    rectangle = ((200.0, 150.0), (160.0, 24.0), 10.0)
    pixels = page()
    cv2.fillPoly(pixels, [cv2.boxPoints(rectangle).astype(np.int32)], 0.0)
    box = cv2.boxPoints(rectangle)
    crop = cut(pixels, np.roll(box, -1, axis=0) if box[0, 0] > box[1, 0] else box)
    assert crop is not None
    assert (crop.pixels[6:-6, 6:-6] < 60).mean() > 0.97


def test_a_line_up_the_page_is_laid_down():
    pixels = page((100, 40, 124, 100), (100, 160, 124, 180))
    crop = cut(pixels, corners(100, 40, 124, 240))
    assert crop is not None and crop.upright
    assert crop.pixels.shape == (HEIGHT, 400)
    # Read from the bottom of the page upwards: the short mark comes first.
    dark = (crop.pixels < 128).all(axis=0)
    assert dark[125:155].all() and dark[285:395].all() and not dark[:110].any()


def test_nothing_is_cut_from_less_than_a_pixel():
    assert cut(page(), corners(10, 10, 10.4, 30)) is None


def test_endless_lines_are_squeezed():
    wide = np.zeros((4, 4000), np.uint8)
    crop = cut(wide, corners(0, 0, 4000, 4))
    assert crop is not None and crop.pixels.shape[1] == MAX_COLUMNS


@given(st.integers(1, MAX_COLUMNS))
def test_padding_depends_on_the_line_alone(width):
    crop = LineCrop(np.zeros((HEIGHT, width), np.uint8), np.eye(2, 3), False)
    assert crop.columns % COLUMNS == 0
    assert max(width, MIN_COLUMNS) <= crop.columns < max(width, MIN_COLUMNS) + COLUMNS


def test_lines_are_padded_at_their_end_with_mid_grey():
    crop = LineCrop(np.full((HEIGHT, 10), 255, np.uint8), np.eye(2, 3), False)
    batch = network_batch([crop], 64)
    assert batch.shape == (1, 3, HEIGHT, 64)
    assert (batch[..., :10] == 1).all() and not batch[..., 10:].any()


def read(crop, *found):
    [line] = page_lines([InkedLine.of(crop, [Glyph(*glyph, 0.9) for glyph in found])])
    return line


def test_words_have_boxes_as_tight_as_their_ink():
    crop = cut(page((100, 54, 150, 70), (170, 52, 190, 70)), corners(80, 50, 200, 74))
    assert crop is not None
    scored = crop.columns
    line = read(crop, ("a", 60 / scored, 68 / scored), (" ", 150 / scored, 158 / scored), ("b", 200 / scored, 0.82))
    assert [word.text for word in line.words] == ["a", "b"]
    first, second = (word.box for word in line.words)
    assert (first.x0, first.x1) == (pytest.approx(100, abs=1), pytest.approx(150, abs=1))
    assert (second.x0, second.x1) == (pytest.approx(170, abs=1), pytest.approx(190, abs=1))
    assert (line.box.y0, line.box.y1) == (pytest.approx(52, abs=1), pytest.approx(70, abs=1))
    assert line.words[0].confidence == 0.9


def test_white_on_black_has_boxes_too():
    pixels = 255 - page((100, 54, 150, 70))
    crop = cut(pixels, corners(80, 50, 200, 74))
    assert crop is not None
    box = read(crop, ("a", 0.3, 0.4)).box
    assert (box.x0, box.x1) == (pytest.approx(100, abs=1), pytest.approx(150, abs=1))


def test_a_turned_line_keeps_its_place_on_the_page():
    crop = cut(page((100, 54, 150, 70)), corners(80, 50, 200, 74))
    assert crop is not None
    there, back = read(crop, ("a", 0.3, 0.4)).box, read(turned(crop), ("a", 0.6, 0.7)).box
    assert [there.x0, there.y0, there.x1, there.y1] == pytest.approx([back.x0, back.y0, back.x1, back.y1])
    again = turned(turned(crop))
    assert np.array_equal(again.pixels, crop.pixels) and np.allclose(again.to_page, crop.to_page)


def test_no_words_are_no_line():
    crop = LineCrop(np.zeros((HEIGHT, 64), np.uint8), np.eye(2, 3), False)
    assert page_lines([InkedLine.of(crop, []), InkedLine.of(crop, [Glyph(" ", 0.1, 0.2, 1.0)])]) == []
