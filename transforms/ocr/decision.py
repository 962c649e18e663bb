"""Which pages need OCR, and why. Pure: what the extractor saw is all the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from schemas.content import ExtractedPage, Image, PageStatus, Span
from schemas.geometry import Box
from schemas.options import OcrMode
from transforms.ocr.text_quality import TextQuality, text_quality

#: Origin of spans that an OCR engine left in the file.
OCR_LAYER = "ocr-layer"
#: Broken characters beyond this share make the text of a page unusable.
MAX_BROKEN = 0.15
#: Fewer of the common letters than this, in at least so many words, are no language in Latin letters.
MIN_COMMON, COMMON_WORDS = 0.47, 25
#: Fewer known words than this in an OCR layer of at least so many words: read it again.
MIN_KNOWN, KNOWN_WORDS = 0.75, 12
#: Shares of the page: an image that may hold text, one that may be a scanned insert, one that fills the page.
SOME_IMAGE, INSERT, FULL = 0.02, 0.12, 0.5
#: A page with fewer characters has next to no text.
FEW_CHARS = 8
#: A page number or a stamp on a scan.
STAMP_CHARS = 16
#: An OCR layer with more characters is the text of its page.
LAYER_CHARS = 100
#: Characters over a page-filling image, below which the image may hold the page's text.
SPARSE_CHARS = 600
#: Outlines of glyphs that make a page of text drawn as curves.
MIN_OUTLINES = 120
#: Resolution, in pixels per inch, below which images are no scans of text.
MIN_DPI = 60.0


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a page is read by OCR. `reason` is for people and stands in the page row."""

    #: 1-based.
    page: int
    needed: bool = False
    #: What to read, in points of the page; empty means the whole page.
    regions: tuple[Box, ...] = ()
    reason: str = ""
    #: How sure the need is, 0..1.
    score: float = 0.0
    #: The text that the page has is worthless.
    discard_text: bool = False
    #: Unless reading gives fewer known words: then it is kept.
    keep_if_better: bool = False
    #: Read only where the image shows rows of text: photographs are likely as well.
    verify: bool = False


def decide(page: ExtractedPage, mode: OcrMode = "auto") -> Decision:
    """The decision for one page. Pages of flow formats and failed pages need nothing."""
    if mode == "never" or page.blocks or page.status is PageStatus.FAILED:
        return Decision(page=page.number)
    if mode == "always":
        return Decision(page=page.number, needed=True, reason="asked for", score=1.0, discard_text=True)
    spans = [span for line in page.lines for span in line.spans]
    layer = [span for span in spans if span.origin == OCR_LAYER]
    shown = [span for span in spans if span.origin != OCR_LAYER and not span.hidden]
    return (
        _garbled(page, shown)
        or _bad_layer(page, layer, shown, mode)
        or _outlines(page, shown)
        or _no_text(page, spans)
        or _image_under_little_text(page, shown, layer)
        or _insert(page, shown, layer)
        or Decision(page=page.number)
    )


def is_left_unread(page: ExtractedPage) -> bool:
    """Whether a page without OCR shows pictures and no text."""
    return page.status is PageStatus.EMPTY and _no_text(page, ()) is not None


def _text(spans: Sequence[Span]) -> str:
    return " ".join(span.text for span in spans)


def _garbled(page: ExtractedPage, shown: Sequence[Span]) -> Decision | None:
    """Text whose characters cannot be what the glyphs show."""
    text = _text(shown)
    if len(text) < FEW_CHARS or not _suspicious(text):
        return None
    quality = text_quality(text)
    if quality.broken > MAX_BROKEN:
        reason, score = f"{quality.broken:.0%} of the characters have no meaning", min(1.0, 0.5 + quality.broken)
    elif _is_no_language(quality):
        reason, score = "the letters make no language", 0.9
    else:
        return None
    return Decision(page=page.number, needed=True, reason=f"garbled text: {reason}", score=score, discard_text=True)


def _suspicious(text: str) -> bool:
    """A cheap look before the statistics: good text has its share of common letters."""
    letters = [char for char in text.casefold() if char.isalpha()]
    common = sum(char in "eaointsrl" for char in letters)
    return (
        common < 0.55 * len(letters) or len(letters) < 0.5 * len(text.split()) or "\ufffd" in text or _has_private(text)
    )


def _has_private(text: str) -> bool:
    return any("\ue000" <= char <= "\uf8ff" or (char < " " and not char.isspace()) for char in text)


def _is_no_language(quality: TextQuality) -> bool:
    if quality.words < COMMON_WORDS or quality.latin < 0.6:
        return False
    return quality.common < MIN_COMMON and quality.known < 0.3


def _bad_layer(page: ExtractedPage, layer: Sequence[Span], shown: Sequence[Span], mode: OcrMode) -> Decision | None:
    """Invisible text over a scan: an earlier OCR, trusted only when its words are words."""
    if not layer:
        return None
    regions = () if len(_text(layer)) >= len(_text(shown)) else tuple(_insert_boxes(page, INSERT))
    if mode == "redo":
        reason, score = "OCR layer to be redone", 1.0
    else:
        quality = text_quality(_text(layer))
        if quality.words < KNOWN_WORDS or quality.latin < 0.6 or quality.known >= MIN_KNOWN:
            return None
        reason, score = f"poor OCR layer: {quality.known:.0%} of its words are known", 1.0 - quality.known
    return Decision(
        page=page.number,
        needed=True,
        regions=regions,
        reason=reason,
        score=score,
        discard_text=not regions,
        keep_if_better=mode == "auto",
    )


def _no_text(page: ExtractedPage, spans: Sequence[Span]) -> Decision | None:
    if len(_text(spans).strip()) >= FEW_CHARS:
        return None
    images = [image for image in page.images if _share(page, image) >= SOME_IMAGE]
    cover = min(1.0, sum(_share(page, image) for image in page.images))
    if images or cover >= FULL:
        return Decision(
            page=page.number, needed=True, reason=f"no text, images on {cover:.0%} of the page", score=0.6 + 0.4 * cover
        )
    return None


def _outlines(page: ExtractedPage, shown: Sequence[Span]) -> Decision | None:
    """Text drawn as curves, with a running head or a number as text at most."""
    chars = len(_text(shown).strip())
    if page.outlines < max(MIN_OUTLINES, 4 * chars):
        return None
    reason = f"{page.outlines} outlines of glyphs, {chars} characters"
    return Decision(page=page.number, needed=True, reason=reason, score=0.9)


def _share(page: ExtractedPage, image: Image) -> float:
    area = page.width * page.height
    return image.box.overlap(Box(0, 0, page.width, page.height)) / area if image.box and area > 0 else 0.0


def _image_under_little_text(page: ExtractedPage, shown: Sequence[Span], layer: Sequence[Span]) -> Decision | None:
    """A stamp, a running head or a few labels on a page that an image fills."""
    cover = max((_share(page, image) for image in page.images if image_dpi(image) >= MIN_DPI), default=0.0)
    text = _text([*shown, *layer])
    if cover < FULL or len(text) > SPARSE_CHARS or len(_text(layer)) > LAYER_CHARS:
        return None
    reason = f"{len(text)} characters on a page that an image fills to {cover:.0%}"
    score = cover * (1 - 0.5 * len(text) / SPARSE_CHARS)
    verify = len(text) > STAMP_CHARS
    return Decision(page=page.number, needed=True, reason=reason, score=score, verify=verify)


def _insert(page: ExtractedPage, shown: Sequence[Span], layer: Sequence[Span]) -> Decision | None:
    """Large images without text of their own on a page with text."""
    boxes = tuple(box for box in _insert_boxes(page, INSERT) if not _covers_text(box, [*shown, *layer]))
    if not boxes:
        return None
    share = sum(box.area for box in boxes) / (page.width * page.height)
    reason = f"images without text on {share:.0%} of the page"
    return Decision(page=page.number, needed=True, regions=boxes, reason=reason, score=min(1.0, share), verify=True)


def _insert_boxes(page: ExtractedPage, least: float) -> Iterator[Box]:
    bounds = Box(0, 0, page.width, page.height)
    seen = set[Box]()
    for image in page.images:
        if image.box is None or image.box in seen or _share(page, image) < least or image_dpi(image) < MIN_DPI:
            continue
        seen.add(image.box)
        yield Box(
            *(
                max(low, min(high, v))
                for v, low, high in zip(image.box, (0, 0, 0, 0), (*bounds[2:], *bounds[2:]), strict=True)
            )
        )


def _covers_text(box: Box, spans: Sequence[Span]) -> bool:
    return sum(len(span.text) for span in spans if span.box and box.contains_centre(span.box)) > FEW_CHARS


def image_dpi(image: Image) -> float:
    """Pixels per inch on the page, by area, so that turned images count too; 0.0 when unknown."""
    if image.box is None or image.box.area <= 0:
        return 0.0
    return float((image.width * image.height / image.box.area) ** 0.5 * 72)
