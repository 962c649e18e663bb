"""Statements that are none, and columns that are called the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.cli.commands.query import check_statement, distinct
from schemas.failures import ConfigurationError
from transforms.lake.sql import connect


@given(st.lists(st.sampled_from(["a", "a_1", "a_1_1", "b", "A"])))
def test_distinct_names(names):
    found = distinct(names)
    assert len(set(found)) == len(found) == len(names)
    for at, name in enumerate(names):
        assert found[at] == name if name not in names[:at] else found[at].startswith(name)


def test_distinct_names_keep_what_is_written():
    assert distinct(["text", "text", "text_1", "text"]) == ["text", "text_2", "text_1", "text_3"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT ';'; -- and no more",
        "FROM range(3)",
        "PIVOT (SELECT 1 AS a) ON a USING count(*)",
        "COPY (SELECT 1) TO 'x.csv'",
    ],
)
def test_one_statement(sql):
    check_statement(connect(), sql)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("", "no statement: give one, such as"),
        (" ;\n; ", "no statement"),
        ("/* nothing */ -- here", "no statement"),
        ("SELECT 1; SELECT 2", "2 statements: give one"),
        ("INSTALL httpfs", "extensions are not loaded here, nor downloaded"),
        ("FORCE INSTALL spatial FROM community", "extensions are not loaded"),
        ("LOAD httpfs", "extensions are not loaded"),
        ("UPDATE EXTENSIONS", "extensions are not loaded"),
        ("SELECT '\udcff'", "not UTF-8"),
    ],
)
def test_no_statement_of_ours(sql, message):
    with pytest.raises(ConfigurationError, match=message):
        check_statement(connect(), sql)
