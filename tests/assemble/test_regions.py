"""What a layout model says beside what geometry sees: types, running heads, pictures, blocks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from schemas.content import (
    BlockType,
    ExtractedPage,
    Extraction,
    Line,
    PageSeen,
    PageStatus,
    Region,
    Span,
    Style,
    Vector,
)
from schemas.geometry import Box
from transforms.assemble.draft import Draft
from transforms.assemble.evidence.figures import seen_figures
from transforms.assemble.evidence.regions import NO_REGIONS, PageRegions, trusted_regions, turned_regions, vote
from transforms.assemble.geometry.drafts import geometry_drafts
from transforms.assemble.geometry.lines import make_line
from transforms.assemble.geometry.page import join_in_regions
from transforms.assemble.parts import note
from transforms.assemble.text import join_spans

PROSE = "The quick brown fox jumps over the lazy dog and then it rests for a while"
T = BlockType


def line(text: str, x: float, y: float, size: float = 10.0, style: int = 0) -> Line:
    box = Box(x, y, x + len(text) * size * 0.48, y + size)
    return Line((Span(text, box, "Serif", size, style),), box)


def prose(y: float, rows: int = 4, x: float = 60) -> list[Line]:
    return [*(line(PROSE, x, y + 12 * i) for i in range(rows - 1)), line("It rests.", x, y + 12 * (rows - 1))]


def around(lines: Sequence[Line], kind: BlockType, confidence: float = 0.97) -> Region:
    boxes = [found.box for found in lines]
    box = Box(min(b.x0 for b in boxes), min(b.y0 for b in boxes), max(b.x1 for b in boxes), max(b.y1 for b in boxes))
    return Region(kind, box, confidence)


def drafts(lines: Sequence[Line], regions: Sequence[Region], vectors: Sequence[Vector] = ()) -> list[Draft]:
    page = ExtractedPage(
        number=1, width=600, height=800, lines=list(lines), regions=list(regions), vectors=list(vectors)
    )
    return geometry_drafts(Extraction(page_count=1, pages=[page]))


def kind_of(found: Sequence[Draft], words: str) -> BlockType:
    return next(draft.type for draft in found if join_spans(draft.spans).startswith(words))


# Looking up


def test_the_smallest_region_around_the_middle_of_a_box_is_found() -> None:
    outer, inner = Region(T.TABLE, Box(0, 0, 200, 200), 0.9), Region(T.CAPTION, Box(50, 50, 100, 60), 0.9)
    regions = PageRegions([outer, inner])
    assert regions.at(Box(60, 52, 70, 58)) is inner
    assert regions.at(Box(60, 152, 70, 158)) is outer
    assert regions.at(Box(260, 52, 270, 58)) is None
    assert not NO_REGIONS
    assert regions.of_type(T.TABLE, 0.95) == []


def test_a_vote_counts_characters_and_confidence() -> None:
    regions = PageRegions([Region(T.HEADING, Box(0, 0, 100, 10), 0.9), Region(T.PARAGRAPH, Box(0, 20, 100, 60), 0.8)])
    voted = vote(regions, [(Box(0, 0, 100, 10), 10), (Box(0, 20, 100, 30), 30)])
    assert voted is not None
    assert voted.type is T.PARAGRAPH
    assert voted.weight == pytest.approx(0.6)
    assert voted.extent == pytest.approx(0.25)
    assert vote(regions, [(Box(300, 300, 310, 310), 5)]) is None


def test_regions_turn_with_the_text() -> None:
    page = ExtractedPage(number=1, width=600, height=800, regions=[Region(T.HEADING, Box(500, 100, 520, 300), 0.9)])
    assert turned_regions(page, 1).at(Box(150, 85, 170, 95)) is not None
    assert turned_regions(page, 0).at(Box(505, 150, 515, 160)) is page.regions[0]


# Headings


def test_a_heading_in_the_face_of_the_body_is_found() -> None:
    lines = [*prose(60), line("Take down policy", 60, 130), *prose(150)]
    assert kind_of(drafts(lines, []), "Take down") is T.PARAGRAPH
    found = drafts(lines, [around(lines[4:5], T.HEADING)])
    assert kind_of(found, "Take down") is T.HEADING


@pytest.mark.parametrize("text", ["• Take down policy", "It ended, like all things do.", "12 34 %"])
def test_not_everything_can_be_a_heading(text: str) -> None:
    lines = [*prose(60), line(text, 60, 130), *prose(150)]
    found = drafts(lines, [around(lines[4:5], T.HEADING)])
    assert T.HEADING not in {draft.type for draft in found}


def test_an_unsure_model_makes_no_heading() -> None:
    lines = [*prose(60), line("Take down policy", 60, 130), *prose(150)]
    assert kind_of(drafts(lines, [around(lines[4:5], T.HEADING, 0.85)]), "Take down") is T.PARAGRAPH


def test_bold_text_that_the_model_is_certain_of_is_no_heading() -> None:
    lines = [*prose(60), line("Jane Fox and John Dog", 60, 130, style=Style.BOLD), *prose(150)]
    assert kind_of(drafts(lines, []), "Jane Fox") is T.HEADING
    assert kind_of(drafts(lines, [around(lines[4:5], T.PARAGRAPH)]), "Jane Fox") is T.PARAGRAPH


def test_a_region_of_more_than_the_heading_says_nothing_about_it() -> None:
    lines = [*prose(60), line("Jane Fox and John Dog", 60, 130, style=Style.BOLD), *prose(150)]
    assert kind_of(drafts(lines, [around(lines[4:], T.PARAGRAPH)]), "Jane Fox") is T.HEADING


@pytest.mark.parametrize(("text", "size"), [("3.1 Results", 10.0), ("Results", 16.0)])
def test_numbered_and_large_headings_stay(text: str, size: float) -> None:
    lines = [*prose(60), line(text, 60, 130, size, Style.BOLD), *prose(160)]
    assert kind_of(drafts(lines, [around(lines[4:5], T.PARAGRAPH)]), text) in {T.HEADING, T.TITLE}


def test_lines_of_one_heading_stay_together() -> None:
    lines = [*prose(60), line("Notes to the Statements", 60, 130, style=Style.BOLD), line("(Continued)", 60, 142)]
    lines += prose(170)
    found = drafts(lines, [around(lines[4:6], T.HEADING)])
    assert "Notes to the Statements (Continued)" in [join_spans(d.spans) for d in found if d.type is T.HEADING]


# Blocks


def test_two_paragraphs_that_geometry_joins_are_parted() -> None:
    lines = [line(PROSE, 60, 60 + 12 * i) for i in range(3)] + [line(PROSE + " on.", 60, 96)]
    lines += [line("Then " + PROSE[4:], 60, 108 + 12 * i) for i in range(4)]
    assert len(drafts(lines, [])) == 1
    assert len(drafts(lines, [around(lines[:4], T.PARAGRAPH), around(lines[4:], T.PARAGRAPH)])) == 2


# Captions, notes, formulas, items


def test_captions_without_a_number_are_found() -> None:
    lines = [*prose(60), line("Growth of the population over the years", 60, 130, 9), *prose(150)]
    found = drafts(lines, [around(lines[4:5], T.CAPTION)])
    assert kind_of(found, "Growth") is T.CAPTION
    assert next(d for d in found if d.type is T.CAPTION).source == "layout"


def test_footnotes_without_a_marker_are_found_in_the_lower_part_only() -> None:
    note = line("The fox is not a dog, whatever some people say about it.", 60, 700, 8)
    high = line("The fox is not a dog, whatever some people say about it.", 60, 200, 8)
    assert kind_of(drafts([*prose(60), note], [around([note], T.FOOTNOTE)]), "The fox is") is T.FOOTNOTE
    assert kind_of(drafts([*prose(60), high], [around([high], T.FOOTNOTE)]), "The fox is") is T.PARAGRAPH


def test_a_symbol_marks_a_footnote_that_the_model_sees() -> None:
    note = line("* The fox is not a dog, whatever some people say.", 60, 700, 10)
    found = drafts([*prose(60), note], [around([note], T.FOOTNOTE)])
    assert [(d.marker, join_spans(d.spans)[:7]) for d in found if d.type is T.FOOTNOTE] == [("*", "The fox")]


def test_formulas_are_found() -> None:
    lines = [*prose(60), line("energy of mass times square of speed", 150, 130), *prose(160)]
    assert kind_of(drafts(lines, [around(lines[4:5], T.FORMULA)]), "energy") is T.FORMULA


def test_a_doubtful_marker_is_one_where_the_model_sees_an_item() -> None:
    lines = [*prose(60), line("- bring your own lunch", 60, 130), *prose(160)]
    assert kind_of(drafts(lines, []), "- bring") is T.PARAGRAPH
    found = drafts(lines, [around(lines[4:5], T.LIST_ITEM)])
    assert kind_of(found, "bring") is T.LIST_ITEM


# Running heads


def test_a_page_number_below_the_text_of_a_short_page_is_a_foot() -> None:
    lines = [*prose(60), line("62", 300, 300)]
    assert kind_of(drafts(lines, []), "62") is T.PARAGRAPH
    assert kind_of(drafts(lines, [around(lines[4:], T.PAGE_FOOTER)]), "62") is T.PAGE_FOOTER


@pytest.mark.parametrize(
    ("text", "y", "size", "expected"),
    [
        ("Annual report", 30, 8.0, T.PAGE_HEADER),
        ("Annual report", 48, 10.0, T.PARAGRAPH),
        ("Annual report", 85, 10.0, T.PARAGRAPH),
        ("Annual report", 85, 8.0, T.PAGE_HEADER),
        ("Annual report", 30, 16.0, T.TITLE),
    ],
)
def test_the_model_alone_makes_no_running_head(text: str, y: float, size: float, expected: BlockType) -> None:
    lines = [line(text, 60, y, size), *prose(y + size + 6), *prose(400)]
    assert kind_of(drafts(lines, [around(lines[:1], T.PAGE_HEADER)]), text) is expected


def test_a_footnote_that_the_model_takes_for_a_foot_stays() -> None:
    note = line("3. The fox is not a dog.", 60, 760, 8)
    found = drafts([*prose(60), note], [around([note], T.PAGE_FOOTER)])
    assert kind_of(found, "The fox") is T.FOOTNOTE


def test_a_heading_in_the_top_margin_stays() -> None:
    lines = [line("Introduction", 60, 30, style=Style.BOLD), *prose(80)]
    assert kind_of(drafts(lines, []), "Introduction") is T.HEADING
    assert kind_of(drafts(lines, [around(lines[:1], T.HEADING)]), "Introduction") is T.HEADING


# Pictures


def test_a_picture_full_of_text_is_not_believed() -> None:
    lines = [*prose(60, 12), *prose(230, 12)]
    found = drafts(lines, [around(lines, T.FIGURE)])
    assert found == drafts(lines, [])
    words = [line("fox", 60 + 20 * i, 60 + 12 * j) for i in range(20) for j in range(20)]
    page = ExtractedPage(number=1, lines=words, regions=[around(words, T.FIGURE)])
    assert trusted_regions(page) == []
    page.lines = words[::20]
    assert trusted_regions(page) == page.regions


def test_pieces_of_a_line_of_a_caption_that_a_gutter_would_part_are_joined() -> None:
    pieces = [line("Figure 4: The ratio", 60, 300), line("of success and", 165, 300), line("of failure", 245, 300)]
    columns = [line("The words of a column of text", x, y) for x in (60, 300) for y in range(340, 480, 12)]
    found = drafts([*pieces, *columns], [around(pieces, T.CAPTION)])
    assert join_spans(found[0].spans) == "Figure 4: The ratio of success and of failure"
    apart = [line("left words", 60, 300), line("right words", 400, 300)]
    assert (
        len(join_in_regions([make_line(1, x.box, x.spans) for x in apart], PageRegions([around(apart, T.CAPTION)])))
        == 2
    )


def test_a_picture_grows_by_the_drawing_around_its_labels() -> None:
    labels = Region(T.FIGURE, Box(120, 120, 160, 130), 0.9)
    parts = [Vector(Box(100, 100, 180, 128), True, False), Vector(Box(100, 125, 260, 180), True, False)]
    far = Vector(Box(400, 400, 450, 450), True, False)
    found = list(seen_figures(PageRegions([labels]), [*parts, far], Box(0, 0, 600, 800), []))
    assert found == [(Box(100, 100, 260, 180), 0.9)]
    assert not list(seen_figures(PageRegions([labels]), parts, Box(0, 0, 600, 800), [Box(90, 90, 270, 190)]))


def test_frames_around_text_are_no_part_of_a_picture() -> None:
    labels, text = Region(T.FIGURE, Box(120, 120, 160, 130), 0.9), Region(T.PARAGRAPH, Box(100, 200, 400, 260), 0.95)
    frame = Vector(Box(90, 90, 420, 400), True, True)
    found = list(seen_figures(PageRegions([labels, text]), [frame], Box(0, 0, 600, 800), []))
    assert found == [(labels.box, 0.9)]


def test_words_in_a_picture_are_its_labels() -> None:
    label = line("ENGINE", 200, 140, 14, Style.BOLD)
    lines = [*prose(60), label, *prose(200)]
    found = drafts(lines, [around([label], T.FIGURE)])
    assert [draft.type for draft in found] == [T.PARAGRAPH, T.FIGURE, T.PARAGRAPH, T.PARAGRAPH]
    assert found[1].source == "layout"


def test_the_route_of_a_scan_names_the_engine_and_the_tier() -> None:
    scan = ExtractedPage(number=2, status=PageStatus.OCR, tier="ocr onnx", tier_reason="no text")
    digital = ExtractedPage(number=3)
    for page in (2, 3):
        note([scan, digital], PageSeen(page, "full", "asked for"))
    assert (scan.tier, scan.tier_reason) == ("ocr onnx, full", "no text; asked for")
    assert (digital.tier, digital.tier_reason) == ("full", "asked for")
