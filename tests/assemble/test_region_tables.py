"""Tables where a layout model and the geometry agree, and where one of them knows better."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from schemas.content import BlockType, ExtractedPage, GridLine, Line, Region, Span, Vector
from schemas.geometry import Box
from transforms.assemble.evidence.grid import model_cells
from transforms.assemble.evidence.weigh_tables import weighed_tables, without_prose
from transforms.assemble.tables.finder import FoundTable, find_tables
from transforms.assemble.tables.grid import positions
from transforms.assemble.tables.rules import Rule
from transforms.assemble.tables.text import Piece, make_piece, page_pieces

SIZE = 10.0


def text(words: str, x: float, y: float) -> Line:
    box = Box(x, y, x + 5 * len(words), y + 7)
    return Line((Span(words, box, "Sans", SIZE),), box)


def rows(content: Sequence[Sequence[str]], xs: Sequence[float], y: float, pitch: float = 15.0) -> list[Line]:
    placed = [(words, x, y + i * pitch) for i, row in enumerate(content) for words, x in zip(row, xs, strict=True)]
    return [text(words, x, top) for words, x, top in placed if words]


def sheet(lines: Sequence[Line], regions: Sequence[Region], vectors: Sequence[Vector] = ()) -> ExtractedPage:
    return ExtractedPage(
        number=1, width=600, height=800, lines=list(lines), vectors=list(vectors), regions=list(regions)
    )


def region(kind: BlockType, box: Box, confidence: float = 0.97, **grid: tuple[float, ...]) -> Region:
    return Region(kind, box, confidence, grid.get("rows", ()), grid.get("columns", ()))


def texts(table: FoundTable) -> list[str]:
    return [cell.text for cell in table.cells]


def piece(words: str, x0: float, y: float, x1: float) -> Piece:
    return make_piece((0, 0), words, Box(x0, y, x1, y + 7), (SIZE, False))


#: Two columns of words: nothing in them says that they are a table.
WORDS = [["apple", "red and round"], ["pear", "green and long"], ["plum", "blue and small"]]
NUMBERS = [["Year", "Sales", "Costs"], ["2019", "120", "80"], ["2020", "130", "85"], ["2021", "150", "91"]]


def test_the_model_makes_a_table_of_words_that_geometry_takes_for_text() -> None:
    lines = rows(WORDS, [60, 200], 100)
    seen = region(BlockType.TABLE, Box(60, 100, 270, 137), rows=(110.0, 125.0), columns=(150.0,))
    assert not find_tables(sheet(lines, []))
    (table,) = weighed_tables(sheet(lines, [seen]))
    assert texts(table) == [word for row in WORDS for word in row]
    assert (table.source, table.confidence) == ("table-model", 0.97)


def test_an_unsure_region_makes_no_table() -> None:
    seen = region(BlockType.TABLE, Box(60, 100, 270, 137), 0.5, rows=(110.0, 125.0), columns=(150.0,))
    assert not weighed_tables(sheet(rows(WORDS, [60, 200], 100), [seen]))


def test_without_a_grid_the_columns_of_the_text_tell_the_table() -> None:
    seen = region(BlockType.TABLE, Box(60, 100, 270, 137))
    (table,) = weighed_tables(sheet(rows(WORDS, [60, 200], 100), [seen]))
    assert texts(table) == [word for row in WORDS for word in row]
    assert table.source == "layout"


def test_where_both_see_the_same_table_geometry_tells_its_cells() -> None:
    lines = rows(NUMBERS, [60, 200, 300], 100)
    seen = region(BlockType.TABLE, Box(60, 100, 330, 152), rows=(110.0,), columns=(280.0,))
    page = sheet(lines, [seen])
    assert weighed_tables(page) == find_tables(page)


def test_titles_and_notes_in_the_region_do_not_make_it_another_table() -> None:
    lines = [text("Table 1: Sales by year", 60, 85), *rows(NUMBERS, [60, 200, 300], 100), text("Source: us", 60, 160)]
    seen = region(BlockType.TABLE, Box(60, 85, 330, 167), rows=(95.0, 110.0), columns=(180.0, 280.0))
    page = sheet(lines, [seen])
    assert weighed_tables(page) == find_tables(page)


def test_columns_that_geometry_left_out_come_back() -> None:
    inside = [rule(60, 98, 220, 98), rule(60, 113, 220, 113), rule(60, 160, 220, 160)]
    lines = rows(NUMBERS, [60, 180, 300], 100)
    page = sheet(lines, [region(BlockType.TABLE, Box(60, 100, 330, 152))], inside)
    (table,) = weighed_tables(page)
    assert {word for row in NUMBERS for word in row} == set(texts(table))


def rule(x0: float, y0: float, x1: float, y1: float) -> Vector:
    return Vector(Box(x0, y0, max(x1, x0 + 0.5), max(y1, y0 + 0.5)), False, True)


def test_aligned_text_that_the_model_knows_as_paragraphs_is_no_table() -> None:
    lines = rows(NUMBERS, [60, 200, 300], 100)
    regions = [region(BlockType.PARAGRAPH, Box(60, 100, 330, 152), 0.95)]
    assert find_tables(sheet(lines, []))
    assert not weighed_tables(sheet(lines, regions))


def test_a_boxed_page_of_headings_and_paragraphs_is_no_table() -> None:
    content = [["Heading", "Aside"], ["some words of text", "more words"], ["and other words", "and more"]]
    grid = [rule(50, y, 350, y) for y in (95, 110, 125, 140)] + [rule(x, 95, x, 140) for x in (50, 190, 350)]
    lines = rows(content, [60, 200], 100)
    regions = [
        region(BlockType.HEADING, Box(60, 100, 240, 107), 0.95),
        region(BlockType.PARAGRAPH, Box(60, 115, 350, 138), 0.95),
    ]
    assert find_tables(sheet(lines, [], grid))
    assert not weighed_tables(sheet(lines, regions, grid))
    unsure = [region(r.type, r.box, 0.85) for r in regions]
    assert weighed_tables(sheet(lines, unsure, grid))


def test_prose_above_and_below_a_table_is_left_out() -> None:
    long = "The following rows show what was sold in each of the years since then."
    lines = [text(long, 60, 80), *rows(NUMBERS, [60, 200, 300], 100), text(long, 60, 160)]
    kept = without_prose(page_pieces(sheet(lines, [])))
    assert {p.text for p in kept} == {word for row in NUMBERS for word in row}


def test_a_large_title_above_a_table_is_left_out() -> None:
    box = Box(60, 70, 200, 88)
    title = Line((Span("Our sales", box, "Sans", 18.0),), box)
    kept = without_prose(page_pieces(sheet([title, *rows(NUMBERS, [60, 200, 300], 100)], [])))
    assert {p.text for p in kept} == {word for row in NUMBERS for word in row}
    assert without_prose([]) == []


def test_rows_of_cells_that_rules_tell_beyond_the_region_stay() -> None:
    grid = [rule(50, y, 350, y) for y in (95, 110, 125, 140, 155)] + [rule(x, 95, x, 155) for x in (50, 190, 290, 350)]
    lines = rows(NUMBERS, [60, 200, 300], 100)
    regions = [region(BlockType.TABLE, Box(60, 115, 330, 152))]
    assert weighed_tables(sheet(lines, regions, grid)) == find_tables(sheet(lines, [], grid))


def test_a_heading_that_a_table_swallowed_comes_out() -> None:
    grid = [rule(50, y, 350, y) for y in (95, 110, 125, 140, 155, 170)]
    grid += [rule(x, 95, x, 170) for x in (50, 190, 290, 350)]
    lines = [*rows(NUMBERS, [60, 200, 300], 100), text("Another section", 60, 160)]
    regions = [
        region(BlockType.TABLE, Box(60, 100, 330, 152)),
        region(BlockType.HEADING, Box(60, 160, 135, 167)),
    ]
    assert "Another section" in texts(find_tables(sheet(lines, [], grid))[0])
    (table,) = weighed_tables(sheet(lines, regions, grid))
    assert texts(table) == [word for row in NUMBERS for word in row]


def test_headings_span_the_columns_over_their_underline() -> None:
    pieces = [piece("Year Ended", 240, 85, 290), *page_pieces(sheet(rows(NUMBERS[1:], [60, 200, 300], 100), []))]
    seen = region(BlockType.TABLE, Box(60, 85, 330, 152), rows=(95.0, 110.0, 125.0), columns=(150.0, 280.0))
    made = model_cells(seen, pieces, [Rule(94.0, 190.0, 330.0, False)])
    assert made is not None
    top = next(cell for cell in made[0] if cell.pieces[0].text == "Year Ended")
    assert (top.column, top.column_span) == (1, 2)
    assert made[1] == 1


def test_text_that_runs_on_over_a_boundary_is_cut_where_the_model_saw_two_lines() -> None:
    seen = Region(
        BlockType.TABLE, Box(60, 100, 340, 125), 0.9, (112.0,), (195.0,),
        (GridLine(Box(60, 100, 180, 107), 0, 1, 0, 1), GridLine(Box(210, 100, 340, 107), 0, 1, 1, 2)),
    )  # fmt: skip
    made = model_cells(seen, [piece("left words right words", 60, 100, 340), piece("a", 60, 117, 66)])
    assert made is not None
    assert [(c.row, c.column, c.pieces[0].text) for c in made[0]][:2] == [(0, 0, "left words"), (0, 1, "right words")]


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 300), st.integers(1, 300)), min_size=1, max_size=25),
    st.lists(st.floats(5, 295), min_size=1, max_size=6),
    st.lists(st.floats(5, 495), min_size=1, max_size=6),
)
def test_cells_of_any_grid_are_disjoint_and_lose_no_piece(
    places: list[tuple[int, int, int]], row_edges: list[float], column_edges: list[float]
) -> None:
    pieces = [
        make_piece((i, 0), "word", Box(x, y, x + width, y + 7), (SIZE, False)) for i, (x, y, width) in enumerate(places)
    ]
    seen = region(
        BlockType.TABLE, Box(0, 0, 800, 310), rows=tuple(sorted(row_edges)), columns=tuple(sorted(column_edges))
    )
    made = model_cells(seen, pieces)
    assert made is not None
    covered = [place for cell in made[0] for place in positions(cell)]
    assert len(covered) == len(set(covered))
    assert sorted(p.line for cell in made[0] for p in cell.pieces) == list(range(len(pieces)))
