import pytest
from chunk_documents import document, element, spans, table

from schemas.content import BlockType, Cell
from schemas.document import Chunk, Element, PageBox, Reference, ReferenceKind
from schemas.failures import ConfigurationError
from schemas.geometry import Box
from schemas.ids import chunk_id
from schemas.options import ChunkOptions, Strategy
from transforms.chunk.chunks import chunk_document
from transforms.render.table import table_markdown

SENTENCE = "This plain sentence has some ten or eleven tokens, roughly. "


def chunks(*elements, **options) -> list[Chunk]:
    return chunk_document(document(*elements), ChunkOptions(**options))


def texts(*elements, **options) -> list[str]:
    return [c.text for c in chunks(*elements, **options)]


def heading(text: str, level: int = 1):
    return element("heading", text, level=level)


def paragraph(text: str, **fields):
    return element("paragraph", text.strip(), **fields)


def test_a_small_section_is_one_chunk_with_its_heading_and_path():
    (chunk,) = chunks(heading("Aims"), paragraph("One."), paragraph("Two."))
    assert chunk.text == "Aims\n\nOne.\n\nTwo."
    assert chunk.section_path == ("Aims",)
    assert chunk.element_types == (BlockType.HEADING, BlockType.PARAGRAPH)
    assert chunk.chunk_id == chunk_id("d", chunk.content_hash, 0)


def test_top_level_sections_do_not_mix():
    assert texts(heading("A"), paragraph("One."), heading("B"), paragraph("Two.")) == ["A\n\nOne.", "B\n\nTwo."]


def test_tiny_subsections_of_one_section_merge_and_large_ones_do_not():
    tiny = [heading("A"), heading("A1", 2), paragraph("One."), heading("A2", 2), paragraph("Two.")]
    assert len(texts(*tiny)) == 1
    large = [heading("A"), heading("A1", 2), paragraph(SENTENCE * 7), heading("A2", 2), paragraph(SENTENCE * 7)]
    assert [t.split("\n")[0] for t in texts(*large)] == ["A", "A2"]


def test_sentences_stay_whole_and_a_heading_keeps_its_text():
    found = texts(paragraph(SENTENCE * 3), heading("Next"), paragraph(SENTENCE * 6), max_tokens=40)
    assert all(t.endswith("roughly.") for t in found)
    assert [t for t in found if "Next" in t] == [t for t in found if t.startswith("Next\n\nThis")] != []


def test_a_path_change_without_heading_begins_a_new_chunk():
    items = document(heading("A"), paragraph("One."), heading("B"), paragraph("Two."))
    items.elements = [items.elements[1], items.elements[3]]
    assert [c.section_path for c in chunk_document(items, ChunkOptions())] == [("A",), ("B",)]


def test_a_sentence_beyond_the_limit_is_cut_between_words_and_a_word_between_graphemes():
    words = "word " * 60 + "👩‍👧" * 30
    found = texts(paragraph(words), max_tokens=16)
    assert "".join("".join(found).split()) == words.replace(" ", "")
    assert all(t.strip("👩‍👧") == t or len(t) % len("👩‍👧") == 0 for t in found if "w" not in t)


def test_table_pieces_repeat_the_header_rows():
    rows = [["name", "value"], *([f"row {i}", str(i)] for i in range(30))]
    found = chunks(element("caption", "Table 1"), table(rows), max_tokens=60)
    assert found[0].text.startswith("Table 1\n\n| name | value |\n|---|---|\n| row 0 | 0 |")
    assert len(found) > 2
    for chunk in found[1:]:
        assert chunk.text.startswith("| name | value |\n|---|---|\n| row")
        assert [s.repeated for s in chunk.sources] == [True, False]


def test_a_header_over_half_the_limit_is_not_repeated():
    found = chunks(table([["long header text " * 8], *([f"row {i}"] for i in range(20))]), max_tokens=32)
    assert not any(s.repeated for c in found for s in c.sources)


def test_a_long_row_is_cut_by_cells_under_the_header():
    rows = [["a", "b", "c"], [SENTENCE * 2, SENTENCE * 2, "word " * 200]]
    found = texts(table(rows), max_tokens=64)
    assert all(t.startswith("| a | b | c |\n|---|---|---|\n") for t in found)
    assert "| This plain" in found[0]
    assert found[-1].splitlines()[2].startswith("word word")


def test_caption_stays_with_its_table_or_figure():
    filler = paragraph(SENTENCE * 3)
    small = table([["a", "b"], ["1", "2"]])
    assert any("Table 1\n\n| a" in t for t in texts(filler, element("caption", "Table 1"), small, max_tokens=60))
    figure, caption = element("figure", "A red boat " * 5), element("caption", "Figure 1")
    assert any("boat \n\nFigure 1" in t for t in texts(filler, figure, caption, max_tokens=60))
    assert any("2 |\n\nTable 1" in t for t in texts(filler, small, element("caption", "Table 1"), max_tokens=60))
    two = texts(small, element("caption", "T " * 45), table([["c"], ["3"]]), max_tokens=64)
    assert [("T T" in t, "| c |" in t) for t in two] == [(False, False), (True, True)]


def test_list_items_have_markers_and_stay_whole():
    items = [element("list_item", SENTENCE.strip(), marker=m, level=n) for m, n in (("1.", 0), ("a)", 1), ("", 0))]
    assert texts(*items) == [f"1. {SENTENCE.strip()}\n  a) {SENTENCE.strip()}\n- {SENTENCE.strip()}"]
    long = [element("list_item", (SENTENCE * 2).strip()) for _ in range(4)]
    assert all(t.startswith("- This") and t.endswith("roughly.") for t in texts(*long, max_tokens=36))


def test_a_marker_never_stands_alone():
    assert texts(element("list_item", "0:" * 20, marker="1."), max_tokens=16)[0].startswith("1. 0:0:")


def test_code_is_cut_at_lines():
    code = element("code", "\n".join(f"value_{i} = compute(i)" for i in range(40)))
    assert all(t.startswith("value_") and t.endswith(")") for t in texts(code, max_tokens=50))


def test_overlap_repeats_whole_trailing_sentences_within_a_section():
    found = chunks(paragraph(SENTENCE * 20), heading("New"), paragraph("Text."), max_tokens=60, overlap_tokens=20)
    for chunk in found[1:-1]:
        assert chunk.sources[0].repeated
        assert chunk.text[: chunk.sources[0].end] == SENTENCE.strip()
    assert not any(s.repeated for s in found[-1].sources)


@pytest.mark.parametrize("kind", ["hidden", "page_header", "page_footer", "comment"])
def test_side_matter_is_left_out_unless_included(kind):
    side = element(kind, "Side.")
    assert texts(paragraph("Body."), side) == ["Body."]
    assert "Side." in "".join(texts(paragraph("Body."), side, include_types=(kind,)))


def test_footnotes_are_text_and_empty_figures_are_left_out():
    parts = paragraph("Body."), element("footnote", "Note.", marker="3"), element("figure")
    assert texts(*parts) == ["Body.\n\n3 Note."]
    assert texts(*parts, include_types=("footnote",)) == ["Body.\n\n3 Note."]


def noted(text, note):
    return paragraph(text, references=(Reference(len(text), len(text), ReferenceKind.FOOTNOTE, note),))


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_footnote_follows_what_refers_to_it(strategy):
    note = element("footnote", "See the book.", marker="1")
    parts = (
        noted("First.", "e4"),
        paragraph("Second."),
        heading("New"),
        paragraph("Third."),
        note,
        element("footnote", "*"),
    )
    found = "\n".join(texts(*parts, strategy=strategy))
    order = ["First", "Second", "Third", "See"] if strategy == "page" else ["First", "See", "Second", "Third"]
    assert sorted(order, key=found.index) == order
    assert found.count("See the book.") == 1 and found.rstrip().endswith("*")


def test_a_footnote_stays_in_the_chunk_of_its_paragraph_and_its_section():
    note = element("footnote", SENTENCE.strip(), marker="1")
    parts = paragraph(SENTENCE * 3), noted(SENTENCE * 2, "e4"), heading("Later"), paragraph("Text."), note
    found = chunks(*parts, max_tokens=64)
    home = next(c for c in found if "1 " + SENTENCE.strip() in c.text)
    assert home.text.count(SENTENCE.strip()) == 3 and home.section_path == ()


def test_markdown_marks_headings_and_never_merges_sections():
    found = texts(
        element("title", "T"), heading("A", 2), paragraph("x"), heading("B", 2), paragraph("y"), strategy="markdown"
    )
    assert found == ["# T\n\n## A\n\nx", "## B\n\ny"]


def test_recursive_prefers_lines_to_sentences():
    text = "\n".join([SENTENCE.strip() * 2] * 6)
    assert all(t.startswith("This") for t in texts(paragraph(text), strategy=Strategy.RECURSIVE, max_tokens=40))


def test_fixed_windows_are_full():
    found = chunks(paragraph("word " * 1000), strategy=Strategy.FIXED, max_tokens=100)
    assert {c.tokens for c in found[:-1]} == {100}
    overlapping = chunks(paragraph("word " * 1000), strategy=Strategy.FIXED, max_tokens=100, overlap_tokens=20)
    assert {c.tokens for c in overlapping[:-1]} == {100}
    assert all(c.sources[0].repeated for c in overlapping[1:])


def test_page_chunks_never_cross_pages_even_inside_an_element():
    across = paragraph("first part of it second part", spans=spans((1, "first part of it"), (2, "second part")))
    found = chunks(across, paragraph("more", page=2), strategy=Strategy.PAGE)
    assert [(c.text, c.page_start, c.page_end) for c in found] == [
        ("first part of it", 1, 1),
        ("second part\n\nmore", 2, 2),
    ]


def test_boxes_are_those_of_the_spans_that_the_chunk_shows():
    parts = [(1, SENTENCE.strip()), (1, SENTENCE.strip()), (2, SENTENCE.strip())]
    item = paragraph(SENTENCE * 3, spans=spans(*parts))
    (whole,) = chunks(item)
    assert [(b.page, b.box.y0, b.box.y1) for b in whole.boxes] == [(1, 0, 30), (2, 40, 50)]
    first, second, third = chunks(item, max_tokens=18)
    assert [(b.page, b.box.y0) for c in (first, second, third) for b in c.boxes] == [(1, 0), (1, 20), (2, 40)]
    assert (third.page_start, third.page_end) == (2, 2)


def test_boxes_of_table_pieces_are_those_of_their_rows_else_the_element():
    cells = tuple(Cell(i, 0, f"cell {i}", header=i == 0, box=Box(0, 10 * i, 50, 10 * i + 10)) for i in range(12))
    item = element("table", table_markdown(cells), cells=cells, box=Box(0, 0, 60, 200), page=3)
    found = chunks(item, max_tokens=32)
    assert found[0].boxes[0].box.y0 == 0
    assert found[0].boxes[0].box.y1 < 120
    assert found[-1].boxes[0].page == 3
    (plain,) = chunks(paragraph("x", box=Box(1, 2, 3, 4), page=3))
    assert plain.boxes == (PageBox(3, Box(1, 2, 3, 4)),)


@pytest.mark.parametrize(
    "options", [{"max_tokens": 8}, {"overlap_tokens": -1}, {"overlap_tokens": 300}, {"include_types": ("sidebar",)}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ConfigurationError):
        chunks(paragraph("x"), **options)


def test_heading_runs_over_half_the_limit_and_last_headings_are_kept():
    found = texts(*(heading(f"Number {i} of a long run", 1) for i in range(12)), paragraph("End."), max_tokens=32)
    assert "".join(found).count("long run") == 12
    assert texts(heading("First"), paragraph("x"), heading("Last"))[-1] == "Last"


def _continued_table() -> Element:
    """Ten rows, of which the last five stand on page 2; every row 10 points high."""
    cells = tuple(
        Cell(
            r, c, f"r{r}c{c}", header=r == 0, box=Box(10, 10 * (r % 5), 90, 10 * (r % 5) + 10), page=2 if r >= 5 else 0
        )
        for r in range(10)
        for c in range(2)
    )
    return element("table", table_markdown(cells), cells=cells, box=Box(10, 0, 90, 50))


def test_a_table_over_two_pages_tells_both() -> None:
    (chunk,) = chunks(_continued_table())
    assert (chunk.page_start, chunk.page_end) == (1, 2)
    assert chunk.boxes == (PageBox(1, Box(10, 0, 90, 50)), PageBox(2, Box(10, 0, 90, 50)))


def test_pieces_of_a_table_over_two_pages_tell_the_pages_of_their_rows() -> None:
    found = chunks(_continued_table(), max_tokens=40)
    assert (found[0].page_start, found[0].page_end) == (1, 1)
    # The header row is repeated from page 1.
    last = found[-1]
    assert (last.page_start, last.page_end) == (1, 2)
    assert last.boxes[0] == PageBox(1, Box(10, 0, 90, 10))
    assert last.boxes[1].page == 2


def test_pages_cut_a_table_where_it_goes_on() -> None:
    first, second = chunks(_continued_table(), strategy=Strategy.PAGE)
    assert [(c.page_start, c.page_end) for c in (first, second)] == [(1, 1), (2, 2)]
    assert first.text.endswith("| r4c0 | r4c1 |")
    assert second.text.startswith("| r5c0 | r5c1 |")
