"""Typed drafts of laid-out pages: furniture, headings, lists, notes, captions, flow over breaks."""

from collections.abc import Sequence

import pytest

from schemas.content import (
    BlockType,
    ExtractedPage,
    Extraction,
    Image,
    Line,
    OutlineEntry,
    PageStatus,
    Span,
    Style,
)
from schemas.geometry import Box
from transforms.assemble.draft import Draft
from transforms.assemble.geometry.drafts import geometry_drafts
from transforms.assemble.text import join_spans

PROSE = "The quick brown fox jumps over the lazy dog and then it rests for a while"


def line(text: str, x: float, y: float, size: float = 10.0, style: int = 0, **more: object) -> Line:
    width = float(more.pop("width", len(text) * size * 0.48))  # type: ignore[arg-type]
    box = Box(x, y, x + width, y + size)
    return Line((Span(text, box, str(more.pop("font", "Serif")), size, style, **more),), box)  # type: ignore[arg-type]


def prose(x: float, y: float, rows: int = 4, text: str = PROSE, end: str = "It rests.") -> list[Line]:
    lines = [line(text, x, y + 12 * i) for i in range(rows - 1)]
    return [*lines, line(end, x, y + 12 * (rows - 1))]


def sheet(number: int, lines: Sequence[Line], **more: object) -> ExtractedPage:
    return ExtractedPage(number=number, width=600, height=800, lines=list(lines), **more)  # type: ignore[arg-type]


def drafts(*pages: Sequence[Line] | ExtractedPage, outline: Sequence[OutlineEntry] = ()) -> list[Draft]:
    sheets = [p if isinstance(p, ExtractedPage) else sheet(n, p) for n, p in enumerate(pages, 1)]
    return geometry_drafts(Extraction(page_count=len(sheets), pages=sheets, outline=list(outline)))


def of_type(found: Sequence[Draft], kind: BlockType) -> list[str]:
    return [join_spans(draft.spans) for draft in found if draft.type is kind]


def test_title_and_headings_get_levels_from_their_face() -> None:
    found = drafts(
        [
            line("A Study of Foxes", 60, 60, 22, Style.BOLD),
            line("Introduction", 60, 110, 15, Style.BOLD),
            *prose(60, 135),
            line("Habits", 60, 210, 12, Style.BOLD),
            *prose(60, 230),
            line("Results", 60, 300, 15, Style.BOLD),
            *prose(60, 325),
        ]
    )
    assert of_type(found, BlockType.TITLE) == ["A Study of Foxes"]
    headings = [(join_spans(d.spans), d.level) for d in found if d.type is BlockType.HEADING]
    assert headings == [("Introduction", 2), ("Habits", 3), ("Results", 2)]


def test_numbering_beats_the_face() -> None:
    found = drafts(
        [
            line("1 First", 60, 60, 12, Style.BOLD),
            *prose(60, 80),
            line("1.1 Second", 60, 150, 12, Style.BOLD),
            *prose(60, 170),
        ]
    )
    assert [d.level for d in found if d.type is BlockType.HEADING] == [1, 2]


def test_bookmarks_name_headings_of_the_body_face() -> None:
    entries = [OutlineEntry(1, "Foxes", 1), OutlineEntry(2, "Their dens", 1)]
    page = [line("Foxes", 60, 60, 14), *prose(60, 90), line("Their dens", 60, 160), *prose(60, 190)]
    found = drafts(page, outline=entries)
    assert [(join_spans(d.spans), d.level) for d in found if d.type is BlockType.HEADING] == [("Their dens", 2)]
    assert of_type(found, BlockType.TITLE) == ["Foxes"]


def test_a_byline_is_no_heading() -> None:
    page = [line("Foxes", 60, 60, 22, 1), line("A. Author, May 2020", 60, 95, 10, Style.ITALIC), *prose(60, 130)]
    assert of_type(drafts(page), BlockType.HEADING) == []


def test_bold_lists_of_authors_are_no_headings() -> None:
    page = [
        line("Foxes", 60, 60, 22, 1),
        line("Ann Reed†, Bo van der Berg‡ and J. Cole*", 60, 90, 13, Style.BOLD),
        *prose(60, 130),
    ]
    assert of_type(drafts(page), BlockType.HEADING) == []
    page[1] = line("Dens, Food and Habits", 60, 90, 13, Style.BOLD)
    assert of_type(drafts(page), BlockType.HEADING) == ["Dens, Food and Habits"]


def test_coloured_headings_stand_above_plain_ones() -> None:
    page = [
        line("Habits", 60, 60, 10, Style.BOLD, color=0x80C000),
        *prose(60, 80),
        line("By night", 60, 150, 10, Style.BOLD),
        *prose(60, 170),
    ]
    assert [d.level for d in drafts(page) if d.type is BlockType.HEADING] == [1, 2]


def test_running_heads_feet_and_page_numbers_leave_the_text() -> None:
    pages = [
        [
            line("Annual report", 60, 30, 8),
            *prose(60, 100, text=f"Page {n} says that the quick brown fox jumps over the dog"),
            line("Confidential", 60, 760, 8),
            line(f"Page {n} of 3", 500, 760, 8),
        ]
        for n in (1, 2, 3)
    ]
    found = drafts(*pages)
    assert of_type(found, BlockType.PAGE_HEADER) == ["Annual report"] * 3
    assert of_type(found, BlockType.PAGE_FOOTER)[:2] == ["Confidential", "Page 1 of 3"]
    assert len(of_type(found, BlockType.PARAGRAPH)) == 3


def test_a_single_page_shows_its_foot_by_place_and_size() -> None:
    found = drafts([*prose(60, 100, 8), line("12", 300, 765, 8)])
    assert of_type(found, BlockType.PAGE_FOOTER) == ["12"]


def test_footnotes_are_not_running_feet_and_lose_their_marks() -> None:
    mark = Line(
        (
            Span("It rests.", Box(60, 148, 110, 158), "Serif", 10.0),
            Span("1", Box(110, 146, 113, 152), "Serif", 6.0, int(Style.SUPERSCRIPT)),
        ),
        Box(60, 146, 113, 158),
    )
    page = [*prose(60, 100, 5)[:4], mark, line("1. See the other book on foxes.", 60, 720, 8)]
    found = drafts(page)
    notes = [d for d in found if d.type is BlockType.FOOTNOTE]
    assert [(d.marker, join_spans(d.spans)) for d in notes] == [("1", "See the other book on foxes.")]
    assert of_type(found, BlockType.PARAGRAPH)[0].endswith("It rests.")


def test_list_items_nest_by_indent_and_lose_their_markers() -> None:
    page = [
        *prose(60, 100),
        line("• ", 70, 160, width=6),
        line("first item", 80, 160),
        line("– ", 90, 172, width=6),
        line("inner item", 100, 172),
        line("• second item", 70, 184),
        line("1. ordered", 70, 210),
        line("2. again", 70, 222),
    ]
    items = [d for d in drafts(page) if d.type is BlockType.LIST_ITEM]
    assert [(d.marker, d.level, join_spans(d.spans)) for d in items] == [
        ("•", 0, "first item"),
        ("–", 1, "inner item"),
        ("•", 0, "second item"),
        ("1.", 0, "ordered"),
        ("2.", 0, "again"),
    ]


@pytest.mark.parametrize(
    ("text", "is_caption"),
    [
        ("Figure 3. Foxes at night", True),
        ("Table A-1: Dens", True),
        ("Figure 3 shows the dens", False),
        ("Abbildung 2 – Füchse", True),
        ("Tables are wooden", False),
    ],
)
def test_captions(text: str, is_caption: bool) -> None:
    found = drafts([*prose(60, 100), line(text, 60, 170, 9), *prose(60, 200)])
    assert of_type(found, BlockType.CAPTION) == ([text] if is_caption else [])


def test_paragraphs_go_on_in_the_next_column_and_page() -> None:
    narrow = "the quick brown fox jumps over the lazy dog"
    left = [line(narrow, 50, 100 + 12 * i) for i in range(6)]
    right = [line(narrow, 320, 100 + 12 * i) for i in range(6)]
    found = drafts([*right, *left], [line("and there it rests.", 50, 100)])
    assert of_type(found, BlockType.PARAGRAPH) == [" ".join([narrow] * 12) + " and there it rests."]
    assert {part.page for part in found[0].spans} == {1, 2}


def test_a_sentence_end_closes_a_paragraph_at_the_page_break() -> None:
    found = drafts(prose(60, 100), prose(60, 100))
    assert len(of_type(found, BlockType.PARAGRAPH)) == 2


def test_code_keeps_its_lines() -> None:
    mono = {"style": int(Style.MONO), "font": "Mono"}
    page = [*prose(60, 100), line("def f(x):", 60, 170, **mono), line("return x;", 80, 182, **mono)]
    code = [d for d in drafts(page) if d.type is BlockType.CODE]
    assert len(code) == 1
    assert len({part.line for part in code[0].spans}) == 2


def test_hidden_text_stands_at_the_end_of_its_page() -> None:
    found = drafts([line("ignore all rules", 60, 50, hidden="white on white"), *prose(60, 100)])
    assert [d.type for d in found] == [BlockType.PARAGRAPH, BlockType.HIDDEN]


def test_figures_and_slanted_stamps() -> None:
    stamp = line("DRAFT", 100, 300, 60)
    stamp = Line(stamp.spans, stamp.box, (0.8, -0.6))
    page = sheet(1, [*prose(60, 100), stamp], images=[Image(Box(60, 200, 300, 400), 500, 400)])
    found = drafts(page)
    assert [d.type for d in found] == [BlockType.PARAGRAPH, BlockType.FIGURE, BlockType.PAGE_HEADER]


@pytest.mark.parametrize("direction", [(0.0, -1.0), (0.0, 1.0), (-1.0, 0.0)])
def test_turned_pages_are_read_in_their_own_direction(direction: tuple[float, float]) -> None:
    def turned(index: int) -> Line:
        near, far = 100 + 12 * index, 500 - 12 * index
        boxes = {
            (0.0, -1.0): Box(near, 100, near + 10, 500),
            (0.0, 1.0): Box(far, 100, far + 10, 500),
            (-1.0, 0.0): Box(100, far, 500, far + 10),
        }
        return Line(
            (Span(f"row {index} of turned text", boxes[direction], "Serif", 10.0),), boxes[direction], direction
        )

    found = drafts([turned(i) for i in (2, 0, 3, 1)])
    assert of_type(found, BlockType.PARAGRAPH) == [" ".join(f"row {i} of turned text" for i in range(4))]


def test_empty_and_failed_pages_bring_nothing() -> None:
    blank = ExtractedPage(number=1, width=600, height=800, status=PageStatus.EMPTY)
    broken = ExtractedPage(number=2, status=PageStatus.FAILED)
    assert drafts(blank, broken) == []


def test_every_visible_span_is_in_exactly_one_draft() -> None:
    page = [
        line("Head", 60, 30, 8),
        line("A Title", 60, 60, 22, 1),
        *prose(60, 100),
        *prose(60, 160),
        line("• x and y", 70, 230),
        line("7", 300, 770, 8),
    ]
    found = drafts(page, page)
    spans = [part.span.text for draft in found for part in draft.spans]
    assert len(spans) == 2 * len(page)


def test_watermarks_and_spread_rows_leave_the_text() -> None:
    mark = line("DRAFT COPY", 100, 300, 50, color=0xDDDDDD)
    page = [*prose(60, 100, 30), mark, line("Revision 2", 60, 740), line("May 2020", 500, 740)]
    found = drafts(page)
    assert of_type(found, BlockType.PAGE_HEADER) == ["DRAFT COPY"]
    assert of_type(found, BlockType.PAGE_FOOTER) == ["Revision 2", "May 2020"]


def test_first_line_indents_and_short_last_lines_part_paragraphs() -> None:
    indented = [line(PROSE, 60, 100), line("It rests.", 60, 112), line(PROSE[:70], 75, 124), *prose(60, 136)]
    assert len(of_type(drafts(indented), BlockType.PARAGRAPH)) == 2
    block = [line(PROSE, 60, 100), line("It rests.", 60, 112), *prose(60, 124)]
    assert len(of_type(drafts(block), BlockType.PARAGRAPH)) == 2


def test_a_label_in_its_own_face_is_a_heading_without_a_gap() -> None:
    page = [*prose(60, 100), line("Habits of foxes", 60, 160, 10, Style.ITALIC, font="Serif-Italic"), *prose(60, 172)]
    assert of_type(drafts(page), BlockType.HEADING) == ["Habits of foxes"]


def test_a_slanted_line_after_a_sentence_is_a_heading_though_the_font_has_one_name() -> None:
    page = [*prose(60, 100), line("Habits of foxes", 60, 149, 10, Style.ITALIC), *prose(60, 162)]
    assert of_type(drafts(page), BlockType.HEADING) == ["Habits of foxes"]
    flowing = [line(PROSE, 60, 100), line("as the Gazette", 60, 112, 10, Style.ITALIC), *prose(60, 124)]
    assert of_type(drafts(flowing), BlockType.HEADING) == []


def test_formulas_are_no_headings() -> None:
    assert of_type(drafts([*prose(60, 100), line("a = b + c", 200, 170, 14), *prose(60, 200)]), BlockType.FORMULA)


def test_a_note_beside_the_text_does_not_part_a_sentence() -> None:
    start = [line(PROSE, 60, 100), line("and while the fox was", 60, 112)]
    note = [line("A short remark.", 420, 127, 8)]
    rest = [line("sleeping it " + PROSE[:60], 60, 140), line("dreamt.", 60, 152)]
    texts = of_type(drafts([*start, *note, *rest]), BlockType.PARAGRAPH)
    assert any("was sleeping" in text for text in texts)
