"""Splitting of rows into tables of bounded area."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.content import BlockType
from transforms.extract.text.grid import table_blocks


def texts(block: object) -> list[str]:
    return [cell.text for cell in block.cells if cell.text]  # type: ignore[attr-defined]


def test_short_rows_stay_short() -> None:
    (block,) = table_blocks([["a", "b"], ["1", "2", "3"], ["x"]], True, "csv")
    assert block.type is BlockType.TABLE and block.source == "csv"
    assert [(c.row, c.column, c.text) for c in block.cells][-2:] == [(1, 2, "3"), (2, 0, "x")]
    assert [c.header for c in block.cells] == [True] * 2 + [False] * 4


def test_header_row_is_repeated() -> None:
    blocks = list(table_blocks([["n", "m"], *([str(i), "v"] for i in range(30))], True, "csv", max_area=20))
    assert len(blocks) > 1
    assert all(texts(block)[:2] == ["n", "m"] and block.cells[0].header for block in blocks)
    assert [t for block in blocks for t in texts(block)[2:] if t != "v"] == [str(i) for i in range(30)]


def test_wide_row_continues_in_further_rows() -> None:
    blocks = list(table_blocks([[str(i) for i in range(100)]], False, "csv", max_area=20))
    assert [t for block in blocks for t in texts(block)] == [str(i) for i in range(100)]


def test_padding_never_explodes() -> None:
    rows = ([["w"] * 1000] + [["n"]] * 500) * 20
    blocks = list(table_blocks(rows, False, "csv"))
    assert sum(len(b.cells) for b in blocks) < 10 * sum(map(len, rows))


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=9), max_size=25), st.integers(4, 60))
def test_nothing_is_lost_and_area_is_bounded(rows: list[list[str]], area: int) -> None:
    blocks = list(table_blocks(rows, False, "csv", max_area=area))
    assert [t for block in blocks for t in texts(block)] == [field for row in rows for field in row]
    assert all(len(block.cells) <= area for block in blocks)
