"""Page images: bilinear thumbnails as the networks were trained with, and compact rasters to cut tables from."""

from __future__ import annotations

import zlib

import numpy as np

from schemas.geometry import Box
from transforms.layout.records import Array, PageInput

THUMBNAIL = 300
#: Height and width of the table network's input.
TABLE_INPUT = (360, 300)
#: Weights of the three channels, in the order of the raster.
_GREY = (np.float32(0.114), np.float32(0.587), np.float32(0.299))


def distinct_channels(image: Array) -> Array:
    """`image` (height, width, 3), or its first channel alone when all three are equal."""
    first = image[..., 0]
    same = image.shape[2] >= 3 and np.array_equal(first, image[..., 1]) and np.array_equal(first, image[..., 2])
    return image[..., :1] if same else image[..., :3]


def resize(image: Array, height: int, width: int) -> Array:
    """(height, width, channels): bilinear samples at pixel centres, cut to whole grey levels."""
    rows, next_rows, down = _samples(image.shape[0], height)
    columns, next_columns, right = _samples(image.shape[1], width)
    down = down[:, None]
    weights = ((1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down)
    planes = []
    for channel in range(image.shape[2]):
        plane = np.ascontiguousarray(image[..., channel])
        above, below = plane[rows], plane[next_rows]
        corners = (above[:, columns], above[:, next_columns], below[:, columns], below[:, next_columns])
        planes.append(weights[0] * corners[0] + weights[1] * corners[1] + weights[2] * corners[2])
        planes[-1] += weights[3] * corners[3]
    levels: Array = np.clip(np.stack(planes, axis=2), 0, 255).astype(np.uint8)
    return levels


def _samples(size: int, target: int) -> tuple[Array, Array, Array]:
    """For each target pixel: the source pixel before it, the one after, and the weight of the latter."""
    position = (np.arange(target) + 0.5) * (size / target) - 0.5
    before = np.floor(position).astype(int)
    return np.clip(before, 0, size - 1), np.clip(before + 1, 0, size - 1), position - before


def thumbnail(image: Array) -> bytes:
    """300 x 300 grey levels of a page image."""
    small = resize(image, THUMBNAIL, THUMBNAIL).astype(np.float32)
    planes = [small[..., min(i, small.shape[2] - 1)] for i in range(3)]
    grey = _GREY[0] * planes[0] + _GREY[1] * planes[1] + _GREY[2] * planes[2]
    return bytes(np.clip(grey, 0, 255).astype(np.uint8).tobytes())


def network_image(thumb: bytes) -> Array:
    """(1, 300, 300) float32: a thumbnail stretched to 0..1; zeros for an even page."""
    grey = np.frombuffer(thumb, np.uint8).reshape(1, THUMBNAIL, THUMBNAIL).astype(np.float32)
    low, high = grey.min(), grey.max()
    return (grey - low) / (high - low) if high > low else np.zeros_like(grey)


def pack(image: Array) -> bytes:
    """Deflated pixels; speed matters more than the last byte."""
    return zlib.compress(image.tobytes(), 1)


def unpack(page: PageInput) -> Array:
    """(height, width, channels) uint8 raster of a page."""
    pixels = np.frombuffer(zlib.decompress(page.raster), np.uint8)
    return pixels.reshape(page.raster_height, page.raster_width, page.raster_channels)


def cut(image: Array, box: Box) -> Array:
    """The pixels of `image` inside `box` (72 dpi: a pixel is a point); empty when there are none."""
    x0, y0 = max(0, int(box.x0)), max(0, int(box.y0))
    inside: Array = image[y0 : min(image.shape[0], int(box.y1)), x0 : min(image.shape[1], int(box.x1))]
    return inside


def table_image(pixels: Array) -> Array:
    """(3, 360, 300) float32 0..1 of a table's pixels, channels in the table network's order."""
    small = resize(pixels, *TABLE_INPUT).astype(np.float32) / np.float32(255.0)
    channels = small[:, :, ::-1] if small.shape[2] == 3 else np.repeat(small, 3, axis=2)
    return np.ascontiguousarray(channels.transpose(2, 0, 1))
