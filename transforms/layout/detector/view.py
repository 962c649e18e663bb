"""Pages as a detector's input: rendered straight to its size, and back from its pixels to points."""

from __future__ import annotations

import zlib

import numpy as np

from transforms.layout.records import Array, PageInput, View


def scales(width: float, height: float, view: View) -> tuple[float, float]:
    """Pixels per point, right and down, at which a page fits the view."""
    right, down = view.width / max(width, 1.0), view.height / max(height, 1.0)
    return (min(right, down),) * 2 if view.keep_aspect else (right, down)


def margins(width: float, height: float, view: View) -> tuple[int, int]:
    """Pixels of padding to the left and above."""
    right, down = scales(width, height, view)
    return max(0, round((view.width - width * right) / 2)), max(0, round((view.height - height * down) / 2))


def placed(page: PageInput, view: View, padding: int) -> Array:
    """(height, width, 3) uint8: the page's picture in the middle of a padded canvas."""
    pixels = np.frombuffer(zlib.decompress(page.view), np.uint8).reshape(page.view_height, page.view_width, 3)
    canvas = np.full((view.height, view.width, 3), padding, np.uint8)
    left, top = margins(page.width, page.height, view)
    part = pixels[: view.height - top, : view.width - left]
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
    return canvas


def to_points(boxes: Array, page: PageInput, view: View) -> Array:
    """(n, 4) boxes in pixels of the view, in points and clipped to the page."""
    offset = np.array(margins(page.width, page.height, view) * 2, np.float64)
    points = (boxes.astype(np.float64) - offset) / np.array(scales(page.width, page.height, view) * 2)
    clipped: Array = np.clip(points, 0.0, np.array([page.width, page.height] * 2))
    return clipped
