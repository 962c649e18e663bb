"""Running heads are what comes back or counts the pages; a line of the text is never one, wherever it stands."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import BlockType, ExtractedPage, Extraction, Line, Span
from schemas.geometry import Box
from transforms.assemble.geometry.drafts import geometry_drafts
from transforms.assemble.text import join_spans

PROSE = "The tenant keeps the rooms in the state in which they were let, wear apart, and"
Row = tuple[str, float, float, float]


def page(number: int, rows: Sequence[Row]) -> ExtractedPage:
    """Rows are (text, x, y, size)."""
    boxes = [Box(x, y, x + 0.48 * size * len(text), y + size) for text, x, y, size in rows]
    lines = [Line((Span(text, box, "Serif", size),), box) for (text, _, _, size), box in zip(rows, boxes, strict=True)]
    return ExtractedPage(number=number, width=600, height=800, lines=lines)


def prose(number: int, y: float = 100, rows: int = 30) -> list[Row]:
    return [
        (f"{number}.{row} {PROSE}" if row else f"And {chr(96 + number) * 3} {PROSE}", 70, y + 13 * row, 10)
        for row in range(rows)
    ]


def furniture(*pages: Sequence[Row]) -> list[str]:
    read = [page(number, rows) for number, rows in enumerate(pages, 1)]
    found = geometry_drafts(Extraction(page_count=len(read), pages=read))
    kinds = {BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER}
    return [join_spans(draft.spans) for draft in found if draft.type in kinds]


LINES = (
    "more than one percent (1%) of the stock of any publicly traded corporation shall",
    "IN WITNESS WHEREOF, the parties have executed this agreement on the date above",
    "1. Covenant Not to Compete.",
    "5. Miscellaneous",
    "Section 4. Release of Claims",
    "securities of such entity.",
    "Table 3. Rents of the northern quarter",
    "IN THE COURT OF THE NORTHERN DISTRICT",
    "EXHIBIT A",
    "any Person.",
    "above.",
    "Very truly yours,",
    "October 15, 2014",
    "(C)",
    "12.",
)


@pytest.mark.parametrize("text", LINES)
@pytest.mark.parametrize("y", [20, 45, 770])
@pytest.mark.parametrize("pages", [2, 4, 9])
def test_a_line_that_stands_alone_at_the_edge_is_text(text: str, y: float, pages: int) -> None:
    rows = [prose(number, 100) for number in range(1, pages + 1)]
    rows[1] = [(text, 70, y, 10), *rows[1]]
    assert furniture(*rows) == []


@pytest.mark.parametrize("text", LINES)
def test_a_line_of_the_text_below_real_heads_is_text(text: str) -> None:
    heads = [("Lease of the northern rooms", 70, 30, 10), ("Smith & Sons", 450, 30, 10)]
    rows = [[*heads, *prose(number, 100), (f"Page {number}", 280, 770, 10)] for number in range(1, 6)]
    rows[2] = [*heads, (text, 70, 60, 10), *prose(3, 100), (f"Page {3}", 280, 770, 10)]
    found = furniture(*rows)
    assert text not in found
    assert len(found) == 15


def test_the_signatures_at_the_top_of_the_last_page_are_text() -> None:
    last = [("BECKMAN COULTER, INC.", 70, 30, 10), ("BIOSITE INCORPORATED", 450, 30, 10), ("/s/ A. Smith", 70, 60, 10)]
    assert furniture(prose(1), prose(2), last) == []


def test_clause_numbers_beside_the_text_do_not_count_pages() -> None:
    rows = [
        [(f"{n}.{n}", 40, 40, 10), (f"Prices of {chr(96 + n) * 4} are those of the list", 70, 40, 10), *prose(n)]
        for n in range(1, 7)
    ]
    assert furniture(*rows) == []


def test_heads_that_alternate_and_one_that_stands_once_at_their_place_are_found() -> None:
    even, odd = ("The northern rooms", 70, 30, 10), ("Lease and rents", 70, 30, 10)
    rows = [[odd if number % 2 else even, *prose(number)] for number in range(1, 4)]
    assert furniture(*rows) == ["Lease and rents", "The northern rooms", "Lease and rents"]


def test_heads_that_touch_the_text_are_found_when_they_come_back() -> None:
    rows = [
        [("Lease of rooms", 70, 86, 10), *prose(number, 99), (f"{number} / 4", 300, 770, 10)] for number in range(1, 5)
    ]
    assert furniture(*rows) == [text for n in range(1, 5) for text in ("Lease of rooms", f"{n} / 4")]


def test_roman_and_restarted_page_numbers_are_found() -> None:
    numbers = ["i", "ii", "iii", "1", "2", "3", "F-1", "F-2"]
    rows = [[*prose(n), (text, 300, 770, 10)] for n, text in enumerate(numbers)]
    assert furniture(*rows) == numbers


def test_heads_that_repeat_a_numbered_heading_are_found_at_the_place_of_heads() -> None:
    headings = ["1 Scope", "1 Scope", "2 Rents", "3 Notice of leave", "3 Notice of leave"]
    rows = [[(text, 70, 30, 9), (text, 70, 110, 14), *prose(n, 140)] for n, text in enumerate(headings, 1)]
    assert furniture(*rows) == headings


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3), st.integers(0, 300)), min_size=1, max_size=8),
    st.booleans(),
)
def test_pages_that_begin_and_end_anywhere_keep_their_text(shapes: list[tuple[int, int, int]], headed: bool) -> None:
    rows = []
    for number, (count, gap, start) in enumerate(shapes, 1):
        text = prose(number, 60 + start, count)
        text = [(line, x, y + (13 * gap if index else 0), size) for index, (line, x, y, size) in enumerate(text)]
        text = [row for row in text if row[2] < 740]
        rows.append([*([("Lease", 280, 30, 10)] if headed else []), *text])
    found = furniture(*rows)
    assert found == (["Lease"] * len(rows) if headed and len(rows) > 1 else [])
