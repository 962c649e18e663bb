"""What the parser processes run: pages rendered, straightened, read (by engines that read here) and merged."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from schemas.content import ExtractedPage, PageStatus
from schemas.failures import DocumentError, Failure
from schemas.options import OcrOptions
from transforms.ocr.decision import Decision
from transforms.ocr.engine import OcrEngine
from transforms.ocr.merge import merge
from transforms.ocr.pages import page_images
from transforms.ocr.pixels import unpacked
from transforms.ocr.records import PageImage
from transforms.runtime.guard import failure_of

STAGE = "ocr"


class ReadPages(NamedTuple):
    """Pages after OCR, in the order asked for, and the failures of those with status FAILED."""

    pages: list[ExtractedPage]
    failures: list[Failure]


def read_pages(
    path: Path, media_type: str, needs: Sequence[tuple[ExtractedPage, Decision]], options: OcrOptions, engine: OcrEngine
) -> ReadPages:
    """Read the pages with an engine that runs here. A page that fails costs itself only."""
    result = ReadPages([], [])
    for page, decision in needs:
        images: list[PageImage] = []
        try:
            images = page_images(path, media_type, [(page, decision)], options)[0]
            lines = engine.read(images, options.languages) if images else []
            result.pages.append(merge(page, decision, images, lines, engine.name))
        except DocumentError as error:
            result.pages.append(failed_page(page, decision))
            result.failures.append(ocr_failure(error, page.number, options, engine, images))
    return result


def failed_page(page: ExtractedPage, decision: Decision) -> ExtractedPage:
    """The page without what OCR should have read; text that is good on its own stays."""
    lines = [] if decision.discard_text and not decision.keep_if_better else page.lines
    return msgspec.structs.replace(page, status=PageStatus.FAILED, lines=lines, tier_reason=decision.reason)


def ocr_failure(
    error: BaseException, page: int, options: OcrOptions, engine: OcrEngine, images: Sequence[PageImage]
) -> Failure:
    """A failure with what it takes to repeat it: engine, languages, where its data lie, and what it was shown."""
    failure = failure_of(STAGE, error)
    context = {
        **failure.context,
        "engine": engine.name,
        "languages": "+".join(options.languages),
        "data_path": engine.data_path(),
        "image_sha256": ",".join(image_hash(image) for image in images),
    }
    return msgspec.structs.replace(failure, page=page, context=context)


def image_hash(image: PageImage) -> str:
    """Hex SHA-256 of the size and pixels of an image, however they were deflated."""
    return hashlib.sha256(
        f"{image.width}x{image.height}x{image.channels} ".encode() + unpacked(image).tobytes()
    ).hexdigest()
