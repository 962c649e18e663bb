import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.ocr.onnx.detection import (
    COARSE_STEP,
    LEAST,
    STEP,
    channels_first,
    clockwise,
    input_shape,
    line_boxes,
    network_input,
    unclipped,
)

sides = st.integers(1, 20_000)


@given(sides, sides, st.sampled_from([960, 1600]))
def test_the_network_sees_whole_steps_within_its_limit(height, width, limit):
    shape = input_shape(height, width, limit)
    assert all(side >= STEP and side % STEP == 0 for side in shape)
    assert shape[0] * shape[1] <= (limit + COARSE_STEP) ** 2
    assert max(shape) <= limit or (max(shape) <= 2 * limit and min(shape) <= LEAST + COARSE_STEP / 2)


def test_narrow_and_small_images_are_enlarged():
    assert input_shape(1927, 460, 1600) == (3072, 768)
    assert input_shape(300, 900, 1600) == (768, 2176)
    assert input_shape(40, 100, 1600) == (160, 384)


def test_small_letters_are_enlarged_within_bounds():
    assert input_shape(842, 595, 1600, letter=5.0) == (1856, 1280)
    assert input_shape(842, 595, 1600, letter=12.0) == input_shape(842, 595, 1600)
    assert input_shape(3508, 2480, 1600, letter=20.0) == input_shape(3508, 2480, 1600)


@given(st.integers(600, 8000), st.floats(0.4, 2.5))
def test_pages_keep_their_proportions_nearly(height, ratio):
    width = max(600, round(height * ratio))
    rows, columns = input_shape(height, width, 1600)
    assert (columns / rows) / (width / height) == pytest.approx(1, abs=0.13)


def test_scans_of_one_paper_size_share_a_shape():
    assert input_shape(3509, 2481, 1600) == input_shape(3500, 2480, 1600) == input_shape(2339, 1654, 1600)


def test_channels_are_blue_first_between_minus_one_and_one():
    planes = channels_first(np.array([[[255, 0, 127]]], np.uint8))
    assert planes.shape == (3, 1, 1)
    assert planes.ravel().tolist() == pytest.approx([-0.004, -1, 1], abs=0.001)


def test_grey_pages_fill_all_channels():
    page = np.random.default_rng(3).integers(0, 255, (50, 70), np.uint8)
    planes = network_input(page, (64, 96))
    assert planes.shape == (3, 64, 96)
    assert np.array_equal(planes[0], planes[2])


@given(st.floats(1, 500), st.floats(1, 500), st.floats(-89, 89))
def test_unclipping_grows_all_sides_alike(width, height, angle):
    centre, (wide, tall), turned = unclipped(((0.0, 0.0), (width, height), angle))
    assert (centre, turned) == ((0.0, 0.0), angle)
    assert wide - width == pytest.approx(tall - height)
    # Text of one line: the outline is nearly two lengths, so the sides move by 0.8 of the height at most.
    assert 0 < wide - width <= 1.6 * min(width, height) + 1e-6


@given(st.floats(-40, 40), st.floats(120, 300), st.floats(5, 60))
def test_corners_start_at_the_top_left_whatever_the_slope(angle, width, height):
    rectangle = ((500.0, 500.0), (width, height), angle)
    corners = clockwise(cv2.boxPoints(rectangle))
    (x0, y0), (x1, y1), _, (_, y3) = corners.tolist()
    assert np.hypot(x1 - x0, y1 - y0) == pytest.approx(width, rel=1e-3)
    assert np.degrees(np.arctan2(y1 - y0, x1 - x0)) == pytest.approx(angle, abs=0.2)
    assert y3 > y0


def drawn(*boxes):
    text = np.zeros((160, 320), np.float32)
    for left, top, right, bottom in boxes:
        text[top:bottom, left:right] = 0.9
    return text


def test_lines_come_from_the_top_in_pixels_of_the_page():
    found = line_boxes(drawn((40, 100, 200, 110), (20, 30, 220, 40)), 320, 640)
    assert len(found) == 2
    upper, lower = (line.corners for line in found)
    # Twice as large as the map, and grown by the unclipping.
    assert upper[0, 0] < 40 < 440 < upper[1, 0] and upper[0, 1] < 60 < 80 < upper[2, 1]
    assert lower[0, 1] > upper[2, 1]
    assert found[0].score == pytest.approx(0.9, abs=0.1)


def test_specks_and_faint_marks_are_no_lines():
    text = drawn((10, 10, 12, 12))
    text[60:70, 20:200] = 0.4
    assert line_boxes(text, 160, 320) == []
    assert line_boxes(np.zeros((64, 64), np.float32), 64, 64) == []


def test_a_ring_is_one_outline_and_what_it_holds_is_found():
    text = drawn((10, 10, 300, 150))
    text[20:140, 20:290] = 0
    text[70:90, 100:200] = 0.9
    found = line_boxes(text, 160, 320)
    assert len(found) == 1
    assert found[0].corners[0, 0] > 60


def test_boxes_end_where_the_page_ends():
    found = line_boxes(drawn((0, 0, 320, 20)), 160, 320)
    assert found[0].corners.min() >= 0
    assert found[0].corners[:, 0].max() <= 320


def test_lines_of_one_row_come_from_the_left():
    """Also where one starts a fraction of a pixel higher: a fraction differs between CPUs."""
    found = line_boxes(drawn((20, 29, 120, 40), (180, 28, 300, 40)), 40, 320)
    assert found[0].corners[0, 1] > found[1].corners[0, 1]
    assert [float(line.corners[0, 0]) < 160 for line in found] == [True, False]
