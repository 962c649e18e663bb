"""A PDF page as an image."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import cast

import pymupdf

from schemas.failures import Corrupt, NotFound, TooLarge
from transforms.extract.pdf.extractor import open_pdf
from transforms.extract.pdf.page import MUPDF_ERRORS

#: Pixels of one image; posters are rendered smaller rather than not at all.
MAX_PIXELS = 40_000_000
_POINTS_PER_INCH = 72


def render_page(path: Path | str, page: int, dpi: int) -> bytes:
    """PNG of a 1-based page, as shown (rotated). Raises Corrupt, Encrypted, NotFound or TooLarge."""
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    with closing(open_pdf(Path(path))) as document:
        if not 1 <= page <= document.page_count:
            raise NotFound(f"no page {page}; the document has {document.page_count}", page=page)
        try:
            scale = _scale(document[page - 1].rect, dpi, page)
            pixmap = document[page - 1].get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False)
            return cast(bytes, pixmap.tobytes("png"))
        except MUPDF_ERRORS as error:
            raise Corrupt(f"MuPDF cannot render the page: {error}", page=page) from error


def _scale(bounds: pymupdf.Rect, dpi: int, page: int) -> float:
    scale = dpi / _POINTS_PER_INCH
    area = bounds.width * bounds.height
    if area <= 0:
        raise Corrupt("the page has no area", page=page)
    fitting = (MAX_PIXELS / area) ** 0.5
    if min(bounds.width, bounds.height) * min(scale, fitting) < 1:
        raise TooLarge("the page is too long and narrow to be drawn", page=page)
    return min(scale, float(fitting))
