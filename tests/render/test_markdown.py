import pytest
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from schemas.content import BlockType, Cell
from transforms.render.markdown import document_markdown, elements_markdown


def tags(text: str) -> list[str]:
    """What a Markdown reader makes of the text: opening tags in order."""
    return [token.tag for token in MarkdownIt().parse(text) if token.nesting >= 0 and token.tag]


def test_headings_and_paragraphs(make):
    parts = [
        make.element(BlockType.TITLE, "The\ntitle"),
        make.element(BlockType.HEADING, "Part", level=2),
        make.element(BlockType.HEADING, "Deep", level=9),
        make.element(BlockType.PARAGRAPH, "Words."),
    ]
    assert elements_markdown(parts) == "# The title\n\n## Part\n\n###### Deep\n\nWords.\n"


@pytest.mark.parametrize(
    ("levels", "marks"),
    [((1, 2, 6), ["#", "##", "###", "######"]), ((2, 3), ["#", "##", "###"])],
    ids=["level 1 below the title", "levels that leave room for the title"],
)
def test_a_title_stands_above_all_headings(make, levels, marks):
    headings = [make.element(BlockType.HEADING, "h", level=level) for level in levels]
    text = elements_markdown([make.element(BlockType.TITLE, "t"), *headings])
    assert [line.split()[0] for line in text.split("\n\n")] == marks


def test_level_1_without_a_title_stays(make):
    assert elements_markdown([make.element(BlockType.HEADING, "h", level=1)]) == "# h\n"


def test_running_heads_hidden_text_and_comments_are_left_out(make):
    left_out = (BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER, BlockType.HIDDEN, BlockType.COMMENT)
    assert document_markdown(make.document(*(make.element(kind, "x") for kind in left_out))) == ""


@pytest.mark.parametrize("kind", list(BlockType))
def test_elements_without_text_leave_no_trace(make, kind):
    assert elements_markdown([make.element(kind, ""), make.element(BlockType.PARAGRAPH, "p")]) == "p\n"


def test_nested_lists_keep_their_depth(make):
    items = [("1.", 0, "one"), ("•", 1, "inner"), ("a)", 1, "second"), ("2.", 0, "two")]
    text = elements_markdown(
        [make.element(BlockType.LIST_ITEM, text, marker=marker, level=level) for marker, level, text in items]
    )
    assert text == "1. one\n   - inner\n   - a) second\n2. two\n"
    assert tags(text).count("ol") == 1
    assert tags(text).count("ul") == 1


def test_a_list_that_starts_deep_is_still_a_list(make):
    text = elements_markdown([make.element(BlockType.LIST_ITEM, "deep", marker="-", level=3)])
    assert tags(text) == ["ul", "li", "p"]


def test_lists_are_apart_from_paragraphs(make):
    item, words = make.element(BlockType.LIST_ITEM, "i"), make.element(BlockType.PARAGRAPH, "p")
    assert elements_markdown([item, words, item]) == "- i\n\np\n\n- i\n"


@pytest.mark.parametrize("text", ["# no heading", "a\n## no heading", "```\nno code", "#"])
def test_text_does_not_turn_into_headings_or_code(make, text):
    assert set(tags(elements_markdown([make.element(BlockType.PARAGRAPH, text)]))) <= {"p", "br"}


def test_code_may_hold_fences(make):
    text = elements_markdown([make.element(BlockType.CODE, "a\n```\nb")])
    assert tags(text) == ["code"]
    assert text.startswith("````\n")


def test_figures_and_footnotes(make):
    figure = make.element(BlockType.FIGURE, "a [chart]")
    note = make.element(BlockType.FOOTNOTE, "See\nthere.", marker="3")
    text = elements_markdown([figure, note])
    assert text == "![a \\[chart\\]]()\n\n[^3]: See there.\n"
    assert 'alt="a [chart]"' in MarkdownIt().render(text)


def test_tables_are_pipe_tables(make):
    text = elements_markdown([make.table(("a", "b|c"), ("1", "2"))])
    assert text == "| a | b\\|c |\n|---|---|\n| 1 | 2 |\n"


def test_tables_that_pipes_cannot_tell_are_html(make):
    cells = (Cell(0, 0, "<b>", column_span=2, header=True), Cell(1, 0, "1"), Cell(1, 1, "2"))
    tree = lxml_html.fromstring(elements_markdown([make.element(BlockType.TABLE, "", cells=cells)]))
    assert tree.xpath("//th/@colspan") == ["2"]
    assert tree.xpath("string(//th)") == "<b>"
    two_headers = elements_markdown([make.table(("a",), ("b",), ("c",), header_rows=2)])
    assert two_headers.startswith("<table>")
