"""Put what an engine read into the page, so that it looks like digital text to all later stages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from schemas.content import ExtractedPage, Line, PageStatus, Span, Style, Vector, told_confidence
from schemas.geometry import Box, union
from transforms.ocr.decision import Decision
from transforms.ocr.images.doubt import confidence_in_nothing, legibility, share_read
from transforms.ocr.images.faces import Face, Strokes, bold_lines, even_sizes, line_face
from transforms.ocr.images.pixels import Affine, compose, grey, inverse, mapped, unpacked
from transforms.ocr.images.rules import is_horizontal
from transforms.ocr.records import OcrLine, OcrWord, PageImage
from transforms.ocr.text_quality import text_quality
from transforms.ocr.turned import on_its_feet

#: Gaps between words, in font sizes, that part a line: columns of tables, not spaces of justified text.
PARTING = 1.2
#: Ascent and descent of a line's box, in font sizes.
ASCENT, DESCENT = 0.85, 0.22
#: Words below this confidence are noise: specks, rules, pictures.
MIN_CONFIDENCE = 0.15
#: Only text that nobody had to read has a confidence of 1.
SUREST = 0.99


def merge(
    page: ExtractedPage,
    decision: Decision,
    images: Sequence[PageImage],
    lines: Sequence[Sequence[OcrLine]],
    engine: str,
) -> ExtractedPage:
    """The page with what `engine` read in its images. A page read as a whole is straightened: see `to_shown`."""
    if not images:
        return page
    if decision.keep_if_better and _known(page.lines) > _known_words(lines):
        return page
    kept = [] if decision.discard_text else list(page.lines)
    result = msgspec.structs.replace(page, lines=kept)
    righted = [on_its_feet(image, found) for image, found in zip(images, lines, strict=True)]
    if not decision.regions:
        result = _straightened(result, righted[0][0])
    for image, found in righted:
        result = _with_image(result, image, found, engine)
    if result.lines:
        result.status = PageStatus.DIGITAL if decision.regions else PageStatus.OCR
    return _with_confidence(result, righted, engine)


def _with_confidence(
    page: ExtractedPage, images: Sequence[tuple[PageImage, Sequence[OcrLine]]], engine: str
) -> ExtractedPage:
    """The page with the confidence in what was read, less what was not; with ink on it, it is not empty."""
    has_read = any(span.origin == engine for line in page.lines for span in line.spans)
    words = [word for _, found in images for line in found for word in line.words]
    page.confidence = min(SUREST, _share_right(words)) if has_read else 1.0
    for image, found in images:
        luminance = grey(unpacked(image))
        if has_read:
            told = share_read(luminance, image.dpi, found) * legibility(image.letter)
            page.confidence = told_confidence(page.confidence * told)
        elif not page.lines and (doubt := confidence_in_nothing(luminance, image.dpi)) is not None:
            page.status, page.confidence = PageStatus.OCR, doubt
    return page


def _known(lines: Sequence[Line]) -> float:
    return text_quality(" ".join(span.text for line in lines for span in line.spans)).known


def _known_words(lines: Sequence[Sequence[OcrLine]]) -> float:
    return text_quality(" ".join(word.text for found in lines for line in found for word in line.words)).known


def _share_right(words: Sequence[OcrWord]) -> float:
    """The share of the characters that may be expected to stand in words without a wrong letter."""
    total = sum(len(word.text) for word in words)
    right = sum(len(word.text) * (word.confidence if word.right is None else word.right) for word in words)
    return told_confidence(right / max(1, total))


def _straightened(page: ExtractedPage, image: PageImage) -> ExtractedPage:
    """The page in the frame of its upright image, in points."""
    scale = _scale(image.to_page)
    to_shown = compose((1 / scale, 0.0, 0.0, 1 / scale, 0.0, 0.0), image.to_page)
    back = inverse(to_shown)
    return msgspec.structs.replace(
        page,
        width=image.width * scale,
        height=image.height * scale,
        to_shown=to_shown,
        shown_size=page.shown_size or (page.width, page.height),
        lines=[_moved_line(line, back) for line in page.lines],
        images=[msgspec.structs.replace(item, box=item.box and mapped(item.box, back)) for item in page.images],
        links=[msgspec.structs.replace(item, box=item.box and mapped(item.box, back)) for item in page.links],
        vectors=[msgspec.structs.replace(item, box=mapped(item.box, back)) for item in page.vectors],
    )


def _scale(affine: Affine) -> float:
    a, b, c, d, _, _ = affine
    return math.sqrt(abs(a * d - b * c))


def _moved_line(line: Line, affine: Affine) -> Line:
    a, b, c, d, _, _ = affine
    scale = _scale(affine)
    x, y = line.direction
    spans = tuple(msgspec.structs.replace(span, box=span.box and mapped(span.box, affine)) for span in line.spans)
    return Line(spans, mapped(line.box, affine), ((a * x + c * y) / scale, (b * x + d * y) / scale))


def _with_image(page: ExtractedPage, image: PageImage, found: Sequence[OcrLine], engine: str) -> ExtractedPage:
    to_page = compose(image.to_page, inverse(page.to_shown))
    luminance = grey(unpacked(image))
    lines = page_lines(found, image.rules, Strokes(luminance, image.dpi), to_page, engine)
    digital = [span.box for line in page.lines for span in line.spans if span.box and not span.hidden]
    fresh = [line for line in lines if not any(box.contains_centre(line.box) for box in digital)]
    vectors = [Vector(mapped(rule, to_page), rectangle=True) for rule in image.rules]
    return msgspec.structs.replace(page, lines=[*page.lines, *fresh], vectors=[*page.vectors, *vectors])


def page_lines(
    found: Sequence[OcrLine], rules: Sequence[Box], strokes: Strokes, to_page: Affine, engine: str
) -> list[Line]:
    """Lines of spans in points. Sizes and weights are evened over the image; wide gaps and rules part lines."""
    clean = [line for item in found if (line := _credible(item)) is not None]
    faces = [line_face(line, strokes) for line in clean]
    weights = [float(sum(len(word.text) for word in line.words)) for line in clean]
    sizes = even_sizes(zip((face.size for face in faces), weights, strict=True))
    faces = [face._replace(size=size) for face, size in zip(faces, sizes, strict=True)]
    bold = bold_lines(faces, weights)
    upright = [rule for rule in rules if not is_horizontal(rule)]
    result = []
    for line, face, heavy in zip(clean, faces, bold, strict=True):
        style = int(Style.BOLD if heavy else Style.NONE)
        for words in _parted(line.words, face.size, upright):
            result.append(_line(words, face, style, to_page, engine))
    return result


def _credible(line: OcrLine) -> OcrLine | None:
    words = tuple(word for word in line.words if word.confidence >= MIN_CONFIDENCE and word.text.strip())
    box = union(word.box for word in words)
    return OcrLine(words, box) if box else None


def _parted(words: Sequence[OcrWord], size: float, rules: Sequence[Box]) -> Iterator[list[OcrWord]]:
    piece = [words[0]]
    for left, right in pairwise(words):
        if right.box.x0 - left.box.x1 > PARTING * size or _rule_between(left.box, right.box, rules):
            yield piece
            piece = []
        piece.append(right)
    yield piece


def _rule_between(left: Box, right: Box, rules: Sequence[Box]) -> bool:
    y = (left.y0 + left.y1) / 2
    return any(rule.y0 <= y <= rule.y1 and left.x1 - 2 <= rule.x0 and rule.x1 <= right.x0 + 2 for rule in rules)


def _line(words: Sequence[OcrWord], face: Face, style: int, to_page: Affine, engine: str) -> Line:
    a, b, *_ = to_page
    scale = _scale(to_page)
    x0, x1 = min(word.box.x0 for word in words), max(word.box.x1 for word in words)
    box = mapped(Box(x0, face.baseline - ASCENT * face.size, x1, face.baseline + DESCENT * face.size), to_page)
    text = " ".join(word.text for word in words)
    weight = sum(len(word.text) for word in words)
    confidence = sum(word.confidence * len(word.text) for word in words) / weight
    span = Span(
        text,
        box,
        "",
        round(face.size * scale, 2),
        style,
        origin=engine,
        confidence=min(SUREST, told_confidence(confidence)),
    )
    return Line((span,), box, (a / scale, b / scale))
