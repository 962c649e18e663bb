"""Whether rows of text make a table, judged by alignment, values, and what they are not: lists, contents, formulas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from transforms.assemble.tables.columns import Column, infer_columns, place
from transforms.assemble.tables.grid import all_chunks
from transforms.assemble.tables.text import Chunk, TextRow

_LABEL = re.compile(r"(?:[•◦▪‣●○■□*–—-]|\(?\w{1,3}[.)]|\(\w{1,4}\)|\d+(?:\.\d+)+\.?)")
_MATH = re.compile(r"[=∑∫√∏⇒→∈≤≥{}]|^[+−·×/()\[\]]+$|^[+−] ")
_LEADERS = re.compile(r"(?:\.\s?){4,}|…{2,}")
_SECTION = re.compile(r"(?:[A-Z]\.)?\d+(?:\.\d+)*\.?\s+\S|(?:chapter|part|section|appendix)\b", re.I)


def is_table(rows: Sequence[TextRow]) -> bool:
    """Whether rows without rules make a table: columns that are aligned, well filled, of values or short words."""
    multiple = [r for r in rows if len(r.chunks) > 1]
    if len(multiple) < 3:
        return False
    columns = infer_columns(rows)
    if len(columns) < 2 or _is_formula(rows) or aligned_share(rows, columns) < 0.65:
        return False
    if len(columns) < 3 and (_is_list(multiple) or _is_contents(multiple)):
        return False
    filled = sum(len(c.rows) for c in columns) / (len(columns) * len(multiple))
    if filled < 0.45 or len(multiple) < 0.6 * len(rows):
        return False
    return _has_values(multiple, columns) or _has_short_words(rows, filled, len(columns))


def _is_list(rows: Sequence[TextRow]) -> bool:
    """Whether the rows are list items: most begin with a bullet or a number."""
    return sum(1 for row in rows if _LABEL.fullmatch(row.chunks[0].text.strip())) > 0.5 * len(rows)


def _is_contents(rows: Sequence[TextRow]) -> bool:
    """Whether the rows are a table of contents: leader dots, or numbered titles before rising page numbers."""
    if sum(1 for row in rows if any(_LEADERS.search(c.text) for c in row.chunks)) > 0.4 * len(rows):
        return True
    pages = [row.chunks[-1].text for row in rows if row.chunks[-1].text.isdecimal()]
    numbered = sum(1 for row in rows if _SECTION.match(row.chunks[0].text))
    rising = all(int(a) <= int(b) for a, b in pairwise(pages))
    return rising and len(pages) >= 0.8 * len(rows) and numbered > 0.5 * len(rows)


def _has_values(rows: Sequence[TextRow], columns: Sequence[Column]) -> bool:
    """Whether values make up the columns after the first, or (beside wrapped text) one whole column."""
    later = [c for row in rows for c in row.chunks[1:]]
    if sum(1 for c in later if c.numeric) >= 0.4 * len(later):
        return True
    last = [c for row in rows for c, first, _ in place(row, columns) if first == len(columns) - 1]
    values = sum(1 for c in last if c.numeric)
    return len(columns) >= 3 and values >= max(3, 0.75 * len(last)) and aligned_share(rows, columns) >= 0.85


def _has_short_words(rows: Sequence[TextRow], filled: float, columns: int) -> bool:
    chunks = all_chunks(rows)
    short = sum(1 for c in chunks if len(c.text) < 24) / len(chunks)
    multiple = sum(1 for row in rows if len(row.chunks) > 1)
    return columns >= 3 and filled >= 0.75 and short >= 0.8 and multiple >= 4


def is_divided(wide: Sequence[float], rows: Sequence[TextRow]) -> bool:
    """Whether at least two rules, or a rule and a filled header, part the rows, and the rows keep to columns."""
    top, bottom = rows[0].y0, rows[-1].y1
    groups = {sum(1 for row in rows if row.y1 > y + 1) for y in wide if top + 2 < y < bottom - 2}
    outer = sum(1 for y in (wide[0], wide[-1]) if y <= top + 2 or y >= bottom - 2)
    columns = infer_columns(rows)
    if not groups or len(groups) + outer < 2 or len(columns) < 2 or _is_formula(rows):
        return False
    multiple = sum(1 for row in rows if len(row.chunks) > 1)
    header = max(len(row.chunks) for row in rows[:3])
    return aligned_share(rows, columns) >= 0.6 and multiple >= 0.4 * len(rows) and header >= 0.6 * len(columns)


def aligned_share(rows: Sequence[TextRow], columns: Sequence[Column]) -> float:
    """Share of chunks that agree with their column on a left edge, right edge or centre."""
    members: dict[int, list[Chunk]] = {}
    for row in rows:
        if len(row.chunks) > 1:
            for chunk, first, last in place(row, columns):
                if first == last:
                    members.setdefault(first, []).append(chunk)
    total = sum(map(len, members.values()))
    return sum(map(_agreeing, members.values())) / total if total else 0.0


def _agreeing(chunks: Sequence[Chunk]) -> int:
    """How many chunks share the most common left edge, right edge or centre (within two points)."""
    best = 0
    for edge in ([c.x0 for c in chunks], [c.x1 for c in chunks], [(c.x0 + c.x1) / 2 for c in chunks]):
        ordered, start = sorted(edge), 0
        for stop, value in enumerate(ordered):
            while value - ordered[start] > 4:
                start += 1
            best = max(best, stop - start + 1)
    return best


def _is_formula(rows: Sequence[TextRow]) -> bool:
    chunks = all_chunks(rows)
    return sum(1 for c in chunks if _MATH.search(c.text)) > 0.15 * len(chunks)
