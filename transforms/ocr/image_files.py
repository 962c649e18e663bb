"""Image files as page sources: each frame is a page, decoded only after its size is known to be within bounds."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from schemas.failures import Corrupt, TooLarge
from schemas.geometry import Box
from transforms.ocr.pixels import POINTS_PER_INCH, Affine, Pixels

#: What Pillow raises for damaged files.
PILLOW_ERRORS = (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError)


class FrameSource:
    """An open image file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._image = Image.open(path)
        except PILLOW_ERRORS as error:
            raise Corrupt(f"Pillow cannot open the image: {error}") from error

    def close(self) -> None:
        """Release the file."""
        self._image.close()

    def render(self, number: int, region: Box | None, dpi: float) -> tuple[Pixels, Affine]:
        """A frame (1-based) on white, turned as its Exif data says, never scaled up."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                self._image.seek(number - 1)
                frame = ImageOps.exif_transpose(self._image.copy())
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise TooLarge(f"the image is too large to decode: {error}", page=number) from error
        except PILLOW_ERRORS as error:
            raise Corrupt(f"Pillow cannot decode the image: {error}", page=number) from error
        return self._scaled(frame, dpi)

    def _scaled(self, frame: Image.Image, dpi: float) -> tuple[Pixels, Affine]:
        return np.asarray(frame.convert("RGB")), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
