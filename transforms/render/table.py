"""Tables as Markdown (search text, chunks) and as HTML (exact: spans kept)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from schemas.content import Cell


def table_shape(cells: Sequence[Cell]) -> tuple[int, int]:
    """(rows, columns) that the cells cover, spans included; (0, 0) without cells."""
    rows = max((c.row + c.row_span for c in cells), default=0)
    columns = max((c.column + c.column_span for c in cells), default=0)
    return rows, columns


def header_rows(cells: Sequence[Cell]) -> int:
    """How many leading rows consist of header cells only; at least 1 for a non-empty table (Markdown needs one)."""
    body = {c.row for c in cells if not c.header}
    marked = {c.row for c in cells if c.header}
    count = 0
    while count in marked and count not in body:
        count += 1
    return max(count, 1) if cells else 0


def ends_short(cells: Sequence[Cell]) -> bool:
    """Whether rows lack cells at their end, and only there: a pipe table would invent empty ones, HTML need not."""
    _, columns = table_shape(cells)
    widths, reach = Counter[int](), Counter[int]()
    for cell in cells:
        for row in range(cell.row, cell.row + cell.row_span):
            widths[row] += cell.column_span
            reach[row] = max(reach[row], cell.column + cell.column_span)
    return widths == reach and any(width < columns for width in widths.values())


def table_markdown(cells: Sequence[Cell]) -> str:
    """Pipe table: line i is row i, with one separator line after the header rows.

    A spanning cell's text stands once, in its top-left position. Newlines become spaces, pipes are escaped.
    """
    rows, columns = table_shape(cells)
    grid = [[""] * columns for _ in range(rows)]
    for cell in cells:
        grid[cell.row][cell.column] = " ".join(cell.text.split()).replace("|", "\\|")
    lines = ["| " + " | ".join(row) + " |" for row in grid]
    if lines:
        lines.insert(header_rows(cells), "|" + "---|" * columns)
    return "\n".join(lines)


def table_html(cells: Sequence[Cell]) -> str:
    """An HTML table with rowspan and colspan; header cells are th."""
    rows, _ = table_shape(cells)
    by_row: list[list[Cell]] = [[] for _ in range(rows)]
    for cell in sorted(cells, key=lambda c: (c.row, c.column)):
        by_row[cell.row].append(cell)
    body = "\n".join("<tr>" + "".join(map(_cell_html, row)) + "</tr>" for row in by_row)
    return f"<table>\n{body}\n</table>"


def _cell_html(cell: Cell) -> str:
    tag = "th" if cell.header else "td"
    spans = "".join(
        f' {name}="{count}"' for name, count in (("rowspan", cell.row_span), ("colspan", cell.column_span)) if count > 1
    )
    return f"<{tag}{spans}>{escape(cell.text)}</{tag}>"
