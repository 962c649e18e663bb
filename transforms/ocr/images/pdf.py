"""Pages of PDF files as upright images for OCR, at the resolution that they really have. Runs in the parser process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pymupdf

from schemas.content import ExtractedPage
from schemas.failures import Corrupt
from schemas.geometry import Box
from transforms.ocr.images.pixels import POINTS_PER_INCH, Affine, Pixels

MUPDF_ERRORS = (pymupdf.mupdf.FzErrorBase, pymupdf.FileDataError, RuntimeError, ValueError)


class PageSource:
    """An open PDF file that renders regions of its pages."""

    def __init__(self, path: Path) -> None:
        pymupdf.TOOLS.mupdf_display_errors(False)
        pymupdf.TOOLS.mupdf_display_warnings(False)
        try:
            self._document = pymupdf.open(path, filetype="pdf")
        except MUPDF_ERRORS as error:
            raise Corrupt(f"MuPDF cannot open the file as PDF: {error}") from error

    def close(self) -> None:
        """Release the file."""
        self._document.close()

    def render(self, page: ExtractedPage, region: Box | None, dpi: float) -> tuple[Pixels, Affine]:
        """Pixels (RGB) of a region in points of the page as shown (None: all), and their map to those points."""
        try:
            shown = self._document[page.number - 1]
            scale = dpi / POINTS_PER_INCH
            clip = pymupdf.Rect(*region) if region else shown.rect
            pixmap = shown.get_pixmap(matrix=pymupdf.Matrix(scale, scale), clip=clip, alpha=False)
        except (*MUPDF_ERRORS, IndexError) as error:
            raise Corrupt(f"MuPDF cannot render the page for OCR: {error}", page=page.number) from error
        pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, pixmap.n)
        return pixels, (1 / scale, 0.0, 0.0, 1 / scale, pixmap.x / scale, pixmap.y / scale)
