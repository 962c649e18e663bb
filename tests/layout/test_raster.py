import numpy as np

from schemas.geometry import Box
from transforms.layout.builtin import raster
from transforms.layout.records import PageInput


def ramp(height: int, width: int, channels: int) -> np.ndarray:
    levels = np.arange(height * width * channels) % 251
    return levels.astype(np.uint8).reshape(height, width, channels)


def test_equal_channels_are_kept_once() -> None:
    grey = ramp(4, 5, 1)
    assert raster.distinct_channels(np.repeat(grey, 3, axis=2)).shape == (4, 5, 1)
    colour = ramp(4, 5, 3)
    assert np.array_equal(raster.distinct_channels(colour), colour)


def test_resize_of_the_same_size_changes_nothing() -> None:
    image = ramp(6, 9, 3)
    assert np.array_equal(raster.resize(image, 6, 9), image)


def test_resize_halves_by_averaging_neighbours() -> None:
    image = np.array([[[0], [100]], [[100], [200]]], np.uint8)
    assert raster.resize(image, 1, 1).tolist() == [[[100]]]


def test_thumbnail_weighs_the_channels() -> None:
    image = np.zeros((10, 10, 3), np.uint8)
    image[..., 1] = 100
    assert set(raster.thumbnail(image)) == {58}
    assert len(raster.thumbnail(image)) == 300 * 300


def test_network_image_is_stretched_and_even_pages_are_zero() -> None:
    grey = np.full((300, 300), 40, np.uint8)
    assert not raster.network_image(grey.tobytes()).any()
    grey[0, 0], grey[0, 1] = 20, 60
    image = raster.network_image(grey.tobytes())
    assert image.shape == (1, 300, 300) and image.dtype == np.float32
    assert [image[0, 0, 0], image[0, 0, 1], image[0, 5, 5]] == [0.0, 1.0, 0.5]


def test_pack_and_unpack() -> None:
    image = ramp(7, 5, 3)
    fields = {"raster_width": 5, "raster_height": 7, "raster_channels": 3}
    page = PageInput(width=5, height=7, raster=raster.pack(image), **fields)
    assert np.array_equal(raster.unpack(page), image)


def test_cut_stays_on_the_page() -> None:
    image = ramp(20, 10, 1)
    assert raster.cut(image, Box(-3, 4.9, 5.2, 60)).shape == (16, 5, 1)
    assert not raster.cut(image, Box(50, 50, 60, 60)).size


def test_table_image_turns_the_channels_round() -> None:
    image = np.zeros((30, 30, 3), np.uint8)
    image[..., 0] = 255
    turned = raster.table_image(image)
    assert turned.shape == (3, 360, 300)
    assert turned[2].min() > 0.99 and turned[0].max() == 0.0
    assert np.array_equal(*raster.table_image(image[..., :1])[:2])
