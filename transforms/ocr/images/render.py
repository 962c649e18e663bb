"""From an extraction to the images that an engine reads. Runs in the parser process."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

import cv2
import msgspec

from schemas.content import ExtractedPage, Extraction
from schemas.geometry import Box
from schemas.options import OcrOptions
from transforms.ocr.decision import Decision, decide, image_dpi
from transforms.ocr.images.files import FrameSource
from transforms.ocr.images.ink import has_ink, has_text
from transforms.ocr.images.pdf import PageSource
from transforms.ocr.images.pixels import POINTS_PER_INCH, Affine, Pixels, compose, grey, inverse, mapped, packed
from transforms.ocr.images.rules import find_rules_and_letters
from transforms.ocr.images.straighten import straightened
from transforms.ocr.records import PageImage

PDF = "application/pdf"
#: Text that is drawn, not scanned, is rendered this fine.
DRAWN_DPI = 300.0
#: Coarser scans are rendered at a whole multiple: pixels that do not fall on those of the scan blur small letters.
COARSEST_DPI = 110.0
#: Share of a region that an image covers when its resolution is the region's.
MAIN_IMAGE = 0.1
#: Pages longer than this many inches have no true size: their points are pixels.
LONGEST, USUAL_LONGEST = 17.5, 11.7
#: Channels differ by less than this on grey images.
GREY = 12


class Source(Protocol):
    """Anything that shows regions of pages as pixels."""

    def render(self, page: ExtractedPage, region: Box | None, dpi: float) -> tuple[Pixels, Affine]:
        """Pixels of a region (None: the page) and their map to points of the page as shown."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...


def needs_of(extraction: Extraction, options: OcrOptions) -> list[Decision]:
    """The pages that OCR shall read, in order."""
    return [decision for page in extraction.pages if (decision := decide(page, options.mode)).needed]


def page_images(
    path: Path, media_type: str, pages: Sequence[tuple[ExtractedPage, Decision]], options: OcrOptions
) -> list[list[PageImage]]:
    """The upright images of each page; none for blank pages, and for pictures where the decision asks to verify.

    Raises DocumentError subclasses for files and pages that cannot be rendered.
    """
    # The pool of parser processes is what uses the cores.
    cv2.setNumThreads(1)
    source: Source = PageSource(path) if media_type == PDF else FrameSource(path)
    with closing(source):
        return [list(_images(source, page, decision, options)) for page, decision in pages]


def _images(source: Source, page: ExtractedPage, decision: Decision, options: OcrOptions) -> Iterator[PageImage]:
    for region in decision.regions or (None,):
        dpi = bounded_dpi(page, region, options)
        pixels, to_page = source.render(page, region, dpi)
        pixels = without_colour(pixels)
        reading_dpi = nominal_dpi(pixels, resolution(to_page))
        if not _worth_reading(page, decision, pixels, reading_dpi, to_page):
            continue
        upright = straightened(pixels, reading_dpi)
        rules, letter = find_rules_and_letters(grey(upright.pixels), reading_dpi)
        image = packed(upright.pixels, page.number, reading_dpi, compose(upright.to_original, to_page), rules)
        yield msgspec.structs.replace(image, letter=letter)


def _worth_reading(page: ExtractedPage, decision: Decision, pixels: Pixels, dpi: float, to_page: Affine) -> bool:
    if not decision.verify:
        return has_ink(grey(pixels), dpi)
    to_pixels = inverse(to_page)
    spans = (span for line in page.lines for span in line.spans)
    known = [mapped(span.box, to_pixels) for span in spans if span.box and not span.hidden]
    return has_text(grey(pixels), dpi, known)


def bounded_dpi(page: ExtractedPage, region: Box | None, options: OcrOptions) -> float:
    """The resolution to render at: that of the images in the region, within the bounds of the options."""
    area = region or Box(0, 0, page.width, page.height)
    scans = [i for i in page.images if i.box and i.box.overlap(area) >= MAIN_IMAGE * area.area and image_dpi(i) > 0]
    dpi = max((image_dpi(image) for image in scans), default=DRAWN_DPI)
    if not scans or page.outlines:
        dpi = max(dpi, DRAWN_DPI)
    dpi *= max(1, math.ceil(COARSEST_DPI / dpi))
    inches = max(page.width, page.height) / POINTS_PER_INCH
    # Where points are pixels, the bound on the resolution would bound nothing.
    finest = options.max_dpi * (USUAL_LONGEST / inches if inches > LONGEST else 1.0)
    if scans and inches > LONGEST:
        finest = max(finest, POINTS_PER_INCH)
    fitting = math.sqrt(options.max_pixels / max(area.area, 1.0)) * POINTS_PER_INCH
    return max(1.0, min(dpi, finest, fitting))


def resolution(to_page: Affine) -> float:
    """Pixels per inch of an image by its map to points: image files are never scaled up, whatever was asked for."""
    a, b, c, d, _, _ = to_page
    return POINTS_PER_INCH / math.sqrt(abs(a * d - b * c))


def nominal_dpi(pixels: Pixels, dpi: float) -> float:
    """The resolution as an engine should see it: pages of impossible size are taken to be ordinary ones."""
    longest = max(pixels.shape[:2])
    return longest / USUAL_LONGEST if longest / dpi > LONGEST else dpi


def without_colour(pixels: Pixels) -> Pixels:
    """One channel where the image is grey."""
    if pixels.ndim == 2:
        return pixels
    sample = pixels[::4, ::4].astype("int16")
    if int((sample.max(axis=2) - sample.min(axis=2)).max(initial=0)) <= GREY:
        return pixels[:, :, 0].copy()
    return pixels
