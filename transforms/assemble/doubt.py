"""Which pages geometry is likely to have misread, and the cheapest tier of the layout model that should do better."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from schemas.content import BlockType, ExtractedPage, Extraction, PageNeed, PageStatus
from schemas.document import Element
from schemas.geometry import Box
from schemas.options import LayoutMode
from transforms.assemble.doubt_signs import LATTICE_TABLE, Sign, page_signs

_Need = tuple[Literal["graph", "full"], str, float]
_ASKED_FOR: _Need = ("full", "asked for", 1.0)


class Thresholds(NamedTuple):
    """Chances of a misread page from which a model is asked; `benchmarks/layout_cascade.py` measures them."""

    #: The network over text lines.
    graph: float = 0.35
    #: The one that sees the page too. Also asked where the image tells most.
    full: float = 0.6


DEFAULT_THRESHOLDS = Thresholds()


def page_needs(
    extraction: Extraction,
    elements: Sequence[Element],
    mode: LayoutMode,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> tuple[PageNeed, ...]:
    """Pages that the layout model shall see; `elements` are what geometry alone made of the extraction.

    Only digital pages with visible text can be asked about: the model reads their text and image from the file.
    """
    if mode == "never":
        return ()
    by_page: dict[int, list[Element]] = defaultdict(list)
    for element in elements:
        by_page[element.page].append(element)
    return tuple(_needs(extraction, by_page, None if mode == "always" else thresholds))


def _needs(
    extraction: Extraction, by_page: dict[int, list[Element]], thresholds: Thresholds | None
) -> Iterator[PageNeed]:
    for page in extraction.pages:
        if not _has_visible_text(page):
            continue
        elements = by_page.get(page.number, [])
        need = _ASKED_FOR if thresholds is None else _doubted(page, elements, thresholds)
        if need is not None:
            tier, reason, score = need
            yield PageNeed(page.number, tier, reason, score, _ruled(elements))


def _doubted(page: ExtractedPage, elements: Sequence[Element], thresholds: Thresholds) -> _Need | None:
    """The tier, the strongest reason and the score of a page; None when geometry will do."""
    signs = list(page_signs(page, elements))
    score = doubt(signs)
    if score < thresholds.graph:
        return None
    strongest = max(signs, key=lambda sign: sign.chance)
    return "full" if score >= thresholds.full or strongest.pictorial else "graph", strongest.reason, round(score, 3)


def doubt(signs: Sequence[Sign]) -> float:
    """The chance that at least one of the signs, taken as independent, misled geometry."""
    certain = 1.0
    for sign in signs:
        certain *= 1.0 - sign.chance
    return 1.0 - certain


def _has_visible_text(page: ExtractedPage) -> bool:
    if page.status is not PageStatus.DIGITAL:
        return False
    return any(not span.hidden and span.text.strip() for line in page.lines for span in line.spans)


def _ruled(elements: Sequence[Element]) -> tuple[Box, ...]:
    """Tables that a complete lattice of rules tells."""
    tables = (element for element in elements if element.type is BlockType.TABLE)
    return tuple(table.box for table in tables if table.box is not None and table.confidence >= LATTICE_TABLE)
