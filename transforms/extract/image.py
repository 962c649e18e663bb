"""Image files: every frame is a page that shows one image. Nothing is decoded here, only headers are read."""

from __future__ import annotations

import warnings
from contextlib import closing
from pathlib import Path

import PIL
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from schemas.content import DocumentMeta, ExtractedPage, Extraction, ExtractRequest, Image, PageStatus
from schemas.failures import Category, Corrupt, Failure, TooLarge
from schemas.geometry import Box

#: What Pillow raises for damaged files.
PILLOW_ERRORS = (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError)
#: A frame with more pixels is refused: decoded it would take this many bytes, or three times as many.
MAX_FRAME_PIXELS = 120_000_000
MAX_FRAMES = 5_000
#: Formats whose frames are pages; those of others are moments of an animation, or thumbnails.
PAGED = frozenset({"TIFF"})
#: Resolutions that files may claim, in pixels per inch; others are placeholders.
CREDIBLE_DPI = (50.0, 2400.0)
#: Without a resolution the longer side is taken for that of an A4 page, within the bounds of screens and scanners.
ASSUMED_INCHES, ASSUMED_DPI = 11.7, (96.0, 300.0)
_ORIENTATION, _SIDEWAYS = 0x0112, frozenset({5, 6, 7, 8})
_POINTS_PER_INCH = 72.0


class ImageExtractor:
    """Reads TIFF (all frames), PNG, JPEG, WebP, BMP and GIF (the first frame)."""

    name = "image"
    media_types = frozenset({"image/tiff", "image/png", "image/jpeg", "image/webp", "image/bmp", "image/gif"})
    extensions = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"})

    def extract(self, path: Path, request: ExtractRequest) -> Extraction:
        """One page per frame of the range, with its size in points and no text. Raises Corrupt or TooLarge."""
        with closing(open_image(path)) as image:
            count = frame_count(image)
            extraction = Extraction(page_count=count, meta=_meta(image), engine=f"pillow {PIL.__version__}")
            first, last = max(1, request.first_page), min(request.last_page or count, count)
            if request.max_pages and last - first + 1 > request.max_pages:
                return extraction
            for number in range(first, last + 1):
                _add_frame(extraction, image, number)
        if first == last and extraction.failures and count == 1:
            # Nothing but the failure is left of the document.
            raise _error(extraction.failures[0])
        return extraction


def _error(failure: Failure) -> Corrupt | TooLarge:
    kind = TooLarge if failure.category is Category.TOO_LARGE else Corrupt
    return kind(failure.message, hint=failure.hint)


def open_image(path: Path) -> Pillow.Image:
    """The image with its header read. Raises Corrupt, or TooLarge for decompression bombs."""
    try:
        with warnings.catch_warnings():
            # Pillow warns below our own bound.
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            return Pillow.open(path)
    except Pillow.DecompressionBombError as error:
        raise TooLarge(f"the image has too many pixels: {error}", hint="scale the image down") from error
    except PILLOW_ERRORS as error:
        raise Corrupt(f"Pillow cannot open the image: {error}") from error


def frame_count(image: Pillow.Image) -> int:
    """Frames that are pages, at least 1."""
    if image.format not in PAGED:
        return 1
    try:
        return max(1, min(MAX_FRAMES, getattr(image, "n_frames", 1)))
    except PILLOW_ERRORS as error:
        raise Corrupt(f"Pillow cannot count the frames of the image: {error}") from error


def _add_frame(extraction: Extraction, image: Pillow.Image, number: int) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            image.seek(number - 1)
        page = frame_page(image, number)
    except (TooLarge, Pillow.DecompressionBombError) as error:
        extraction.failures.append(_failure(number, Category.TOO_LARGE, str(error), "scale the image down"))
    except PILLOW_ERRORS as error:
        message = f"Pillow cannot read frame {number}: {error}"
        extraction.failures.append(_failure(number, Category.CORRUPT, message, Corrupt.default_hint))
    else:
        extraction.pages.append(page)
        return
    extraction.pages.append(ExtractedPage(number=number, status=PageStatus.FAILED))


def _failure(number: int, category: Category, message: str, hint: str) -> Failure:
    return Failure(stage="extract", category=category, message=message, hint=hint, page=number)


def frame_page(image: Pillow.Image, number: int) -> ExtractedPage:
    """The page that the current frame makes, as shown: turned as its Exif data says. Raises TooLarge."""
    width, height = image.size
    if width * height > MAX_FRAME_PIXELS:
        raise TooLarge(f"frame {number} has {width} x {height} pixels; at most {MAX_FRAME_PIXELS} are decoded")
    across, down = (_POINTS_PER_INCH / dpi for dpi in frame_dpi(image))
    if image.getexif().get(_ORIENTATION) in _SIDEWAYS:
        width, height, across, down = height, width, down, across
    box = Box(0.0, 0.0, width * across, height * down)
    return ExtractedPage(
        number=number, width=box.width, height=box.height, status=PageStatus.EMPTY, images=[Image(box, width, height)]
    )


def frame_dpi(image: Pillow.Image) -> tuple[float, float]:
    """Pixels per inch across and down: as the file says, else as a page of usual size would have."""
    claimed = image.info.get("dpi")
    if isinstance(claimed, tuple) and len(claimed) == 2:
        across, down = float(claimed[0]), float(claimed[1])
        if CREDIBLE_DPI[0] <= min(across, down) and max(across, down) <= min(CREDIBLE_DPI[1], 2.5 * min(across, down)):
            return across, down
    assumed = min(ASSUMED_DPI[1], max(ASSUMED_DPI[0], max(image.size) / ASSUMED_INCHES))
    return assumed, assumed


def _meta(image: Pillow.Image) -> DocumentMeta:
    return DocumentMeta(properties={"format": image.format or ""})
