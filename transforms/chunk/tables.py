"""Tables in pieces: rows, each later piece under the table's header lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from transforms.chunk.running import Placed, RunningText, Window
from transforms.chunk.splitting import cells, lines, split

#: The line below the header rows. Body cells never look like it: cells are padded with spaces.
_SEPARATOR = re.compile(r"^\|(?:---\|)+$", re.MULTILINE)


def header_window(running: RunningText, table: Placed, limit: int) -> Window | None:
    """The table's header lines with the separator; None when they take over half the limit, or there are none."""
    match = _SEPARATOR.search(running.text, table.start, table.end)
    if match is None or match.end() == table.end:
        return None
    window = running.window(table.start, match.end())
    return window._replace(repeated=True) if window.tokens * 2 <= limit else None


def row_windows(running: RunningText, table: Placed, start: int, limit: int) -> Iterator[Window]:
    """The table's lines from `start`; one longer than `limit` by cells, a cell longer than `limit` by words."""
    for a, b in lines(running.text, start, table.end):
        window = running.window(a, b)
        if window.tokens <= limit:
            yield window
        else:
            yield from _row_pieces(running, a, b, limit)


def _row_pieces(running: RunningText, start: int, end: int, limit: int) -> Iterator[Window]:
    """Cells of one row, as many in a piece as fit; each token is counted about once, however wide the row."""
    parts = cells(running.text, start, end)
    ends = [b for _, b in parts]
    first = 0
    while first < len(parts):
        begin = parts[first][0]
        reach, _ = running.tokenizer.prefix(running.text, begin, end, limit, 0)
        after = bisect_right(ends, reach, first)
        while after > first and running.window(begin, ends[after - 1]).tokens > limit:
            after -= 1
        if after > first:
            yield running.window(begin, ends[after - 1])
        else:
            yield from split(running, *parts[first], limit, ())
        first = max(after, first + 1)
