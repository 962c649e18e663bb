"""Turning and levelling of page images."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from schemas.geometry import Box
from transforms.ocr.images.pixels import Pixels, compose, inverse, mapped, packed, unpacked
from transforms.ocr.images.straighten import IDENTITY, find_skew, straightened


def skew(pixels: Pixels, degrees: float) -> Pixels:
    """Lines slope down to the right by so many degrees."""
    height, width = pixels.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    return np.asarray(cv2.warpAffine(pixels, matrix, (width, height), borderValue=255), np.uint8)


@pytest.fixture
def page(drawn: Callable, rendered: Callable) -> Pixels:
    return rendered(drawn(), 150)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_quarter_turns_are_undone(page: Pixels, turns: int) -> None:
    straight = straightened(np.ascontiguousarray(np.rot90(page, turns)), 150)
    assert straight.quarter == turns
    assert np.array_equal(straight.pixels, page)


def test_few_rows_with_descenders_turn_no_page(drawn: Callable, rendered: Callable) -> None:
    page = rendered(drawn(["gypsy grey pygmy querying", "puppy agog guppy gaggy", "eggy quay ropy yoga gym"]), 150)
    assert straightened(page, 150).quarter == 0


@pytest.mark.parametrize("degrees", [-4.0, -1.2, 0.6, 2.5])
def test_skew_is_found_and_levelled(page: Pixels, degrees: float) -> None:
    straight = straightened(skew(page, degrees), 150)
    assert straight.skew == pytest.approx(degrees, abs=0.15)
    assert abs(straightened(straight.pixels, 150).skew) < 0.2


def test_straight_pages_keep_their_pixels(page: Pixels) -> None:
    straight = straightened(page, 150)
    assert straight.skew == 0 and straight.to_original == IDENTITY
    assert np.array_equal(straight.pixels, page)


def test_blank_pages_stay_as_they_are() -> None:
    blank = np.full((300, 200), 250, np.uint8)
    assert straightened(blank, 150).quarter == 0
    assert find_skew(np.zeros((300, 200), np.uint8)) == 0.0


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_the_map_leads_back_to_the_original_pixels(page: Pixels, turns: int) -> None:
    original = skew(page, 2.0)
    original = np.ascontiguousarray(np.rot90(original, turns))
    straight = straightened(original, 150)
    rows, columns = np.nonzero(straight.pixels < 60)
    darkest = [(float(x), float(y)) for x, y in zip(columns[::400], rows[::400], strict=True)]
    a, b, c, d, e, f = straight.to_original
    for x, y in darkest:
        column, row = int(a * (x + 0.5) + c * (y + 0.5) + e), int(b * (x + 0.5) + d * (y + 0.5) + f)
        near = original[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
        assert near.min() < 150


def test_maps_compose_and_invert() -> None:
    affine = (0.5, 0.1, -0.1, 0.5, 7.0, -3.0)
    assert compose(affine, inverse(affine)) == pytest.approx(IDENTITY)
    assert mapped(Box(0, 0, 2, 4), (0.0, 1.0, -1.0, 0.0, 10.0, 0.0)) == Box(6, 0, 10, 2)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_packed_pixels_come_back(shape: tuple[int, ...]) -> None:
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    image = packed(pixels, 3, 150, IDENTITY)
    assert (image.width, image.height, image.channels) == (7, 5, 1 if len(shape) == 2 else 3)
    assert np.array_equal(unpacked(image), pixels)
