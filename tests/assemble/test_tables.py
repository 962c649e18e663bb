"""Tables of hand-made pages, and what must hold for any page."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.content import Cell, ExtractedPage, Line, Span, Style, Vector
from schemas.geometry import Box
from transforms.assemble.tables.finder import MAX_PIECES, FoundTable, find_tables
from transforms.render.table import table_shape

SIZE = 10.0


def text(words: str, x: float, y: float, *, bold: bool = False, right: bool = False, size: float = SIZE) -> Line:
    width = 0.5 * size * len(words)
    x0 = x - width if right else x
    box = Box(x0, y, x0 + width, y + 0.7 * size)
    return Line((Span(words, box, "Sans", size, Style.BOLD if bold else 0),), box)


def rule(x0: float, y0: float, x1: float, y1: float) -> Vector:
    return Vector(Box(x0, y0, max(x1, x0 + 0.5), max(y1, y0 + 0.5)), False, True)


def fill(x0: float, y0: float, x1: float, y1: float, color: int = 0xDDDDDD) -> Vector:
    return Vector(Box(x0, y0, x1, y1), False, True, color)


def grid_rules(xs: list[float], ys: list[float]) -> list[Vector]:
    return [rule(xs[0], y, xs[-1], y) for y in ys] + [rule(x, ys[0], x, ys[-1]) for x in xs]


def page(lines: list[Line], vectors: list[Vector] | None = None) -> ExtractedPage:
    return ExtractedPage(number=1, width=600, height=800, lines=lines, vectors=vectors or [])


def rows_of(table: FoundTable) -> list[list[str]]:
    rows, columns = table_shape(table.cells)
    grid = [[""] * columns for _ in range(rows)]
    for cell in table.cells:
        grid[cell.row][cell.column] = cell.text
    return grid


def cell_at(table: FoundTable, row: int, column: int) -> Cell:
    return next(c for c in table.cells if (c.row, c.column) == (row, column))


def body(rows: list[list[str]], xs: list[float], y: float, pitch: float = 15.0) -> list[Line]:
    placed = [(words, x, y + i * pitch) for i, row in enumerate(rows) for words, x in zip(row, xs, strict=True)]
    return [text(words, x, top) for words, x, top in placed if words]


DATA = [["Name", "2021", "2022"], ["Alpha", "10.5", "11.5"], ["Beta", "20.5", "21.5"], ["Gamma", "30.5", "31.5"]]
XS = [104.0, 204.0, 304.0]
PROSE = "the quick brown fox jumps over the lazy dog and runs on to the river bank again"


def prose(x: float, y: float, count: int, width: int = 44) -> list[Line]:
    words = (PROSE + " ") * (count + 2)
    return [text(words[i * width : (i + 1) * width].strip(), x, y + 12 * i, size=10) for i in range(count)]


def test_full_grid_is_read_cell_by_cell() -> None:
    vectors = grid_rules([100, 200, 300, 400], [100, 115, 130, 145, 160])
    [table] = find_tables(page(body(DATA, XS, 104), vectors))
    assert rows_of(table) == DATA
    assert table.method == "ruled"
    assert [c.header for c in table.cells][:4] == [True, True, True, False]


def test_missing_inner_rules_make_spans() -> None:
    vectors = [rule(100, y, 400, y) for y in (100, 130, 145)]
    vectors += [rule(200, 115, 400, 115), rule(100, 100, 100, 145), rule(400, 100, 400, 145)]
    vectors += [rule(200, 100, 200, 145), rule(300, 115, 300, 145)]
    lines = [text("Name", 104, 111), text("Years", 270, 104)]
    lines += [text("2021", 204, 119), text("2022", 304, 119)]
    lines += body([["Alpha", "1", "2"]], XS, 134)
    [table] = find_tables(page(lines, vectors))
    assert cell_at(table, 0, 0).row_span == 2
    assert cell_at(table, 0, 1).column_span == 2
    assert rows_of(table) == [["Name", "Years", ""], ["", "2021", "2022"], ["Alpha", "1", "2"]]


def test_thin_rectangles_and_cell_boxes_are_rules() -> None:
    boxes = [Vector(Box(x, y, x + 100, y + 15), True, True) for x in (100, 200, 300) for y in (100, 115, 130, 145)]
    [table] = find_tables(page(body(DATA, XS, 104), boxes))
    assert rows_of(table) == DATA


def test_strokes_widened_by_their_mitre_limit_are_lines() -> None:
    xs, ys = [100, 200, 300, 400], [100, 115, 130, 145, 160]
    vectors = [Vector(Box(95, y - 5, 405, y + 5), True, True) for y in ys]
    vectors += [Vector(Box(x - 5, 95, x + 5, 165), True, True) for x in xs]
    [table] = find_tables(page(body(DATA, XS, 104), vectors))
    assert rows_of(table) == DATA


def test_values_stacked_between_rules_are_rows() -> None:
    vectors = grid_rules([100, 200, 300, 400], [100, 115, 160])
    [table] = find_tables(page(body(DATA, XS, 104), vectors))
    assert rows_of(table) == DATA


def test_columns_of_values_inside_a_ruled_column_are_split() -> None:
    vectors = grid_rules([100, 200, 400], [100, 115, 130, 145, 160])
    [table] = find_tables(page(body(DATA, XS, 104), vectors))
    assert rows_of(table) == DATA


def test_wrapped_text_in_a_ruled_cell_stays_one_cell() -> None:
    vectors = grid_rules([100, 200, 300], [100, 130, 160])
    lines = [text("first line", 104, 104), text("and second", 104, 116), text("right", 204, 104)]
    lines += [text("below", 104, 134), text("last", 204, 134)]
    [table] = find_tables(page(lines, vectors))
    assert rows_of(table) == [["first line and second", "right"], ["below", "last"]]


def test_booktabs_columns_come_from_text() -> None:
    vectors = [rule(100, y, 400, y) for y in (100, 115, 162)]
    [table] = find_tables(page(body(DATA, XS, 104), vectors))
    assert rows_of(table) == DATA


def test_rule_under_a_column_group_makes_a_spanning_heading() -> None:
    vectors = [rule(100, 85, 400, 85), rule(100, 115, 400, 115), rule(100, 162, 400, 162), rule(200, 99, 340, 99)]
    lines = [text("Years", 250, 89), *body(DATA, XS, 104)]
    [table] = find_tables(page(lines, vectors))
    assert cell_at(table, 0, 1).text == "Years"
    assert cell_at(table, 0, 1).column_span == 2
    assert cell_at(table, 0, 0).text == "Name"
    assert cell_at(table, 0, 0).row_span == 2


def test_filled_header_alone_bounds_the_table_above() -> None:
    vectors = [fill(100, 100, 200, 115), fill(200, 100, 300, 115), fill(300, 100, 400, 115)]
    lines = body(DATA, XS, 104) + prose(100, 190, 6, 60)
    [table] = find_tables(page(lines, vectors))
    assert rows_of(table) == DATA


def test_stripes_bound_rows_and_the_header_stands_above() -> None:
    vectors = [fill(100, 115, 400, 130), fill(100, 145, 400, 160)]
    [table] = find_tables(page(body(DATA, XS, 104), vectors))
    assert rows_of(table) == DATA


def test_aligned_values_without_rules_are_a_table_and_keep_empty_cells() -> None:
    rows = [*DATA, ["Delta", "", "41.5"], ["Omega", "50.5", "51.5"]]
    lines = prose(100, 40, 4, 60) + body(rows, XS, 104) + prose(100, 220, 4, 60)
    [table] = find_tables(page(lines))
    assert table.method == "unruled"
    assert rows_of(table) == rows


def test_right_aligned_values_make_one_column() -> None:
    values = [("Alpha", "5"), ("Beta", "1,250"), ("Gamma", "12"), ("Delta", "107,000")]
    lines = [text(a, 100, 100 + 15 * i) for i, (a, _) in enumerate(values)]
    lines += [text(b, 300, 100 + 15 * i, right=True) for i, (_, b) in enumerate(values)]
    [table] = find_tables(page(lines))
    assert rows_of(table) == [list(v) for v in values]


def test_wrapped_cells_without_rules_become_one_row() -> None:
    lines: list[Line] = []
    for i in range(4):
        y = 100 + 40 * i
        lines += [text("several words", 100, y), text("go on here", 100, y + 11), text("more", 250, y)]
        lines += [text("again", 250, y + 11)]
        lines += [text(f"{i}4.5", 400, y)]
    [table] = find_tables(page(lines))
    assert rows_of(table) == [["several words go on here", "more again", f"{i}4.5"] for i in range(4)]


def test_labels_span_the_rows_below_that_have_none() -> None:
    rows = [
        ["Area", "Town", "2021"],
        ["North", "Aa", "1.5"],
        ["", "Bb", "2.5"],
        ["South", "Cc", "3.5"],
        ["", "Dd", "4"],
    ]
    [table] = find_tables(page(body(rows, XS, 104)))
    assert [(c.row, c.row_span) for c in table.cells if c.column == 0] == [(0, 1), (1, 2), (3, 2)]


def test_typed_rules_are_not_content() -> None:
    lines = [text("-" * 40, 100, 98), *body(DATA[:1], XS, 104), text("=" * 40, 100, 112), *body(DATA[1:], XS, 119)]
    lines += [text("|", 195, 104 + 15 * i) for i in range(4)]
    [table] = find_tables(page(lines))
    assert rows_of(table) == DATA


def test_wide_spaces_in_a_span_part_columns() -> None:
    rows = [("Year", "2020", "2021"), ("Aaaa", "1.55", "2.55"), ("Bbbb", "3.55", "4.55"), ("Cccc", "5.55", "6.55")]
    lines = [text("        ".join(row), 100, 100 + 15 * i, size=10) for i, row in enumerate(rows)]
    lines = [Line((Span(li.spans[0].text, li.box, "Courier", SIZE, Style.MONO),), li.box) for li in lines]
    [table] = find_tables(page(lines))
    assert rows_of(table) == [list(row) for row in rows]


def test_a_span_over_two_ruled_cells_is_cut_at_the_rule() -> None:
    vectors = grid_rules([100, 200, 300], [100, 115, 130])
    span = text("left side" + " " * 2 + "right side", 150, 104)
    lines = [span, text("x", 104, 119), text("y", 204, 119)]
    [table] = find_tables(page(lines, vectors))
    assert rows_of(table) == [["left side", "right side"], ["x", "y"]]


def test_boxed_paragraph_and_page_frame_are_not_tables() -> None:
    box = grid_rules([90, 500], [90, 200])
    assert find_tables(page(prose(100, 100, 7, 60), box)) == []
    frame = grid_rules([10, 590], [10, 790])
    assert find_tables(page(prose(100, 100, 30, 60), frame)) == []


def test_two_column_prose_is_not_a_table() -> None:
    lines = prose(50, 60, 40) + prose(320, 60, 40)
    assert find_tables(page(lines)) == []
    assert find_tables(page(lines, [rule(50, 50, 550, 50), rule(50, 560, 550, 560)])) == []


def test_lists_and_contents_are_not_tables() -> None:
    items = [line for i in range(6) for line in (text(f"{i + 1}.", 100, 100 + 15 * i), text("12", 130, 100 + 15 * i))]
    assert find_tables(page(items)) == []
    dotted = [text("Some title . . . . . . . . .", 100, 100 + 15 * i) for i in range(6)]
    dotted += [text(str(3 * i), 400, 100 + 15 * i) for i in range(6)]
    assert find_tables(page(dotted)) == []
    plain = [text(f"{i + 1}.2 Some title", 100, 100 + 15 * i) for i in range(6)]
    plain += [text(str(3 * i), 400, 100 + 15 * i) for i in range(6)]
    assert find_tables(page(plain)) == []


def test_formulas_are_not_tables() -> None:
    lines = [line for i in range(5) for line in (text("x =", 100, 100 + 15 * i), text("+ 12", 200, 100 + 15 * i))]
    assert find_tables(page(lines)) == []


def test_bar_chart_is_not_a_table() -> None:
    bars = [fill(100 + 20 * i, 300 - 15 * i, 112 + 20 * i, 300) for i in range(10)]
    lines = [text(str(i), 102 + 20 * i, 305) for i in range(10)]
    assert find_tables(page(lines, [*bars, rule(95, 300, 320, 300)])) == []


def test_caption_inside_the_outer_frame_is_left_to_the_page() -> None:
    vectors = grid_rules([100, 200, 300, 400], [100, 115, 130, 145, 160])
    vectors += [rule(100, 80, 400, 80), rule(100, 80, 100, 100), rule(400, 80, 400, 100)]
    lines = [text("Table 1. What was counted", 150, 87), *body(DATA, XS, 104)]
    [table] = find_tables(page(lines, vectors))
    assert rows_of(table) == DATA
    assert (0, 0) not in table.lines


def test_hidden_and_upright_text_is_left_alone() -> None:
    lines = body(DATA, XS, 104)
    hidden = Span("secret", Box(104, 119, 150, 126), hidden="white on white")
    lines.append(Line((hidden,), Box(104, 119, 150, 126)))
    lines.append(Line((Span("side", Box(210, 100, 217, 150)),), Box(210, 100, 217, 150), (0.0, 1.0)))
    [table] = find_tables(page(lines, grid_rules([100, 200, 300, 400], [100, 115, 130, 145, 160])))
    assert rows_of(table) == DATA


def test_drawings_and_maps_stay_fast() -> None:
    rng = random.Random(7)
    vectors = []
    for _ in range(50_000):
        x, y = rng.uniform(0, 590), rng.uniform(0, 790)
        vectors.append(Vector(Box(x, y, x + rng.uniform(0, 30), y + rng.uniform(0, 30)), rng.random() < 0.5, True))
    start = time.process_time()
    find_tables(page(prose(50, 60, 40), vectors))
    assert time.process_time() - start < 5
    crowd = [text("ab", rng.uniform(0, 590), rng.uniform(0, 790)) for _ in range(MAX_PIECES + 1)]
    assert find_tables(page(crowd)) == []


COORDINATE = st.integers(0, 39).map(lambda n: 15.0 * n)


@st.composite
def pages(draw: st.DrawFn) -> ExtractedPage:
    spots = draw(st.lists(st.tuples(COORDINATE, COORDINATE), min_size=4, max_size=60, unique=True))
    gaps = draw(st.lists(st.sampled_from([" ", "    "]), min_size=len(spots), max_size=len(spots)))
    numbers = draw(st.booleans())
    lines = []
    for i, ((x, y), gap) in enumerate(zip(spots, gaps, strict=True)):
        words = f"{1000 + i}" if numbers else f"w{1000 + i}{gap}v{1000 + i}"
        lines.append(text(words, x, y, size=draw(st.sampled_from([4.0, 8.0]))))
    xs = sorted(draw(st.lists(COORDINATE, max_size=6, unique=True)))
    ys = sorted(draw(st.lists(COORDINATE, max_size=8, unique=True)))
    vectors = [rule(a, y, b, y) for y in ys for a, b in pairwise(xs) if draw(st.integers(0, 9)) < 8]
    vectors += [rule(x, a, x, b) for x in xs for a, b in pairwise(ys) if draw(st.integers(0, 9)) < 8]
    return page(lines, vectors)


def tokens(texts: Iterable[str]) -> list[str]:
    return sorted(token for words in texts for token in re.findall(r"[vw]?\d{4}", words))


@settings(max_examples=80, deadline=None)
@given(pages())
def test_cells_tile_the_table_and_hold_each_consumed_span_once(made: ExtractedPage) -> None:
    taken: set[tuple[int, int]] = set()
    for table in find_tables(made):
        rows, columns = table_shape(table.cells)
        covered = [
            (r, c)
            for cell in table.cells
            for r in range(cell.row, cell.row + cell.row_span)
            for c in range(cell.column, cell.column + cell.column_span)
        ]
        assert sorted(covered) == [(r, c) for r in range(rows) for c in range(columns)]
        assert rows >= 2
        assert columns >= 2
        consumed = [made.lines[line].spans[span].text for line, span in table.lines]
        assert tokens(cell.text for cell in table.cells) == tokens(consumed)
        assert taken.isdisjoint(table.lines)
        taken |= table.lines


def test_group_headings_in_bold_span_the_columns_named_below() -> None:
    xs = [104.0, 204.0, 304.0, 404.0, 504.0]
    heads = [["Name", "North", "", "South", ""], ["", "Aa", "Bb", "Cc", "Dd"]]
    values = [[f"Row{i}", f"{i}1", f"{i}2", f"{i}3", f"{i}4"] for i in range(1, 5)]
    top = [
        text(w, x, 100 + 15 * i, bold=True) for i, row in enumerate(heads) for w, x in zip(row, xs, strict=True) if w
    ]
    [table] = find_tables(page(top + body(values, xs, 130)))
    assert rows_of(table) == [*heads, *values]
    assert [(c.column, c.row_span, c.column_span) for c in table.cells if c.row == 0] == [
        (0, 2, 1),
        (1, 1, 2),
        (3, 1, 2),
    ]


def test_several_lines_of_headings_become_one_row_and_a_section_label_stays_a_row() -> None:
    heads = [text("Mass", 204, 100), text("Area", 304, 100), text("mean", 204, 111), text("mean", 304, 111)]
    lines = [*heads, text("Section one", 104, 126), *body(DATA[1:], XS, 141)]
    [table] = find_tables(page(lines))
    assert rows_of(table) == [["", "Mass mean", "Area mean"], ["Section one", "", ""], *DATA[1:]]


def test_close_headings_are_cut_over_the_gutter() -> None:
    heads = [text("Name", 104, 100), text("Long head", 190, 100), text("Long too", 240, 100)]
    values = [["Aa", "1.5", "2.5"], ["Bb", "3.5", "4.5"], ["Cc", "5.5", "6.5"], ["Dd", "7.5", "8.5"]]
    rules = [rule(100, 95, 300, 95), rule(100, 110, 300, 110), rule(100, 180, 300, 180)]
    [table] = find_tables(page(heads + body(values, [104.0, 204.0, 264.0], 115), rules))
    assert rows_of(table) == [["Name", "Long head", "Long too"], *values]


def test_heading_beside_its_column_joins_it() -> None:
    values = [text(f"{i}5", 300, 115 + 15 * i) for i in range(10)]
    names = [text("Name", 104, 100)] + [text(f"N{i}", 104, 115 + 15 * i) for i in range(10)]
    more = [text("Size", 204, 100)] + [text(f"{i}7", 204, 115 + 15 * i) for i in range(10)]
    [table] = find_tables(page([*names, *more, text("Mass", 320, 100), *values]))
    assert rows_of(table)[0] == ["Name", "Size", "Mass"]
    assert table_shape(table.cells) == (11, 3)
