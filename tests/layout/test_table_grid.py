import numpy as np

from schemas.geometry import Box
from transforms.layout.builtin import raster
from transforms.layout.builtin.table_grid import TableCrop, _strongest, decode, table_crops
from transforms.layout.records import GridCell, LayoutBox, PageInput

ANCHORS = 100


def scores(*likely: tuple[int, float]) -> np.ndarray:
    """Logits that are high at the given anchors only."""
    logits = np.full(ANCHORS, -9.0, np.float32)
    for anchor, logit in likely:
        logits[anchor] = logit
    return logits


NO_SHIFT = np.zeros(ANCHORS, np.float32)


def crop(boxes: list[tuple[float, float, float, float]]) -> TableCrop:
    region = LayoutBox(Box(100, 200, 199, 299), "table", 0.9, tuple(range(10, 10 + len(boxes))))
    return TableCrop(np.zeros((3, 360, 300), np.float32), region, np.array(boxes, np.float32), 99, 99)


FOUR = [(2, 2, 30, 12), (60, 2, 90, 12), (2, 62, 30, 72), (60, 62, 90, 72)]


def test_lines_between_text_make_rows_and_columns() -> None:
    grid = decode([scores((40, 3)), NO_SHIFT, scores((50, 3)), NO_SHIFT], crop(FOUR))
    assert np.allclose(grid.rows, [240]) and np.allclose(grid.columns, [150])
    assert grid.cells == (
        GridCell(10, 0, 1, 0, 1),
        GridCell(11, 0, 1, 1, 2),
        GridCell(12, 1, 2, 0, 1),
        GridCell(13, 1, 2, 1, 2),
    )


def test_offsets_move_a_boundary_by_parts_of_an_anchor_step() -> None:
    grid = decode([scores((40, 3)), NO_SHIFT + 0.5, scores((50, 3)), NO_SHIFT], crop(FOUR))
    assert np.allclose(grid.rows, [240.5])


def test_unlikely_boundaries_do_not_count() -> None:
    grid = decode([scores((40, -1.5)), NO_SHIFT, scores((50, -1.0)), NO_SHIFT], crop(FOUR))
    assert grid.rows == () and np.allclose(grid.columns, [150])


def test_of_close_boundaries_and_of_those_with_nothing_between_the_likelier_stays() -> None:
    rows = scores((30, 1), (40, 3), (50, 2))
    shifts = NO_SHIFT.copy()
    columns = scores((50, 1), (51, 3))
    shifts[50] = 0.9
    grid = decode([rows, NO_SHIFT, columns, shifts], crop(FOUR))
    assert np.allclose(grid.rows, [240]) and np.allclose(grid.columns, [151])


def test_boundaries_on_the_border_are_dropped() -> None:
    borders = scores((0, 3), (50, 3), (99, 3))
    grid = decode([borders, NO_SHIFT, borders, NO_SHIFT], crop(FOUR))
    assert np.allclose(grid.rows, [250]) and np.allclose(grid.columns, [150])


def test_a_wide_line_spans_columns() -> None:
    wide = (2.0, 30.0, 95.0, 40.0)
    grid = decode([scores((20, 3), (50, 3)), NO_SHIFT, scores((50, 3)), NO_SHIFT], crop([*FOUR, wide]))
    assert grid.cells[-1] == GridCell(14, 1, 2, 0, 2)


def test_no_boundaries_make_one_cell() -> None:
    grid = decode([scores(), NO_SHIFT, scores(), NO_SHIFT], crop(FOUR))
    assert (grid.rows, grid.columns) == ((), ())
    assert {(c.row_start, c.row_end, c.column_start, c.column_end) for c in grid.cells} == {(0, 1, 0, 1)}


def test_crops_of_a_page() -> None:
    image = np.full((300, 200, 1), 255, np.uint8)
    image[100:150, 50:150] = 0
    page = PageInput(
        width=200, height=300, boxes=np.array([(60, 110, 90, 120), (0, 0, 9, 9)], np.float32),
        raster=raster.pack(image), raster_width=200, raster_height=300,
    )  # fmt: skip
    inside = LayoutBox(Box(50, 100, 150, 150), "table", 1.0, (0,))
    outside = LayoutBox(Box(500, 100, 600, 150), "table", 1.0, (1,))
    text = LayoutBox(Box(0, 0, 9, 9), "text", 1.0, (1,))
    cut, missing = table_crops(page, [inside, text, outside])
    assert missing is None and cut is not None
    assert (cut.width, cut.height) == (100, 50) and not cut.image.any()
    assert cut.boxes.tolist() == [[10, 10, 40, 20]]
    assert table_crops(PageInput(width=1, height=1), [inside]) == [None]
    assert table_crops(page, [text]) == []


def test_the_last_digit_of_a_score_chooses_nothing() -> None:
    """CPUs differ there, and in the order of what is equal."""
    places = np.array([0.5, 0.505, 0.52, 0.9])
    for last in (1e-6, -1e-6):
        scores = np.array([0.7, 0.7 + last, 0.7 - last, 0.7])
        assert _strongest(places, scores) == [0, 2, 3]
