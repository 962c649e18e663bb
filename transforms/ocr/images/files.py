"""Image files as page sources: each frame is a page, decoded only after its size is known to be within bounds."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from schemas.content import ExtractedPage
from schemas.failures import Corrupt, TooLarge
from schemas.geometry import Box
from transforms.ocr.images.pixels import POINTS_PER_INCH, Affine, Pixels

#: What Pillow raises for damaged files.
PILLOW_ERRORS = (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError)
#: Frames with more pixels are not decoded.
MAX_PIXELS = 120_000_000
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})


class FrameSource:
    """An open image file."""

    def __init__(self, path: Path) -> None:
        try:
            with warnings.catch_warnings():
                # Pillow warns below our own bound.
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                self._image = Image.open(path)
        except Image.DecompressionBombError as error:
            raise TooLarge(f"the image has too many pixels: {error}", hint="scale the image down") from error
        except PILLOW_ERRORS as error:
            raise Corrupt(f"Pillow cannot open the image: {error}") from error

    def close(self) -> None:
        """Release the file."""
        self._image.close()

    def render(self, page: ExtractedPage, region: Box | None, dpi: float) -> tuple[Pixels, Affine]:
        """A frame on white, turned as its Exif data says, never scaled up. Image pages have no regions."""
        try:
            frame = self._frame(page.number)
        except PILLOW_ERRORS as error:
            raise Corrupt(f"Pillow cannot decode the image: {error}", page=page.number) from error
        # Faxes have fewer pixels down than across: both sides come to the same resolution.
        wide = min(frame.width, max(1, round(page.width * dpi / POINTS_PER_INCH)))
        high = max(1, round(page.height * wide / page.width))
        if (wide, high) != frame.size:
            frame = frame.resize((wide, high), Image.Resampling.LANCZOS)
        return np.asarray(frame), (page.width / wide, 0.0, 0.0, page.height / high, 0.0, 0.0)

    def _frame(self, number: int) -> Image.Image:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            self._image.seek(number - 1)
        width, height = self._image.size
        if width * height > MAX_PIXELS:
            message = f"frame {number} has {width} x {height} pixels; at most {MAX_PIXELS} are decoded"
            raise TooLarge(message, page=number, hint="scale the image down")
        return _on_white(ImageOps.exif_transpose(self._image))


def _on_white(frame: Image.Image) -> Image.Image:
    if frame.mode in _DEEP_MODES:
        values = np.asarray(frame, np.float64)
        low, high = float(values.min()), float(values.max())
        return Image.fromarray(((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8))
    if frame.mode in {"L", "1"} and "transparency" not in frame.info:
        return frame.convert("L")
    shown = frame.convert("RGBA")
    paper = Image.new("RGBA", shown.size, "white")
    return Image.alpha_composite(paper, shown).convert("RGB")
