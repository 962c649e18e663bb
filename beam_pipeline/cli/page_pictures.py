"""Pages and parts of them as pictures, from the source. Runs in a parser process: sources are hostile."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.content import ExtractedPage
from schemas.document import Page
from schemas.geometry import Box

if TYPE_CHECKING:
    from PIL import Image

PDF = "application/pdf"
#: Pixels of a frame that is shown; larger ones are scaled down.
_MAX_PIXELS = 40_000_000
_POINTS_PER_INCH = 72


def has_pictures(media_type: str) -> bool:
    """Whether pages of this type can be drawn."""
    return media_type == PDF or media_type.startswith("image/")


def page_picture(path: str, media_type: str, page: Page, dpi: int) -> bytes:
    """PNG of a page as it is shown. Raises DocumentError."""
    if media_type == PDF:
        from transforms.extract.pdf.render import render_page

        return render_page(path, page.page, dpi)
    return _png(_frame(path, page, dpi))


def cut_pictures(path: str, media_type: str, page: Page, boxes: Sequence[Box], dpi: int) -> list[bytes]:
    """PNGs of parts of a page. Raises DocumentError."""
    from PIL import Image

    with Image.open(io.BytesIO(page_picture(path, media_type, page, dpi))) as picture:
        return [_png(picture.crop(_pixels(box, page, picture.size))) for box in boxes]


def _pixels(box: Box, page: Page, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box in pixels, at least one wide and high, within the picture."""
    across, down = size[0] / page.width, size[1] / page.height
    left, top = min(size[0] - 1, max(0, int(box.x0 * across))), min(size[1] - 1, max(0, int(box.y0 * down)))
    right, bottom = min(size[0], round(box.x1 * across)), min(size[1], round(box.y1 * down))
    return left, top, max(left + 1, right), max(top + 1, bottom)


def _frame(path: str, page: Page, dpi: int) -> Image.Image:
    from PIL import Image

    from transforms.ocr.images.files import FrameSource

    area = page.width * page.height / _POINTS_PER_INCH**2
    fitting = min(dpi, (_MAX_PIXELS / area) ** 0.5)
    with closing(FrameSource(Path(path))) as source:
        wanted = ExtractedPage(number=page.page, width=page.width, height=page.height)
        pixels, _ = source.render(wanted, None, fitting)
        return Image.fromarray(pixels)


def _png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()
