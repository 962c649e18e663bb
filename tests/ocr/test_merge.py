"""OCR lines become lines of the page."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import ExtractedPage, Image, Line, PageStatus, Span
from schemas.geometry import Box
from transforms.ocr.decision import Decision
from transforms.ocr.images.faces import Face, Strokes, bold_lines, even_sizes, line_face
from transforms.ocr.images.pixels import Affine, packed
from transforms.ocr.merge import merge
from transforms.ocr.records import OcrLine, OcrWord, PageImage

WHOLE = Decision(page=1, needed=True, discard_text=True)
#: 100 pixels per inch, upright.
PLAIN: Affine = (0.72, 0.0, 0.0, 0.72, 0.0, 0.0)


def word(text: str, x0: float, x1: float, y0: float = 100, y1: float = 110, confidence: float = 0.9) -> OcrWord:
    return OcrWord(text, Box(x0, y0, x1, y1), confidence)


def ocr_line(*words: OcrWord) -> OcrLine:
    return OcrLine(words, Box(words[0].box.x0, words[0].box.y0, words[-1].box.x1, words[0].box.y1))


def image(to_page: Affine = PLAIN, rules: tuple[Box, ...] = ()) -> PageImage:
    return packed(np.full((1000, 800), 255, np.uint8), 1, 100, to_page, rules)


def page(*lines: Line) -> ExtractedPage:
    whole = Box(0, 0, 576, 720)
    return ExtractedPage(number=1, width=576, height=720, lines=list(lines), images=[Image(whole, 800, 1000)])


def read(
    found: Sequence[OcrLine], *old: Line, decision: Decision = WHOLE, shown: PageImage | None = None
) -> ExtractedPage:
    return merge(page(*old), decision, [shown or image()], [found], "tesseract")


def test_words_become_a_span_with_confidence_and_origin() -> None:
    merged = read([ocr_line(word("Hello", 100, 150), word("harbour", 155, 230, confidence=0.6))])
    (line,) = merged.lines
    (span,) = line.spans
    assert merged.status is PageStatus.OCR
    assert (span.text, span.origin) == ("Hello harbour", "tesseract")
    assert span.confidence == pytest.approx((5 * 0.9 + 7 * 0.6) / 12, abs=0.006)
    assert merged.confidence == pytest.approx(span.confidence)
    assert (line.box.x0, line.box.x1) == pytest.approx((72, 165.6))
    assert line.box.y0 < 72 and line.box.y1 > 79.2


def test_wide_gaps_and_rules_part_a_line() -> None:
    words = [word("North", 100, 140), word("South", 200, 240), word("East", 246, 280), word("West", 290, 320)]
    shown = image(rules=(Box(284, 50, 286, 200),))
    assert [line.spans[0].text for line in read([ocr_line(*words)], shown=shown).lines] == [
        "North",
        "South East",
        "West",
    ]


def test_rules_become_vectors() -> None:
    merged = read([], shown=image(rules=(Box(100, 50, 500, 52),)))
    assert [vector.box for vector in merged.vectors] == [pytest.approx((72, 36, 360, 37.44))]


def test_noise_is_dropped() -> None:
    assert read([ocr_line(word("~", 10, 20, confidence=0.05))]).lines == []


def test_old_text_goes_or_stays_as_decided() -> None:
    old = Line((Span("Page 7", Box(500, 20, 540, 30)),), Box(500, 20, 540, 30))
    fresh = [ocr_line(word("Hello", 100, 150)), ocr_line(word("Page", 695, 720, 28, 40), word("7", 724, 735, 28, 40))]
    kept = read(fresh, old, decision=Decision(page=1, needed=True))
    assert [line.spans[0].text for line in kept.lines] == ["Page 7", "Hello"]
    assert [line.spans[0].text for line in read(fresh, old).lines] == ["Hello", "Page 7"]


def test_a_layer_that_reads_better_is_kept() -> None:
    old = Line(
        (Span("the harbour engineer described the damage", Box(0, 0, 9, 9), origin="ocr-layer"),), Box(0, 0, 9, 9)
    )
    decision = Decision(page=1, needed=True, discard_text=True, keep_if_better=True)
    worse = [ocr_line(word("harbxur", 100, 150), word("engjneer", 155, 230))]
    better = [ocr_line(word("harbour", 100, 150), word("engineer", 155, 230))]
    assert read(worse, old, decision=decision).lines == [old]
    assert [line.spans[0].text for line in read(better, old, decision=decision).lines] == ["harbour engineer"]


def test_turned_pages_are_read_upright_and_know_how_they_are_shown() -> None:
    # A quarter turn: pixels (x, y) of the upright image stand at (0.72 y, 576 - 0.72 x) of the page.
    turned = image((0.0, -0.72, 0.72, 0.0, 0.0, 576.0))
    merged = merge(
        ExtractedPage(number=1, width=720, height=576), WHOLE, [turned], [[ocr_line(word("up", 100, 120))]], "t"
    )
    assert (merged.width, merged.height) == pytest.approx((576, 720))
    assert merged.lines[0].direction == pytest.approx((1, 0))
    a, b, c, d, e, f = merged.to_shown
    x, y = 72.0, 72.0
    assert (a * x + c * y + e, b * x + d * y + f) == pytest.approx((72.0, 576 - 72.0))


def test_regions_keep_the_page_as_it_is() -> None:
    decision = Decision(page=1, needed=True, regions=(Box(100, 200, 400, 500),))
    old = Line((Span("digital text", Box(50, 50, 200, 60)),), Box(50, 50, 200, 60))
    shown = image((0.72, 0.0, 0.0, 0.72, 100.0, 200.0))
    merged = read([ocr_line(word("insert", 100, 150))], old, decision=decision, shown=shown)
    assert merged.status is PageStatus.DIGITAL and merged.to_shown == (1, 0, 0, 1, 0, 0)
    assert [line.spans[0].text for line in merged.lines] == ["digital text", "insert"]
    assert merged.lines[1].box.x0 == pytest.approx(172)


def test_a_page_without_images_stays_empty() -> None:
    blank = ExtractedPage(number=1, width=10, height=10, status=PageStatus.EMPTY)
    assert merge(blank, WHOLE, [], [], "t") is blank


@pytest.mark.parametrize(
    ("text", "height"), [("Hand", 100.0), ("canvas", 73.0), ("gypsy", 102.0), ("Jumping", 129.0), ("2026", 100.0)]
)
def test_size_does_not_depend_on_the_letters(text: str, height: float) -> None:
    strokes = Strokes(np.full((10, 10), 255, np.uint8), 100)
    assert line_face(ocr_line(word(text, 0, 300, 0, height)), strokes).size == pytest.approx(100 / 0.72, rel=0.02)


def test_dashes_tell_only_their_height() -> None:
    strokes = Strokes(np.full((10, 10), 255, np.uint8), 100)
    assert line_face(ocr_line(word("—", 0, 30, 0, 9.3)), strokes).stroke == 0.0


def test_bold_has_wider_strokes() -> None:
    faces = [Face(20, 0, 2.0), Face(20, 0, 2.1), Face(20, 0, 3.4), Face(40, 0, 4.2)]
    assert bold_lines(faces, [40, 40, 10, 10]) == [False, False, True, False]
    assert bold_lines([Face(0, 0, 0)], [1]) == [False]


def test_bold_text_is_seen_in_pixels(drawn: Callable, rendered: Callable) -> None:
    pixels = rendered(drawn(heading="Harbour news"), 150)
    strokes = Strokes(pixels, 150)
    heading, body = Box(100, 95, 360, 130), Box(100, 170, 900, 200)
    assert strokes.width(heading) / 18 > 1.2 * strokes.width(body) / 11 > 0


def test_nearly_equal_sizes_become_one() -> None:
    assert even_sizes([(10.0, 60), (10.3, 50), (9.8, 40), (14.2, 10), (14.0, 12)]) == [10.0, 10.0, 10.0, 14.0, 14.0]


@given(st.lists(st.tuples(st.floats(4, 60), st.integers(1, 100)), max_size=30))
def test_evened_sizes_stay_near_and_are_sizes_that_occur(items: list[tuple[float, int]]) -> None:
    evened = even_sizes([(size, float(weight)) for size, weight in items])
    assert len(evened) == len(items)
    for (size, _), even in zip(items, evened, strict=True):
        assert even in [other for other, _ in items]
        assert abs(size - even) <= 0.18 * max(size, even)
