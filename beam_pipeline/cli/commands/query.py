"""`docbeam query`: SQL over an output, in memory."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, count, islice
from typing import Annotated

import duckdb
import msgspec
import typer

from beam_pipeline.cli.console import columns, emit, is_terminal, tell
from beam_pipeline.cli.flags import with_options
from beam_pipeline.cli.show_rows import Look, show_rows
from schemas.failures import ConfigurationError
from transforms.lake.datasets import open_table
from transforms.lake.log.ledger import RUNS_TABLE
from transforms.lake.snapshot import read_runs, snapshot
from transforms.lake.sql import connect

TABLES = ("documents", "pages", "elements", "chunks", "failures", "runs")
_BATCH = 1000
#: Rows that a terminal shows.
_SHOWN_ROWS = 200


@with_options()
def query(
    output: Annotated[str, typer.Argument(help="Directory or URI of an output (delta, parquet or arrow).")],
    sql: Annotated[str, typer.Argument(help=f"A statement over {', '.join(TABLES)}.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array of objects.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
    as_of: Annotated[str, typer.Option("--as-of", metavar="RUN", help="The tables as this run left them.")] = "",
    version: Annotated[int | None, typer.Option("--version", help="The tables at this version of documents.")] = None,
) -> None:
    """Run a SQL statement (DuckDB) over the tables of an output.

    On a terminal long values and hashes are cut; where the columns do not fit, records stand one below the other. In a
    pipe or a file everything is whole.

    Examples:

        docbeam query tables "SELECT status, count(*) FROM documents GROUP BY status"

        docbeam query tables "SELECT uri, message, hint FROM failures" --csv > failures.csv

        docbeam query tables "SELECT text FROM chunks WHERE text ILIKE '%invoice%' LIMIT 5" --json
    """
    if as_of and version is not None:
        raise ConfigurationError("--as-of and --version exclude each other; give one")
    if as_json and as_csv:
        raise ConfigurationError("--json and --csv exclude each other; give one")

    with _spill() as spill, connect(spill) as connection:
        try:
            check_statement(connection, sql)
            _register(connection, output, as_of, version)
            answer = connection.execute(sql)
            names = distinct([column[0] for column in answer.description or ()])
            _print(names, _rows(answer), as_json=as_json, as_csv=as_csv)
        except duckdb.Error as error:
            raise ConfigurationError(f"SQL: {_on_one_line(str(error))}") from error


@contextmanager
def _spill() -> Iterator[str]:
    """A folder for what does not fit into memory; '' where there is no room for one."""
    with ExitStack() as stack:
        folder = ""
        with suppress(OSError):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="docbeam-query-"))
        yield folder


def check_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise ConfigurationError unless it is one statement, and none that fetches code. duckdb.Error: it is no SQL."""
    try:
        sql.encode()
        kinds = [statement.type.name for statement in connection.extract_statements(sql)]
    except UnicodeEncodeError as error:
        raise ConfigurationError("SQL: the statement is not UTF-8") from error
    except ValueError:  # a kind that DuckDB's Python does not know: UPDATE EXTENSIONS, for one
        kinds = ["LOAD"]
    if len(kinds) != 1:
        given = f"{len(kinds)} statements" if kinds else "no statement"
        raise ConfigurationError(f"SQL: {given}: give one, such as SELECT count(*) FROM documents")
    if kinds[0] == "LOAD":
        raise ConfigurationError(
            "SQL: extensions are not loaded here, nor downloaded: open the tables in DuckDB itself"
        )


def distinct(names: Sequence[str]) -> list[str]:
    """Column names of which no two are equal: text, text_1. Nothing else tells apart what a join brings."""
    taken: set[str] = set()
    found = []
    for name in names:
        numbered = (each for number in count(1) if (each := f"{name}_{number}") not in names)
        found.append(next(each for each in chain([name], numbered) if each not in taken))
        taken.add(found[-1])
    return found


def _on_one_line(message: str) -> str:
    """DuckDB's message without the picture of where in the statement, and without advice that does not help here."""
    advice = message.partition("Please try installing")[0]
    return " ".join(line.strip() for line in advice.splitlines() if line.strip(" ^"))


def _register(connection: duckdb.DuckDBPyConnection, output: str, as_of: str, version: int | None) -> None:

    found = snapshot(output, as_of, version)
    for name in TABLES:
        if name != RUNS_TABLE:
            connection.register(name, found.open(name))
        elif read_runs(found.root):
            connection.register(name, open_table(found.root, name))


def _rows(answer: duckdb.DuckDBPyConnection) -> Iterator[tuple[object, ...]]:
    while batch := answer.fetchmany(_BATCH):
        yield from batch


def _print(names: Sequence[str], rows: Iterator[tuple[object, ...]], *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        _print_json(names, rows)
    elif as_csv:
        _print_csv(names, rows)
    else:
        _print_table(names, rows, full=not is_terminal())


def _print_csv(names: Sequence[str], rows: Iterator[tuple[object, ...]]) -> None:
    for row in chain([names], rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        emit(line.getvalue(), end="")


def _print_json(names: Sequence[str], rows: Iterator[tuple[object, ...]]) -> None:
    """One row a line, never the whole answer in memory."""
    separator = "[\n"
    for row in rows:
        emit(separator + _encode(dict(zip(names, row, strict=True))), end="")
        separator = ",\n"
    print("[]" if separator == "[\n" else "\n]")


def _encode(row: dict[str, object]) -> str:
    return msgspec.json.encode(row, enc_hook=str).decode("utf-8")


def _print_table(names: Sequence[str], rows: Iterator[tuple[object, ...]], *, full: bool) -> None:
    shown = show_rows(names, rows if full else islice(rows, _SHOWN_ROWS), Look(width=columns(), full=full))
    for line in shown.lines:
        print(line)
    if not full and next(rows, None) is not None:
        tell(f"only the first {_SHOWN_ROWS} rows are shown; a pipe (| less -S), --csv and --json have all")
    if shown.is_cut:
        tell("values are cut; a pipe (| less -S), --csv and --json have them whole")
