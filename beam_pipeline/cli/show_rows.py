"""Rows for people: a table where it fits, else records one below the other, like psql's expanded display.

On a terminal values are cut, and told to be; anywhere else (pipes, logs) every value is whole, on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import NamedTuple

import msgspec
from rich.cells import cell_len

from beam_pipeline.cli.console import cut, one_line

#: Hashes and ids in hexadecimal; they say as much by their first digits.
_HASH = re.compile(r"[0-9a-f]{24,}")
_SHORT_HASH = 12
#: Columns of a cell in a table on a terminal, at most.
_CELL = 80
#: Rows that decide how a stream of rows is shown.
_MEASURED = 1000


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How rows are shown."""

    #: Columns of the terminal, or of a line in a log.
    width: int
    #: Whether every value is shown whole.
    full: bool = False


class Shown(NamedTuple):
    """What is printed, and whether anything in it was cut."""

    lines: Iterator[str]
    is_cut: bool


def show_rows(names: Sequence[str], rows: Iterable[Sequence[object]], look: Look) -> Shown:
    """The lines of a table or of records. The first rows decide which, so any number of rows can pass."""
    rows = iter(rows)
    first = list(islice(rows, _MEASURED))
    heads = [one_line(name) for name in names]
    whole = [[_text(value, short=not look.full) for value in row] for row in first]
    if look.full:
        rest = ([_text(value, short=False) for value in row] for row in rows)
        return Shown(_laid_out(heads, whole, rest, look.width), is_cut=False)
    for cells in (_each(whole, _CELL), _each(_short_hashes(whole), _CELL)):
        if _table_width(heads, cells) <= look.width:
            return Shown(_table(heads, cells), is_cut=cells != whole)
    room = max(_SHORT_HASH, look.width - _name_width(heads) - len(_BETWEEN))
    fitting = _each(_short_hashes(whole, room), room)
    return Shown(_records(heads, fitting), is_cut=fitting != whole)


def _laid_out(
    heads: Sequence[str], first: Sequence[Sequence[str]], rest: Iterable[Sequence[str]], width: int
) -> Iterator[str]:
    rows = chain(first, rest)
    if _table_width(heads, first) <= width:
        return _table(heads, rows, _widths(heads, first))
    return _records(heads, rows)


_BETWEEN = " | "


def _text(value: object, *, short: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and short:
        # Times are UTC throughout; another offset stays.
        plain = value.replace(tzinfo=None) if value.utcoffset() in (None, timedelta(0)) else value
        return plain.isoformat(" ", "seconds")
    return one_line(str(value))


def _each(cells: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    return [[cut(text, width) for text in row] for row in cells]


def _short_hashes(cells: Sequence[Sequence[str]], room: int = _SHORT_HASH) -> list[list[str]]:
    """Columns of hashes by their first digits, as many as keep different ones apart."""
    columns = [_short_column(column, room) for column in zip(*cells, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def _short_column(column: Sequence[str], room: int) -> list[str]:
    different = set(filter(None, column))
    if not different or max(map(len, different)) <= room or not all(map(_HASH.fullmatch, different)):
        return list(column)
    digits = max(_SHORT_HASH, room - 1)
    while len({text[:digits] for text in different}) < len(different):
        digits += 1
    return [f"{text[:digits]}…" if len(text) > digits else text for text in column]


def _widths(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:

    columns = zip(*cells, strict=True) if cells else ([] for _ in heads)
    return [max(map(cell_len, (head, *column))) for head, column in zip(heads, columns, strict=True)]


def _table_width(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    return sum(_widths(heads, cells)) + len(_BETWEEN) * (len(heads) - 1)


def _name_width(heads: Sequence[str]) -> int:
    return max(_widths(heads, []), default=0)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int] | None = None) -> Iterator[str]:
    if widths is None:
        rows = list(rows)
        widths = _widths(heads, rows)
    yield _line(heads, widths)
    yield "-+-".join("-" * width for width in widths)
    for row in rows:
        yield _line(row, widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _BETWEEN.join(_padded(cell, width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _padded(text: str, width: int) -> str:

    return text + " " * (width - cell_len(text))


def _records(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    width = _name_width(heads)
    for number, row in enumerate(rows, start=1):
        yield f"-[ {number} ]-".ljust(width + len(_BETWEEN), "-")
        for head, value in zip(heads, row, strict=True):
            yield f"{_padded(head, width)}{_BETWEEN}{value}".rstrip()
