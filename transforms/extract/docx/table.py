"""Tables of a DOCX file: w:tbl to cells with spans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schemas.content import Cell
from transforms.extract.docx.names import W, flag, integer, value
from transforms.extract.docx.package import Node

#: Word allows 63 columns; a cell that claims to span more is damaged or hostile.
MAX_SPAN = 64
#: A grid may be this much larger than its cells before it is no table any more (see `is_plausible`).
MAX_PADDING = 10
FREE_AREA = 1_000_000
#: Bit of the older w:tblLook value that turns the first row's style on.
FIRST_ROW = 0x0020
WRAPPERS = frozenset(W + name for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))


@dataclass
class _Open:
    """A cell whose spans may still grow."""

    row: int
    column: int
    text: str
    header: bool
    row_span: int = 1
    column_span: int = 1

    def close(self) -> Cell:
        return Cell(self.row, self.column, self.text, self.row_span, self.column_span, self.header)


def read_cells(table: Node, cell_text: Callable[[Node], str]) -> tuple[Cell, ...]:
    """Cells of a table, row by row; `cell_text` reads the content of one w:tc element."""
    rows = [row for row in wrapped(table, f"{W}tr") if not _is_deleted(row)]
    headers = _header_count(table, rows)
    cells: list[_Open] = []
    above: dict[int, _Open] = {}
    for number, row in enumerate(rows):
        above = _read_row(row, number, number < headers, above, cell_text)
        cells.extend(cell for cell in above.values() if cell.row == number)
    return tuple(cell.close() for cell in cells)


def is_plausible(cells: tuple[Cell, ...]) -> bool:
    """False when spans make a grid that is out of proportion to its cells: laying it out would exhaust memory."""
    rows = max((cell.row + cell.row_span for cell in cells), default=0)
    columns = max((cell.column + cell.column_span for cell in cells), default=0)
    return rows * columns <= max(FREE_AREA, MAX_PADDING * len(cells))


def wrapped(parent: Node, tag: str) -> Iterator[Node]:
    """Children named `tag`, also inside content controls and kept revisions."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in WRAPPERS:
            yield from wrapped(child, tag)


def _read_row(
    row: Node, number: int, header: bool, above: dict[int, _Open], cell_text: Callable[[Node], str]
) -> dict[int, _Open]:
    """The cells that cover this row, by column; merged ones are those of `above`, grown by this row."""
    column = _span(value(row.find(f"{W}trPr"), "gridBefore"), 0)
    covering: dict[int, _Open] = {}
    last: _Open | None = None
    for node in wrapped(row, f"{W}tc"):
        properties = node.find(f"{W}tcPr")
        span = _span(value(properties, "gridSpan"), 1)
        if last is not None and _continues(properties, "hMerge"):
            last.column_span += span
        else:
            last = above.get(column) if _continues(properties, "vMerge") else None
            if last is not None:
                last.row_span += 1
            else:
                last = _Open(number, column, cell_text(node), header, column_span=span)
            covering[column] = last
        column += span
    return covering


def _span(text: str, default: int) -> int:
    return min(MAX_SPAN, max(default, integer(text, default)))


def _continues(properties: Node | None, name: str) -> bool:
    merge = properties.find(W + name) if properties is not None else None
    return merge is not None and merge.get(f"{W}val", "continue") == "continue"


def _is_deleted(row: Node) -> bool:
    properties = row.find(f"{W}trPr")
    return properties is not None and properties.find(f"{W}del") is not None


def _header_count(table: Node, rows: list[Node]) -> int:
    """Leading rows that repeat on each page, else the first row where the table's look styles it as header."""
    count = 0
    while count < len(rows) and flag(rows[count].find(f"{W}trPr"), "tblHeader"):
        count += 1
    if count or len(rows) < 2:
        return count
    look = table.find(f"{W}tblPr/{W}tblLook")
    if look is None:
        return 0
    styled = look.get(f"{W}firstRow")
    if styled is not None:
        return int(styled in {"1", "true", "on"})
    return int(bool(_hexadecimal(look.get(f"{W}val", "")) & FIRST_ROW))


def _hexadecimal(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0
