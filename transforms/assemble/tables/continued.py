"""Tables that a page or column break cut in pieces become one table again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from schemas.content import BlockType, Cell
from schemas.geometry import Box, union
from transforms.assemble.draft import Draft
from transforms.assemble.relations.labels import CONTINUED, leading_label
from transforms.render.table import header_rows, table_shape

#: What may stand between the pieces.
_BESIDE = frozenset({BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER, BlockType.HIDDEN, BlockType.FOOTNOTE})
#: The first piece reaches below this share of the page's height, the second begins above that one.
LOW, HIGH = 0.6, 0.4
#: Points that the edges of one column differ between the pieces, after both are moved to the same left edge.
TOLERANCE = 6.0
#: 'Continued on the next page', 'Table 3 (continued)': so many lines, no longer than this.
_NOTICES, _NOTICE_CHARS = 2, 160
_NUMBER = re.compile(r"[^\w%$€£]*[\d.,%$€£()+−–-]*\d[\d.,%$€£()+−–-]*\W*")

Extents = dict[int, tuple[float, float]]


def join_continued_tables(drafts: Sequence[Draft], heights: Mapping[int, float]) -> list[Draft]:
    """The drafts with each continued table in the place of its first piece; `heights` are those of the pages."""
    joined: list[Draft] = []
    #: Place in `joined` of a table that nothing has followed yet, its last piece, and the notices seen since.
    open_at, last = -1, None
    between: list[Draft] = []
    for draft in drafts:
        if draft.type is BlockType.TABLE:
            if last is not None and _continues(joined[open_at], last, draft, between, heights):
                joined[open_at] = _append(joined[open_at], draft)
            else:
                open_at = len(joined)
                joined.append(draft)
            last, between = draft, []
            continue
        joined.append(draft)
        if draft.type in _BESIDE:
            continue
        between.append(draft)
        if len(between) > _NOTICES or not _is_notice(draft):
            last = None
    return joined


def _is_notice(draft: Draft) -> bool:
    text = _text(draft)
    return len(text) <= _NOTICE_CHARS and CONTINUED.search(text) is not None


def _text(draft: Draft) -> str:
    return "".join(part.span.text for part in draft.spans)


def _continues(
    whole: Draft, last: Draft, following: Draft, between: Sequence[Draft], heights: Mapping[int, float]
) -> bool:
    """Whether a table goes on after its last piece."""
    if last.box is None or following.box is None:
        return False
    if not _breaks(last.box, following.box, following.page - last.page, heights.get(last.page, 0.0)):
        return False
    if any(leading_label(_text(notice))[0] not in {"", "table"} for notice in between):
        return False
    if not _same_columns(last, following):
        return False
    return _repeated_rows(whole.cells, following.cells) > 0 or not _has_own_header(whole.cells, following.cells)


def _breaks(above: Box, below: Box, pages: int, height: float) -> bool:
    """Whether a column or page ends between the boxes."""
    if pages == 0:
        return below.x0 > above.x1 - TOLERANCE and below.y0 < above.y0
    return pages == 1 and above.y1 > LOW * height and below.y0 < HIGH * height


def _same_columns(above: Draft, below: Draft) -> bool:
    """The same number of columns, at the same places from the left edge."""
    if above.box is None or below.box is None or table_shape(above.cells)[1] != table_shape(below.cells)[1]:
        return False
    first, second = _extents(above.cells, above.box.x0), _extents(below.cells, below.box.x0)
    shared = first.keys() & second.keys()
    if not shared or abs(above.box.width - below.box.width) > max(2 * TOLERANCE, 0.15 * above.box.width):
        return False
    return all(_meet(first[column], second[column]) for column in shared)


def _extents(cells: Sequence[Cell], left: float) -> Extents:
    """From where to where each column reaches, by its cells that span no other."""
    found: Extents = {}
    for cell in cells:
        if cell.box is not None and cell.column_span == 1 and cell.text:
            x0, x1 = found.get(cell.column, (cell.box.x0 - left, cell.box.x1 - left))
            found[cell.column] = (min(x0, cell.box.x0 - left), max(x1, cell.box.x1 - left))
    return found


def _meet(a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Whether the narrower column lies in the wider one, or an edge is the same."""
    inside = min(a[1], b[1]) - max(a[0], b[0]) >= min(a[1] - a[0], b[1] - b[0]) - TOLERANCE
    return inside or abs(a[0] - b[0]) < TOLERANCE or abs(a[1] - b[1]) < TOLERANCE


def _rows(cells: Sequence[Cell], count: int) -> list[list[tuple[int, str]]]:
    """Columns and texts of the first rows."""
    rows: list[list[tuple[int, str]]] = [[] for _ in range(count)]
    for cell in sorted(cells, key=lambda cell: (cell.row, cell.column)):
        if cell.row < count and cell.text.strip():
            rows[cell.row].append((cell.column, " ".join(cell.text.split())))
    return rows


def _repeated_rows(first: Sequence[Cell], second: Sequence[Cell]) -> int:
    """How many rows at the top of the second piece repeat the header of the first."""
    count = min(header_rows(first), table_shape(second)[0] - 1)
    while count > 0:
        rows = _rows(first, count)
        if any(rows) and rows == _rows(second, count) and not _crosses(second, count):
            return count
        count -= 1
    return 0


def _crosses(cells: Sequence[Cell], row: int) -> bool:
    return any(cell.row < row < cell.row + cell.row_span for cell in cells)


def _has_own_header(first: Sequence[Cell], second: Sequence[Cell]) -> bool:
    """Whether the second piece begins with words where the columns of the first hold numbers."""
    head = header_rows(first)
    numeric = [column for column, texts in _columns(first, head).items() if _mostly_numbers(texts)]
    top = dict(_rows(second, 1)[0])
    words = [column for column in numeric if column in top and not _NUMBER.fullmatch(top[column])]
    return len(words) > len(numeric) / 2


def _columns(cells: Sequence[Cell], start: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for cell in cells:
        if cell.row >= start and cell.text.strip() and cell.column_span == 1:
            found.setdefault(cell.column, []).append(cell.text.strip())
    return found


def _mostly_numbers(texts: Sequence[str]) -> bool:
    return 2 * sum(_NUMBER.fullmatch(text) is not None for text in texts) > len(texts)


def _append(whole: Draft, piece: Draft) -> Draft:
    """The table with the rows of the piece below its own, apart from those that repeat its header."""
    repeated = _repeated_rows(whole.cells, piece.cells)
    moved = _moved(piece, table_shape(whole.cells)[0] - repeated, repeated)
    boxes = [table.box for table in (whole, piece) if table.box is not None and table.page == whole.page]
    confidence = min(whole.confidence, piece.confidence)
    return replace(whole, cells=(*whole.cells, *moved), box=union(boxes), confidence=confidence)


def _moved(table: Draft, by: int, skipped: int) -> Iterator[Cell]:
    """Rows taken for a header at the top of a page are none in the middle of a table."""
    head = header_rows(table.cells)
    for cell in table.cells:
        if cell.row >= skipped:
            header, page = cell.header and cell.row >= head, cell.page or table.page
            yield msgspec.structs.replace(cell, row=cell.row + by, header=header, page=page)
