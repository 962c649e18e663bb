"""Which pages the layout model is asked about, why, and which tier."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import BlockType, Cell, ExtractedPage, Extraction, Line, PageNeed, PageStatus, Span, Vector
from schemas.document import DocumentInfo, Element
from schemas.geometry import Box
from schemas.options import LayoutMode
from schemas.source import SourceRef
from transforms.assemble.document import assemble
from transforms.assemble.evidence.needs import Thresholds, doubt, page_needs
from transforms.assemble.evidence.signs import Sign, TablePiece, page_signs

INFO = DocumentInfo(doc_id="d", ref=SourceRef(uri="file:///d.pdf", path="d.pdf"))

ANY = Thresholds(0.01, 1.0)


def line(text: str, x: float, y: float, *, size: float = 10.0, hidden: str = "", turned: bool = False) -> Line:
    box = Box(x, y, x + 0.5 * size * len(text), y + size)
    direction = (0.0, -1.0) if turned else (1.0, 0.0)
    return Line((Span(text, box, "Serif", size, hidden=hidden),), box, direction)


def page(lines: list[Line], vectors: list[Vector] | None = None, **fields: object) -> ExtractedPage:
    made = {"number": 1, "width": 600.0, "height": 800.0} | fields
    return ExtractedPage(lines=lines, vectors=vectors or [], **made)  # type: ignore[arg-type]


def prose(count: int = 30) -> list[Line]:
    text = "The committee met again in the spring and agreed on a plan for the harbour wall."
    return [line(text, 60, 60 + 14 * i) for i in range(count)]


def cells(rows: int, columns: int = 3, top: float = 100.0) -> list[Line]:
    """Words side by side that are no table to geometry: nothing lines up."""
    return [
        line(f"word{r}{c}" * (1 + (r + c) % 2), 60 + 170 * c + 17 * (r % 3), top + 15 * r)
        for r in range(rows)
        for c in range(columns)
    ]


def table(box: Box, confidence: float, rows: int = 5, empty: int = 0) -> Element:
    """Two columns; the last `empty` rows have text in the first alone."""
    grid = tuple(Cell(r, c, "" if c and r >= rows - empty else "text") for r in range(rows) for c in range(2))
    return Element(
        element_id="t", index=0, type=BlockType.TABLE, text="", page=1, box=box, confidence=confidence, cells=grid
    )


def piece(box: Box, confidence: float, rows: int = 5, empty: int = 0) -> TablePiece:
    return TablePiece(box, table(box, confidence, rows, empty).cells, confidence)


def needs(pages: list[ExtractedPage], mode: LayoutMode = "auto", **more: Thresholds) -> tuple[PageNeed, ...]:
    extraction = Extraction(page_count=len(pages), pages=pages)
    return page_needs(extraction, assemble(INFO, extraction).elements, mode, **more)


def test_plain_text_needs_no_model() -> None:
    assert needs([page(prose())]) == ()


def test_many_rows_of_short_pieces_need_one() -> None:
    (need,) = needs([page(cells(14))], thresholds=ANY)
    assert need.page == 1
    assert need.reason == "columns without rules, 14 rows"
    assert need.tier == "graph"


def test_reasons_name_tables_by_how_they_were_read() -> None:
    box = Box(50, 50, 300, 300)
    told = [sign.reason for c in (0.6, 0.8, 0.9) for sign in page_signs(page(prose()), [piece(box, c)])]
    assert told == ["table without rules", "table without a complete lattice"]


def test_text_and_lines_inside_tables_are_no_signs() -> None:
    around = piece(Box(0, 0, 600, 800), 0.9)
    drawn = [Vector(Box(60, 60 + 3 * i, 500, 61 + 3 * i)) for i in range(150)]
    assert list(page_signs(page(cells(14), drawn), [around])) == []
    assert len(list(page_signs(page(cells(14), drawn), []))) == 2


def test_signs_add_up_to_a_need() -> None:
    lines = [*cells(14), *(line("A line of a poster", 60, 400 + 40 * i, size=8.0 + 2 * i) for i in range(8))]
    (need,) = needs([page(lines)])
    assert need.reason == "8 font sizes"
    assert need.score == pytest.approx(1 - (1 - 0.18) * (1 - 0.15), abs=1e-3)


@pytest.mark.parametrize(
    ("rows", "empty", "told"), [(5, 0, []), (3, 0, ["table of 3 rows"]), (1, 0, ["table of 1 row"])]
)
def test_short_tables_are_signs(rows: int, empty: int, told: list[str]) -> None:
    found = piece(Box(50, 50, 300, 300), 0.9, rows, empty)
    assert [sign.reason for sign in page_signs(page(prose()), [found])] == told


@pytest.mark.parametrize(("empty", "chance"), [(1, None), (2, 0.1), (3, 0.2), (5, 0.45)])
def test_tables_with_many_empty_cells_may_be_charts(empty: int, chance: float | None) -> None:
    found = piece(Box(50, 50, 300, 300), 0.9, 5, empty)
    signs = list(page_signs(page(prose()), [found]))
    assert [(sign.chance, sign.pictorial) for sign in signs] == ([] if chance is None else [(chance, True)])


def test_two_rows_of_three_pieces_are_enough() -> None:
    assert len(list(page_signs(page(cells(2)), []))) == 1
    assert list(page_signs(page(cells(2, columns=2)), [])) == []


def test_markers_beside_their_text_make_no_columns() -> None:
    items = [made for i in range(14) for made in (line("1.", 60, 90 + 20 * i), line("buy some rope", 80, 90 + 20 * i))]
    assert list(page_signs(page(items), [])) == []


def test_drawings_ask_for_the_tier_with_images() -> None:
    drawn = [Vector(Box(60 + i, 500, 61 + i, 700)) for i in range(300)]
    turned = [line("axis", 400, 520 + 40 * i, turned=True) for i in range(3)]
    (need,) = needs([page(prose() + turned, drawn)], thresholds=Thresholds(0.1, 1.0))
    assert (need.tier, need.reason) == ("full", "3 turned lines")


def test_turned_text_is_a_sign_only_beside_upright_text() -> None:
    turned = [line("turned text", 500, 100 + 90 * i, turned=True) for i in range(4)]
    assert [sign.reason for sign in page_signs(page(prose() + turned), [])] == ["4 turned lines"]
    assert list(page_signs(page(turned), [])) == []


def test_many_font_sizes_are_a_sign() -> None:
    lines = [line("A line of a poster", 60, 50 + 50 * i, size=8.0 + 2 * i) for i in range(10)]
    assert [sign.reason for sign in page_signs(page(lines), [])] == ["10 font sizes"]


def test_thresholds_choose_the_tier() -> None:
    pages = [page(cells(14))]
    score = needs(pages, thresholds=ANY)[0].score
    assert needs(pages, thresholds=Thresholds(score + 0.01, 1.0)) == ()
    assert needs(pages, thresholds=Thresholds(score - 0.01, 1.0))[0].tier == "graph"
    assert needs(pages, thresholds=Thresholds(0.01, score - 0.01))[0].tier == "full"


@pytest.mark.parametrize(
    "other",
    [
        page([], number=2),
        page([line("   ", 60, 60)], number=2),
        page([line("recognised", 60, 60, hidden="no ink")], number=2),
        page(prose(), number=2, status=PageStatus.FAILED),
    ],
    ids=["empty", "blank", "hidden", "failed"],
)
def test_always_asks_about_every_digital_page_with_visible_text(other: ExtractedPage) -> None:
    assert needs([page(prose()), other], "always") == (PageNeed(1, "full", "asked for", 1.0),)


def test_scans_are_asked_about_with_what_was_read_on_them() -> None:
    turned = (0.0, 1.0, -1.0, 0.0, 800.0, 0.0)
    scan = page([*prose(2), line("   ", 60, 60)], status=PageStatus.OCR, to_shown=turned)
    (need,) = needs([scan], "always")
    assert need.read is not None and need.tier == "full"
    assert (need.read.width, need.read.height, need.read.to_shown) == (600, 800, turned)
    assert need.read.lines == tuple((made.spans[0].text, made.box, 10.0) for made in prose(2))
    (again,) = needs([scan], "auto")
    assert (again.read, again.reason, again.tier) == (need.read, "a scan", "full")
    assert needs([scan], "never") == ()


def test_never_asks_about_none() -> None:
    assert needs([page(cells(14))], "never", thresholds=ANY) == ()


def test_tables_with_a_complete_lattice_are_named() -> None:
    pages = [page(prose())]
    extraction = Extraction(page_count=1, pages=pages)
    lattice, guessed = Box(50, 50, 300, 300), Box(50, 400, 300, 500)
    found = [table(lattice, 0.9), table(guessed, 0.6)]
    assert page_needs(extraction, found, "always")[0].ruled == (lattice,)


def test_tables_that_go_on_are_known_on_every_page() -> None:
    pages = [page(prose()), page(prose(), number=2)]
    first, last = Box(50, 500, 300, 700), Box(50, 60, 300, 120)
    more = tuple(Cell(r, c, "more", box=last, page=2) for r in range(5, 8) for c in range(2))
    whole = msgspec.structs.replace(table(first, 0.9), cells=table(first, 0.9).cells + more)
    asked = page_needs(Extraction(page_count=2, pages=pages), [whole], "always")
    assert [need.ruled for need in asked] == [(first,), (last,)]


def test_words_in_figures_are_no_columns() -> None:
    labels = cells(14)
    assert list(page_signs(page(labels), [], [Box(0, 0, 600, 800)])) == []
    figure = Element(element_id="f", index=0, type=BlockType.FIGURE, text="", page=1, box=Box(0, 0, 600, 800))
    extraction = Extraction(page_count=1, pages=[page(labels)])
    assert page_needs(extraction, [figure], "auto") == ()


def test_geometry_tells_lattices_apart() -> None:
    """The confidences that signs rely on are those that geometry gives."""
    words = [line(f"cell {r}{c}", 110 + 100 * c, 106 + 20 * r) for r in range(4) for c in range(3)]
    rules = [Vector(Box(100, 100 + 20 * r, 400, 100.5 + 20 * r), stroked=True) for r in range(5)]
    rules += [Vector(Box(100 + 100 * c, 100, 100.5 + 100 * c, 180), stroked=True) for c in range(4)]
    (need,) = needs([page(words, rules)], "always")
    assert len(need.ruled) == 1


@given(st.lists(st.floats(0, 1), max_size=6), st.floats(0, 1))
def test_more_signs_never_lower_the_doubt(chances: list[float], more: float) -> None:
    signs = [Sign("", chance) for chance in chances]
    assert 0 <= doubt(signs) <= doubt([*signs, Sign("", more)]) + 1e-12 <= 1 + 1e-12
    assert doubt(signs) >= max(chances, default=0.0) - 1e-12


def test_cost_is_linear_in_lines_beside_many_tables() -> None:
    crowded = page(prose(2000), [Vector(Box(i, i, i + 1, i + 1)) for i in range(2000)])
    started = time.process_time()
    list(page_signs(crowded, [piece(Box(0, 0, 1, 1), 0.9)] * 20))
    assert time.process_time() - started < 2
