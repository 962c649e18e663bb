from schemas.content import Cell
from transforms.render.table import ends_short, table_markdown


def cells(*rows: str) -> list[Cell]:
    return [Cell(i, j, text) for i, row in enumerate(rows) for j, text in enumerate(row) if text != " "]


def test_rows_that_end_short_are_told_from_rows_with_gaps() -> None:
    assert ends_short(cells("abc", "de"))
    assert not ends_short(cells("abc", "def"))
    assert not ends_short(cells("abc", "d f", "gh"))
    assert not ends_short([])


def test_spanning_cells_fill_their_rows() -> None:
    assert not ends_short([Cell(0, 0, "a", row_span=2), Cell(0, 1, "b"), Cell(1, 1, "c")])
    assert ends_short([Cell(0, 0, "a", row_span=2), Cell(0, 1, "b")])


def test_markdown_pads() -> None:
    assert table_markdown(cells("ab", "c")).splitlines()[-1] == "| c |  |"
