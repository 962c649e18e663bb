"""Rows of text as TABLE blocks of bounded area, so that no later stage meets a table it cannot lay out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from schemas.content import Block, BlockType, Cell

#: Rows times columns of one block.
MAX_AREA = 100_000
#: A wider header row is not repeated: the repetitions would outweigh the table.
_MAX_REPEATED = 1000
_PADDING_ALLOWANCE = 4096

Row = Sequence[str]


def table_blocks(rows: Sequence[Row], header: bool, source: str, max_area: int = MAX_AREA) -> Iterator[Block]:
    """All of `rows`, in order, as few TABLE blocks as `max_area` allows; short rows stay short.

    A block ends where it would grow too large, or where padding would outweigh content (one very long row among
    short ones). The header row, if there is one, leads every block. A row wider than half of `max_area`
    continues in further rows.
    """
    head = rows[0] if header and rows and len(rows[0]) <= min(_MAX_REPEATED, max_area // 4) else None
    group = _Group(header=header)
    for piece in (piece for row in rows for piece in _pieces(row, max_area)):
        if not group.admits(piece, max_area):
            yield group.block(source)
            group = _Group(header=head is not None)
            if head is not None:
                group.add(head[: max(len(piece), 1)])
        group.add(piece)
    if group.rows:
        yield group.block(source)


def _pieces(row: Row, max_area: int) -> Iterator[Row]:
    step = max(1, max_area // 2)
    return (row[start : start + step] for start in range(0, max(len(row), 1), step))


@dataclass
class _Group:
    """Rows of one block to be."""

    header: bool
    rows: list[Row] = field(default_factory=list)
    width: int = 1
    content: int = 0

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.width = max(self.width, len(row))
        self.content += len(row)

    def admits(self, row: Row, max_area: int) -> bool:
        area = max(self.width, len(row)) * (len(self.rows) + 1)
        return not self.rows or (
            area <= max_area and area <= 4 * (self.content + len(row)) + min(_PADDING_ALLOWANCE, max_area)
        )

    def block(self, source: str) -> Block:
        cells = tuple(
            Cell(i, j, text, header=self.header and i == 0)
            for i, row in enumerate(self.rows)
            for j, text in enumerate(row)
        )
        return Block(type=BlockType.TABLE, cells=cells, source=source)
