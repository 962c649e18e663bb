"""Cells of an HTML table: rowspan and colspan resolved to a grid without overlaps, bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from schemas.content import Block, BlockType, Cell
from transforms.extract.html.inline import InlineText
from transforms.extract.html.tree import Facts
from transforms.extract.text.grid import table_blocks

#: Rows times columns up to which spans are honoured.
_MAX_GRID = 500_000
#: The HTML standard's own bounds.
_MAX_COLUMN_SPAN = 1000
_MAX_ROW_SPAN = 65534

#: Blocks per cell, without header cells, from which on a table is a means of layout; and in a table of one cell.
_CROWDED = 6
_FRAMED = 2


def holds_data(table: etree._Element, facts: Facts) -> bool:
    """Whether a table is one, not a means of layout: its rows then become flow text."""
    if table.get("role", "") in ("presentation", "none"):
        return False
    if not facts.cells or facts.nested_table:
        return False
    # Cells filled with page content: columns of a layout, or a frame around a text.
    crowded = facts.blocks > _CROWDED * facts.cells or (facts.cells == 1 and facts.blocks > _FRAMED)
    return facts.header_cells or not crowded


@dataclass(slots=True)
class _RawCell:
    text: str
    row_span: int
    column_span: int
    header: bool


@dataclass
class TableBuilder:
    """Collects rows as the tree is walked."""

    text: InlineText = field(default_factory=InlineText)
    #: Alternative texts of images in the open cell: its text when it has no other.
    alternatives: list[str] = field(default_factory=list)
    _rows: list[list[_RawCell]] = field(default_factory=list)
    _sections: list[int] = field(default_factory=list)
    _section: int = 0
    _head: bool = False

    def open_section(self, tag: str) -> None:
        """Enter or leave a thead, tbody or tfoot ('' outside)."""
        self._section += 1
        self._head = tag == "thead"

    def open_row(self) -> None:
        """Start a row."""
        self._rows.append([])
        self._sections.append(self._section)

    def close_cell(self, element: etree._Element) -> None:
        """Turn the text collected since the last cell into a cell."""
        text = self.text.text() or " ".join(self.alternatives)
        self.alternatives.clear()
        row_span = _span(element.get("rowspan"), _MAX_ROW_SPAN)
        if not self._rows:
            self.open_row()
        header = self._head or element.tag == "th"
        self._rows[-1].append(_RawCell(text, row_span, _span(element.get("colspan"), _MAX_COLUMN_SPAN) or 1, header))

    def blocks(self, source: str) -> Iterator[Block]:
        """The TABLE block; several where the grid would be too large; none for a table without text."""
        rows = [(row, section) for row, section in zip(self._rows, self._sections, strict=True) if row]
        if not any(cell.text for row, _ in rows for cell in row):
            return
        if len(rows) * max(sum(cell.column_span for cell in row) for row, _ in rows) <= _MAX_GRID:
            yield Block(type=BlockType.TABLE, cells=tuple(grid_cells(rows)), source=source)
            return
        # Spans that blow a table up this far cannot be laid out: cells stay in their rows, one column each.
        header = all(cell.header for cell in rows[0][0])
        yield from table_blocks([[cell.text for cell in row] for row, _ in rows], header, source)


def grid_cells(rows: list[tuple[list[_RawCell], int]]) -> Iterator[Cell]:
    """Positions of the cells; a span ends where another cell, its row group or the table ends."""
    ends = _section_ends([section for _, section in rows])
    taken: dict[int, int] = {}
    for i, (row, _) in enumerate(rows):
        column = 0
        for raw in row:
            while taken.get(column, 0) > i:
                column += 1
            width = 1
            while width < raw.column_span and taken.get(column + width, 0) <= i:
                width += 1
            height = min(raw.row_span or _MAX_ROW_SPAN, ends[i] - i)
            taken.update((c, i + height) for c in range(column, column + width))
            yield Cell(i, column, raw.text, height, width, raw.header)
            column += width


def _section_ends(sections: list[int]) -> list[int]:
    ends = [len(sections)] * len(sections)
    for i in range(len(sections) - 2, -1, -1):
        ends[i] = ends[i + 1] if sections[i] == sections[i + 1] else i + 1
    return ends


def _span(value: str | None, bound: int) -> int:
    """A span attribute; 0 (only for rows) means to the end of the row group."""
    digits = (value or "").strip()
    return min(bound, int(digits[:6])) if digits.isascii() and digits.isdigit() else 1
