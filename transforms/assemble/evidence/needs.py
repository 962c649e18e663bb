"""Which pages geometry is likely to have misread, and the cheapest tier of the layout model that should do better."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from schemas.content import BlockType, Cell, ExtractedPage, Extraction, PageNeed, PageStatus, ReadPage
from schemas.document import Element
from schemas.geometry import Box, union
from schemas.options import LayoutMode
from transforms.assemble.evidence.signs import LATTICE_TABLE, Sign, TablePiece, page_signs

Tier = Literal["graph", "full"]
_Need = tuple[Tier, str, float]
_ASKED_FOR: _Need = ("full", "asked for", 1.0)
_SCAN: _Need = ("full", "a scan", 1.0)


class Thresholds(NamedTuple):
    """Chances of a misread page from which a model is asked; `benchmarks/layout_cascade.py` measures them."""

    #: The network over text lines.
    graph: float = 0.2
    #: The one that sees the page too. Also asked where the image tells most.
    full: float = 0.3


DEFAULT_THRESHOLDS = Thresholds()


def page_needs(
    extraction: Extraction,
    elements: Sequence[Element],
    mode: LayoutMode,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> tuple[PageNeed, ...]:
    """Pages that the layout model shall see; `elements` are what geometry alone made of the extraction.

    Pages without visible text are not asked about. Those that OCR read always are: what it read is less certain than
    what a file says, and has cost ten times as much as a look by the model.
    """
    if mode == "never":
        return ()
    found = _Found(elements)
    return tuple(_needs(extraction, found, None if mode == "always" else thresholds))


class _Found:
    """Tables and figures by page."""

    def __init__(self, elements: Sequence[Element]) -> None:
        self.tables: dict[int, list[TablePiece]] = defaultdict(list)
        self.figures: dict[int, list[Box]] = defaultdict(list)
        for element in elements:
            if element.type is BlockType.FIGURE and element.box is not None:
                self.figures[element.page].append(element.box)
            elif element.type is BlockType.TABLE:
                for page, piece in _pieces(element):
                    self.tables[page].append(piece)


def _pieces(table: Element) -> Iterator[tuple[int, TablePiece]]:
    """The pieces of a table by page: it may go on over several."""
    by_page: dict[int, list[Cell]] = defaultdict(list)
    for cell in table.cells:
        by_page[cell.page or table.page].append(cell)
    for page, cells in by_page.items():
        box = table.box if page == table.page else union(cell.box for cell in cells if cell.box is not None)
        if box is not None:
            yield page, TablePiece(box, tuple(cells), table.confidence)


def _needs(extraction: Extraction, found: _Found, thresholds: Thresholds | None) -> Iterator[PageNeed]:
    for page in extraction.pages:
        if not _has_visible_text(page):
            continue
        if page.status is PageStatus.OCR:
            yield PageNeed(page.number, *(_ASKED_FOR if thresholds is None else _SCAN), read=_as_read(page))
            continue
        tables, figures = found.tables.get(page.number, []), found.figures.get(page.number, [])
        need = _ASKED_FOR if thresholds is None else _doubted(list(page_signs(page, tables, figures)), thresholds)
        if need is not None:
            yield PageNeed(page.number, *need, tuple(t.box for t in tables if t.confidence >= LATTICE_TABLE))


def _doubted(signs: Sequence[Sign], thresholds: Thresholds) -> _Need | None:
    """The tier, the strongest reason and the score of a page; None when geometry will do."""
    score = doubt(signs)
    if score < thresholds.graph:
        return None
    strongest = max(signs, key=lambda sign: sign.chance)
    tier: Tier = "full" if score >= thresholds.full or strongest.pictorial else "graph"
    return tier, strongest.reason, round(score, 3)


def doubt(signs: Sequence[Sign]) -> float:
    """The chance that at least one of the signs, taken as independent, misled geometry."""
    certain = 1.0
    for sign in signs:
        certain *= 1.0 - sign.chance
    return 1.0 - certain


def _has_visible_text(page: ExtractedPage) -> bool:
    if page.status not in {PageStatus.DIGITAL, PageStatus.OCR}:
        return False
    return any(not span.hidden and span.text.strip() for line in page.lines for span in line.spans)


def _as_read(page: ExtractedPage) -> ReadPage:
    lines = (
        ("".join(span.text for span in line.spans), line.box, max(span.size for span in line.spans))
        for line in page.lines
        if line.spans and not all(span.hidden for span in line.spans)
    )
    return ReadPage(page.width, page.height, page.to_shown, tuple(line for line in lines if line[0].strip()))
