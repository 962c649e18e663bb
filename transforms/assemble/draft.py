"""Drafts: elements before they have an index, an id and a section path."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.content import BlockType, Cell
from schemas.document import PageSpan
from schemas.geometry import Box


@dataclass(kw_only=True)
class Draft:
    """One logical unit in reading order; `page` is where it starts (1-based)."""

    type: BlockType
    page: int
    spans: tuple[PageSpan, ...] = ()
    cells: tuple[Cell, ...] = ()
    level: int = 0
    marker: str = ""
    box: Box | None = None
    confidence: float = 1.0
    source: str = ""
