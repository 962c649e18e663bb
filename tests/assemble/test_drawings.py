"""Drawings made of vectors: charts become figures, rules and frames do not."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.content import BlockType, ExtractedPage, Extraction, Line, Span, Vector
from schemas.geometry import Box
from transforms.assemble.draft import Draft
from transforms.assemble.geometry.drafts import geometry_drafts
from transforms.assemble.geometry.drawings import drawings
from transforms.assemble.geometry.lines import TextLine, make_line
from transforms.assemble.text import join_spans

PAGE = Box(0, 0, 600, 800)
PROSE = "The quick brown fox jumps over the lazy dog and then it rests for a while"


def line(text: str, x: float, y: float, size: float = 10.0) -> Line:
    box = Box(x, y, x + len(text) * size * 0.48, y + size)
    return Line((Span(text, box, "Serif", size),), box)


def text_line(text: str, x: float, y: float) -> TextLine:
    made = line(text, x, y)
    return make_line(1, made.box, made.spans)


def bars(x: float = 100, base: float = 300) -> list[Vector]:
    heights = (40, 70, 25, 90)
    axis = Vector(Box(x, base, x + 130, base + 1), True, False)
    return [
        axis,
        *(
            Vector(Box(x + 30 * i, base - h, x + 30 * i + 28, base), False, True, 0x336699)
            for i, h in enumerate(heights)
        ),
    ]


def curves(count: int, x: float = 100, y: float = 100) -> list[Vector]:
    return [Vector(Box(x + 5 * i, y + 3 * i, x + 5 * i + 20, y + 3 * i + 40), True, False) for i in range(count)]


def test_bars_over_a_caption_are_a_drawing() -> None:
    found = drawings(bars(), [text_line("Figure 3: Growth", 100, 310)], PAGE, [])
    assert found == [Box(100, 210, 230, 301)]


def test_bars_without_a_caption_may_be_the_fills_of_a_form() -> None:
    assert drawings(bars(), [text_line("Growth by year", 100, 310)], PAGE, []) == []


def test_a_caption_far_away_belongs_to_something_else() -> None:
    assert drawings(bars(), [text_line("Figure 3: Growth", 100, 500)], PAGE, []) == []


def test_many_curves_are_a_drawing_without_a_caption() -> None:
    assert len(drawings(curves(14), [], PAGE, [])) == 1
    assert drawings(curves(6), [], PAGE, []) == []


def test_a_box_around_text_is_no_drawing() -> None:
    frame = [*curves(14), Vector(Box(90, 90, 300, 220), True, True)]
    words = [text_line("Words in a frame", 100, 100 + 12 * i) for i in range(7)]
    assert drawings(frame, words, PAGE, []) == []


def test_tables_and_their_fills_are_no_drawings() -> None:
    caption = [text_line("Figure 3: Growth", 100, 310)]
    assert drawings(bars(), caption, PAGE, [Box(90, 200, 240, 310)]) == []


def test_pages_full_of_vectors_are_left_alone() -> None:
    caption = [text_line("Figure 3: Growth", 100, 310)]
    assert drawings(bars() * 1200, caption, PAGE, []) == []
    long = [Vector(Box(x, y, x + 250, y + 400), True, False) for x in range(0, 120, 6) for y in range(0, 48, 6)]
    assert drawings([*bars(), *long], caption, PAGE, []) == []


def drafts(lines: Sequence[Line], vectors: Sequence[Vector]) -> list[Draft]:
    page = ExtractedPage(number=1, width=600, height=800, lines=list(lines), vectors=list(vectors))
    return geometry_drafts(Extraction(page_count=1, pages=[page]))


def test_words_in_a_drawing_follow_it_and_are_no_headings() -> None:
    prose = [line(PROSE, 60, 60 + 12 * i) for i in range(6)]
    label = line("PEAK", 195, 222, 14.0)
    after = [line(PROSE, 60, 340 + 12 * i) for i in range(6)]
    found = drafts([*prose, label, line("Figure 3: Growth", 100, 310), *after], bars())
    assert [draft.type for draft in found] == [
        BlockType.PARAGRAPH,
        BlockType.FIGURE,
        BlockType.PARAGRAPH,
        BlockType.CAPTION,
        BlockType.PARAGRAPH,
    ]
    assert join_spans(found[2].spans) == "PEAK"


def test_a_sentence_goes_on_after_a_drawing_with_words() -> None:
    words = "The fox that was seen in the garden on several occasions by the"
    first = [line(words, 60, 60 + 12 * i) for i in range(6)] + [line("peak", 195, 222)]
    pages = [
        ExtractedPage(number=1, width=600, height=800, lines=[*first, line("Figure 3: Growth", 100, 310)]),
        ExtractedPage(number=2, width=600, height=800, lines=[line("gardener did not come back.", 60, 120)]),
    ]
    pages[0].vectors = bars()
    found = geometry_drafts(Extraction(page_count=2, pages=pages))
    assert join_spans(found[0].spans).endswith("by the gardener did not come back.")
