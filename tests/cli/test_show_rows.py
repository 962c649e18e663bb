import unicodedata
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from beam_pipeline.cli.show_rows import Look, show_rows
from schemas.ids import stable_id

NAMES = ("doc_id", "uri", "text")


def lines(names, rows, width, full=False):
    shown = show_rows(names, rows, Look(width=width, full=full))
    return list(shown.lines), shown.is_cut


def test_a_table_where_it_fits():
    found, is_cut = lines(("status", "n"), [("ok", 8), ("failed", 12), (None, 0)], 80)
    assert found == ["status | n", "-------+---", "ok     | 8", "failed | 12", "       | 0"]
    assert not is_cut


def test_records_where_it_does_not():
    found, is_cut = lines(("path", "text"), [("a.pdf", "x" * 40), ("b.pdf", "y")], 30)
    assert found == ["-[ 1 ]-", "path | a.pdf", f"text | {'x' * 22}…", "-[ 2 ]-", "path | b.pdf", "text | y"]
    assert is_cut


def test_hashes_are_cut_before_anything_else_and_stay_apart():
    same = "a" * 16 + "b" * 14
    ids = [stable_id(number) for number in range(3)] + [f"{same}01", same.replace("b", "c") + "01"]
    found, is_cut = lines(("id", "n"), [(value, 1) for value in ids], 30)
    shown = [line.split(" | ")[0].rstrip() for line in found[2:]]
    assert is_cut and found[0].startswith("id")
    assert len(set(shown)) == len(ids)
    for value, short in zip(ids, shown, strict=True):
        assert value.startswith(short.rstrip("…"))
    assert lines(("id",), [(ids[0],)], 40) == (["id", "-" * 32, ids[0]], False)


def test_full_is_whole_in_both_forms():
    row = (stable_id("a"), "file:///" + "d/" * 200, "two\nlines")
    found, is_cut = lines(NAMES, [row], 60, full=True)
    assert found == ["-[ 1 ]-" + "-" * 2, f"doc_id | {row[0]}", f"uri    | {row[1]}", r"text   | two\nlines"]
    assert not is_cut
    assert lines(("n",), ((number,) for number in range(5000)), 60, full=True)[0][-1] == "4999"


def test_times_are_short_on_a_terminal_only():
    moment = datetime(2026, 11, 28, 10, 59, 45, 123456, tzinfo=UTC)
    assert lines(("t",), [(moment,)], 60)[0][2] == "2026-11-28 10:59:45"
    assert lines(("t",), [(moment,)], 60, full=True)[0][2] == "2026-11-28 10:59:45.123456+00:00"
    elsewhere = moment.astimezone(timezone(timedelta(hours=2)))
    assert lines(("t",), [(elsewhere,)], 60)[0][2] == "2026-11-28 12:59:45+02:00"


def test_nothing_found_shows_the_columns():
    assert lines(("a", "b"), [], 60)[0] == ["a | b", "--+--"]
    assert lines(("a" * 50, "b" * 50), [], 60)[0] == []


@given(
    st.lists(st.tuples(*[st.one_of(st.none(), st.integers(), st.text(max_size=120))] * 3), max_size=6),
    st.integers(min_value=24, max_value=200),
)
def test_no_line_is_wider_than_the_terminal_or_moves_its_cursor(rows, width):
    found, _ = lines(NAMES, rows, width)
    for line in found:
        assert cell_len(line) <= width
        assert not {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.lists(st.tuples(*[st.text(max_size=200)] * 3), min_size=1, max_size=4), st.integers(24, 200))
def test_full_values_stand_on_one_line_each(rows, width):
    found, _ = lines(NAMES, rows, width, full=True)
    for row in rows:
        for value in row:
            if value.isprintable():
                assert any(value.rstrip() in line for line in found)
