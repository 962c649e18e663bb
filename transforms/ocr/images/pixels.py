"""Page images as arrays: packing, binarising, and the affine maps between pixels and points."""

from __future__ import annotations

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.geometry import Box, rounded
from transforms.ocr.records import PageImage

Pixels = NDArray[np.uint8]
#: (a, b, c, d, e, f): x' = a x + c y + e, y' = b x + d y + f.
Affine = tuple[float, float, float, float, float, float]

#: Contrast below which a pixel is paper whatever the threshold says.
MIN_CONTRAST = 24
#: Pages whose usual grey is below this are dark, with light text.
DARK_PAGE = 96
POINTS_PER_INCH = 72.0


def unpacked(image: PageImage) -> Pixels:
    """Rows x columns (grey) or rows x columns x 3 (RGB)."""
    shape = (image.height, image.width) if image.channels == 1 else (image.height, image.width, image.channels)
    return np.frombuffer(zlib.decompress(image.pixels), np.uint8).reshape(shape)


def packed(pixels: Pixels, page: int, dpi: float, to_page: Affine, rules: tuple[Box, ...] = ()) -> PageImage:
    """The record of an upright array; `unpacked` gives the array back."""
    height, width = pixels.shape[:2]
    return PageImage(
        page=page,
        pixels=zlib.compress(np.ascontiguousarray(pixels).tobytes(), 1),
        width=width,
        height=height,
        channels=1 if pixels.ndim == 2 else pixels.shape[2],
        dpi=dpi,
        to_page=to_page,
        rules=rules,
    )


def grey(pixels: Pixels) -> Pixels:
    """Luminance, 0 black to 255 white."""
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def ink(luminance: Pixels, dpi: float, share: float = 0.8) -> Pixels:
    """255 where there is ink, 0 on paper. Uneven light and coloured grounds are levelled; on a dark page light is ink.

    `share` is the darkness that counts as ink, of that which best parts dark from light.
    """
    window = max(15, int(dpi / 5)) | 1
    luminance = dark_on_light(luminance)
    # Saturates at 0 where the image is lighter than its surroundings.
    dark = np.asarray(cv2.subtract(cv2.blur(luminance, (window, window)), luminance), np.uint8)
    level = max(MIN_CONTRAST, share * _otsu(dark))
    return np.asarray(cv2.threshold(dark, level - 1, 255, cv2.THRESH_BINARY)[1], np.uint8)


def dark_on_light(luminance: Pixels) -> Pixels:
    """The image, inverted when it is a dark page."""
    is_dark = np.median(luminance[::8, ::8]) < DARK_PAGE
    return np.invert(luminance) if is_dark else luminance


def _otsu(values: Pixels) -> float:
    level, _ = cv2.threshold(values, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(level)


def compose(first: Affine, second: Affine) -> Affine:
    """The map that applies `first`, then `second`."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def inverse(affine: Affine) -> Affine:
    """The map back; the affine must not be degenerate."""
    a, b, c, d, e, f = affine
    det = a * d - b * c
    return (d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det)


def mapped(box: Box, affine: Affine) -> Box:
    """The smallest upright box around the image of a box, to hundredths."""
    a, b, c, d, e, f = affine
    corners = [(x, y) for x in (box.x0, box.x1) for y in (box.y0, box.y1)]
    xs = [a * x + c * y + e for x, y in corners]
    ys = [b * x + d * y + f for x, y in corners]
    return rounded(Box(min(xs), min(ys), max(xs), max(ys)))
