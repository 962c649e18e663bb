"""Pages that could not be read: what is left of them, and what it takes to find out why."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from schemas.content import ExtractedPage, PageStatus
from schemas.failures import Failure
from schemas.options import OcrOptions
from transforms.ocr.decision import Decision
from transforms.ocr.engines import OcrEngine
from transforms.ocr.images.pixels import unpacked
from transforms.ocr.records import PageImage
from transforms.runtime.guard import failure_of

STAGE = "ocr"


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
