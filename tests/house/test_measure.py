"""The table of `make house`."""

import pytest
from measure import is_participle, rows


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("settled", True), ("_fetched_part", True), ("known_rows", True), ("feed_pages", False), ("read_rows", False)],
)
def test_participles_are_told_from_verbs(name: str, wanted: bool) -> None:
    assert is_participle(name) is wanted


def test_rows_say_what_holds() -> None:
    table = {row.what: row for row in rows()}
    assert table["import circles"].reached and table["arrows that run back up"].reached
    assert table["branches per 10 lines of code"].now.replace(".", "").isdigit()
    assert len(table) == 10
