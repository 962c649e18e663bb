"""The models of one worker process: pages of any documents in, what was seen on each out. Never a failed document."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol

import msgspec

from schemas.content import BlockType, GridLine, PageNeed, PageSeen, Region, told_confidence
from schemas.failures import Failure
from schemas.geometry import Box, rounded
from transforms.layout.batches import slices
from transforms.layout.builtin.model import LayoutModel, ModelOptions, OnBatch
from transforms.layout.builtin.table_grid import TABLE, TableCrop, table_crops
from transforms.layout.detector.detector import Detector
from transforms.layout.records import LayoutBox, PageInput, TableGrid, Tier
from transforms.runtime.guard import guarded

STAGE = "layout"
GEOMETRY, DETECTOR = "geometry", "detector"
#: Share of a table's box that ruled tables cover when no network need see it.
COVERED = 0.6
#: The built-in networks' names of our types.
TYPES = {
    "text": BlockType.PARAGRAPH,
    "title": BlockType.TITLE,
    "picture": BlockType.FIGURE,
    "table": BlockType.TABLE,
    "list-item": BlockType.LIST_ITEM,
    "page-header": BlockType.PAGE_HEADER,
    "page-footer": BlockType.PAGE_FOOTER,
    "section-header": BlockType.HEADING,
    "footnote": BlockType.FOOTNOTE,
    "caption": BlockType.CAPTION,
    "formula": BlockType.FORMULA,
}


class PageWork(msgspec.Struct, frozen=True, eq=False):
    """A page that waits for a model."""

    need: PageNeed
    input: PageInput


class Model(Protocol):
    """One tier: any number of pages at once."""

    def __call__(self, works: Sequence[PageWork]) -> list[tuple[Region, ...]]:
        """The regions of each page."""
        ...


class Networks:
    """Models by tier, each loaded when its first page comes. Threads share one.

    `name` is what page rows call the tier, where one model serves all of them.
    """

    def __init__(self, load: Callable[[Tier], Model], permits: int, name: str = "") -> None:
        self._load, self._lock, self._name = cache(load), threading.Lock(), name
        # More runs at once than cores only take memory.
        self._turn = threading.BoundedSemaphore(permits)

    def see(self, works: Sequence[PageWork]) -> list[PageSeen]:
        """One result per page, in order, whichever documents they are from.

        Pages that a model fails on are tried again one by one; what fails alone stays with geometry.
        """
        seen: dict[int, PageSeen] = {}
        for tier in dict.fromkeys(work.need.tier for work in works):
            chosen = [i for i, work in enumerate(works) if work.need.tier == tier and not work.input.refused]
            for i, result in zip(chosen, self._tier(tier, [works[i] for i in chosen]), strict=True):
                seen[i] = result
        return [seen.get(i) or _left(work.need, work.input.refused) for i, work in enumerate(works)]

    def _tier(self, tier: Tier, works: Sequence[PageWork]) -> list[PageSeen]:
        if not works:
            return []
        model = self._model(tier)
        with self._turn:
            found = guarded(STAGE, lambda: model(works))
        if not isinstance(found, Failure):
            return [_seen(work, self._name or tier, regions) for work, regions in zip(works, found, strict=True)]
        if len(works) == 1:
            return [_left(works[0].need, f"the layout model failed: {found.message}")]
        return [result for work in works for result in self._tier(tier, [work])]

    def _model(self, tier: Tier) -> Model:
        with self._lock:
            return self._load(tier)


def _seen(work: PageWork, tier: str, regions: tuple[Region, ...]) -> PageSeen:
    return PageSeen(work.need.page, tier, work.need.reason, regions)


def _left(need: PageNeed, why: str) -> PageSeen:
    return PageSeen(need.page, GEOMETRY, f"{need.reason}, but {why}")


class BuiltIn:
    """The networks of the PyMuPDF wheel for one tier."""

    def __init__(self, options: ModelOptions, on_batch: OnBatch | None = None) -> None:
        self.model = LayoutModel(options, on_batch)

    def __call__(self, works: Sequence[PageWork]) -> list[tuple[Region, ...]]:
        """Regions of each page; tables that their rules do not tell have a grid."""
        boxes = self.model.layout([work.input for work in works])
        crops = [_crops(work, found) for work, found in zip(works, boxes, strict=True)]
        grids = iter(self.model.table_grids([crop for page in crops for crop in page.values()]))
        read = [{box: next(grids) for box in page} for page in crops]
        return [
            tuple(region(box, work.input, tables.get(box)) for box in found)
            for work, found, tables in zip(works, boxes, read, strict=True)
        ]


class Own:
    """A user's detector, for every tier."""

    def __init__(self, detector: Detector, on_batch: OnBatch | None = None) -> None:
        self._detector, self._on_batch = detector, on_batch

    def __call__(self, works: Sequence[PageWork]) -> list[tuple[Region, ...]]:
        """Regions of each page; tables have no grid."""
        if self._on_batch:
            for part in slices(len(works), self._detector.batch_pages):
                self._on_batch(DETECTOR, part.stop - part.start)
        return [tuple(found) for found in self._detector.regions([work.input for work in works])]


def _crops(work: PageWork, found: Sequence[LayoutBox]) -> dict[LayoutBox, TableCrop]:
    open_tables = [box for box in found if box.cls == TABLE and not covered(box.box, work.need.ruled)]
    crops = table_crops(work.input, open_tables)
    return {box: crop for box, crop in zip(open_tables, crops, strict=True) if crop is not None}


def covered(box: Sequence[float], ruled: Sequence[Box]) -> bool:
    """Whether ruled tables take up most of a box."""
    place = Box(*box)
    return place.area > 0 and sum(place.overlap(table) for table in ruled) >= COVERED * place.area


def region(box: LayoutBox, page: PageInput, grid: TableGrid | None) -> Region:
    """What a network says, in the words of the schemas."""
    place, confidence = rounded(Box(*map(float, box.box))), told_confidence(box.confidence)
    if grid is None:
        return Region(TYPES[box.cls], place, confidence)
    lines = tuple(
        GridLine(Box(*page.boxes[cell.node].tolist()), cell.row_start, cell.row_end, cell.column_start, cell.column_end)
        for cell in grid.cells
    )
    return Region(TYPES[box.cls], place, confidence, grid.rows, grid.columns, lines)
