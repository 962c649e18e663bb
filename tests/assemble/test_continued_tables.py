from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import BlockType, Cell, ExtractedPage, Span
from schemas.document import PageSpan
from schemas.geometry import Box
from transforms.assemble.document import number_elements, page_rows
from transforms.assemble.draft import Draft
from transforms.assemble.tables.continued import join_continued_tables
from transforms.render.table import table_shape

HEIGHTS = dict.fromkeys(range(1, 9), 800.0)
HEAD = ("Name", "Value")


def table(page: int, *rows: tuple[str, ...], top: float = 60, left: float = 50, **fields) -> Draft:
    """A table of columns 100 points wide and rows 20 high; the first row is its header when it is HEAD."""
    cells = tuple(
        Cell(
            r,
            c,
            text,
            header=row == HEAD,
            box=Box(left + 100 * c, top + 20 * r, left + 100 * c + 90, top + 20 * r + 15),
        )
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
    )
    box = Box(left, top, left + 100 * len(rows[0]), top + 20 * len(rows))
    return Draft(type=BlockType.TABLE, page=page, cells=cells, box=box, **fields)


def text(kind: BlockType, words: str, page: int = 2) -> Draft:
    return Draft(type=kind, page=page, spans=(PageSpan(page, Span(words)),))


def rows(draft: Draft) -> list[list[str]]:
    found: list[list[str]] = [[] for _ in range(table_shape(draft.cells)[0])]
    for cell in draft.cells:
        found[cell.row].append(cell.text)
    return found


def low(*lines: tuple[str, ...], page: int = 1, **fields) -> Draft:
    return table(page, *lines, top=800 - 20 * len(lines) - 50, **fields)


FIRST = low(HEAD, ("a", "1"), ("b", "2"))


def test_pieces_become_one_table_without_the_repeated_header() -> None:
    (joined,) = join_continued_tables([FIRST, table(2, HEAD, ("c", "3"))], HEIGHTS)
    assert rows(joined) == [["Name", "Value"], ["a", "1"], ["b", "2"], ["c", "3"]]
    assert [cell.page for cell in joined.cells] == [0] * 6 + [2] * 2
    assert (joined.page, joined.box) == (1, FIRST.box)


def test_three_pages_and_running_heads_between() -> None:
    middle = table(2, *([("m", "5")] * 36))
    heads = [text(BlockType.PAGE_FOOTER, "1", 1), text(BlockType.PAGE_HEADER, "h"), text(BlockType.FOOTNOTE, "n", 1)]
    found = join_continued_tables([FIRST, *heads, middle, *heads, table(3, ("z", "9"))], HEIGHTS)
    assert [draft.type for draft in found].count(BlockType.TABLE) == 1
    assert len(rows(found[0])) == 3 + 36 + 1
    assert {cell.page for cell in found[0].cells} == {0, 2, 3}


@pytest.mark.parametrize(
    "notice", ["Table 1 (continued)", "Tabelle 1 (Fortsetzung)", "Continued on the next page", "Table 1, cont."]
)
def test_a_notice_may_stand_between(notice: str) -> None:
    between = text(BlockType.CAPTION, notice)
    found = join_continued_tables([FIRST, between, table(2, ("c", "3"))], HEIGHTS)
    assert [draft.type for draft in found] == [BlockType.TABLE, BlockType.CAPTION]


OTHER = {
    "a caption": [text(BlockType.CAPTION, "Table 2: Others"), table(2, ("c", "3"))],
    "a paragraph": [text(BlockType.PARAGRAPH, "And so on."), table(2, ("c", "3"))],
    "another number of columns": [table(2, ("c", "3", "4"))],
    "its own header": [table(2, ("Weight", "Unit"), ("c", "3"))],
    "the middle of the page": [table(2, ("c", "3"), top=500)],
    "a page later": [table(3, ("c", "3"))],
    "a figure continued": [text(BlockType.CAPTION, "Figure 1 (continued)"), table(2, ("c", "3"))],
    "too many notices": [*[text(BlockType.PARAGRAPH, "continued")] * 3, table(2, ("c", "3"))],
}


@pytest.mark.parametrize("name", OTHER)
def test_other_tables_stay(name: str) -> None:
    drafts = [FIRST, *OTHER[name]]
    assert join_continued_tables(drafts, HEIGHTS) == drafts


def test_a_table_high_on_its_page_does_not_go_on() -> None:
    drafts = [table(1, HEAD, ("a", "1")), table(2, ("c", "3"))]
    assert join_continued_tables(drafts, HEIGHTS) == drafts


def test_columns_at_other_places_are_another_table() -> None:
    wide = table(2, ("c", "3"))
    moved = tuple(
        Cell(c.row, c.column, c.text, box=Box(c.box.x0 + 60 * c.column, c.box.y0, c.box.x1 + 60 * c.column, c.box.y1))
        for c in wide.cells
        if c.box
    )
    drafts = [FIRST, Draft(type=BlockType.TABLE, page=2, cells=moved, box=wide.box)]
    assert join_continued_tables(drafts, HEIGHTS) == drafts


def test_a_table_goes_on_in_the_next_column_of_its_page() -> None:
    (joined,) = join_continued_tables([FIRST, table(1, ("c", "3"), left=300)], HEIGHTS)
    assert len(rows(joined)) == 4
    assert joined.box == Box(50, 60, 500, 750)
    beside = [table(1, HEAD, ("a", "1")), table(1, ("c", "3"), left=300)]
    assert join_continued_tables(beside, HEIGHTS) == beside


def test_tables_of_flow_formats_are_left_alone() -> None:
    drafts = [Draft(type=BlockType.TABLE, page=1, cells=(Cell(0, 0, "a"),))] * 2
    assert join_continued_tables(drafts, HEIGHTS) == drafts


def test_words_on_top_of_numbers_are_a_header_only_where_it_is_not_repeated() -> None:
    marked = table(2, HEAD, ("c", "3"))
    (joined,) = join_continued_tables([FIRST, marked], HEIGHTS)
    assert [cell.header for cell in joined.cells] == [True, True, *[False] * 6]


def test_chars_count_on_the_pages_of_the_rows() -> None:
    (joined,) = join_continued_tables([FIRST, table(2, ("cccc", "3"))], HEIGHTS)
    (element,) = number_elements([joined])
    first, second = page_rows([ExtractedPage(number=1), ExtractedPage(number=2)], [element], "geometry")
    assert second.chars == len("| cccc | 3 |")
    assert first.chars + second.chars == len(element.text)


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=5),
    st.lists(st.sampled_from(["x", "", "12", "words here"]), min_size=1, max_size=3),
    st.booleans(),
)
def test_joining_keeps_every_cell_but_repeated_headers(sizes, words, repeat) -> None:
    drafts = []
    for number, size in enumerate(sizes):
        body = [tuple(f"{word} {number}.{row}" for word in words) for row in range(size)]
        head = [tuple("Head" for _ in words)] if repeat or number == 0 else []
        # Filled with rows down to the foot of the page.
        body += [tuple("f" for _ in words)] * 30
        drafts.append(table(number + 1, *head, *body))
    found = join_continued_tables(drafts, HEIGHTS)
    assert len(found) == 1
    expected = Counter(cell.text for draft in drafts for cell in draft.cells)
    expected["Head"] = len(words)
    assert Counter(cell.text for cell in found[0].cells) == expected
    assert len({(cell.row, cell.column) for cell in found[0].cells}) == len(found[0].cells)
    pages = [cell.page or found[0].page for cell in sorted(found[0].cells, key=lambda cell: cell.row)]
    assert pages == sorted(pages)
