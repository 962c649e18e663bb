"""What a layout model says about a page, looked up by place: evidence that geometry is weighed against."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.content import BlockType, ExtractedPage, Region, told_confidence
from schemas.geometry import Box
from transforms.assemble.geometry.lines import turn_box

SOURCE = "layout"
#: Below this confidence a region says nothing.
SURE = 0.8
#: Above this it outweighs what geometry sees.
CERTAIN = 0.92
#: Height of the bands in which regions are looked up, in points.
_BAND = 24.0
#: Boxes of a region hug the ink; those of lines may be that much larger.
_SLACK = 1.0
#: A picture with that many characters is text when longer lines make up that share of them, or they cover so much.
MIN_TEXT, MAX_LABEL, MAX_LONG, MAX_COVERED = 400, 45, 0.4, 0.3
#: Types whose text is read as text, whatever stands beside it.
RUNNING_TEXT = frozenset(
    {BlockType.PARAGRAPH, BlockType.HEADING, BlockType.TITLE, BlockType.LIST_ITEM, BlockType.FOOTNOTE}
)


class PageRegions:
    """The regions of one page, by height."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self.regions = list(regions)
        self._bands: dict[int, list[Region]] = {}
        for region in sorted(self.regions, key=lambda region: region.box.area):
            for band in range(_band(region.box.y0 - _SLACK), _band(region.box.y1 + _SLACK) + 1):
                self._bands.setdefault(band, []).append(region)

    def __bool__(self) -> bool:
        return bool(self.regions)

    def at(self, box: Box) -> Region | None:
        """The smallest region around the middle of a box."""
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        for region in self._bands.get(_band(y), ()):
            x0, y0, x1, y1 = region.box
            if x0 - _SLACK <= x <= x1 + _SLACK and y0 - _SLACK <= y <= y1 + _SLACK:
                return region
        return None

    def of_type(self, kind: BlockType, least: float = SURE) -> list[Region]:
        """Regions of one type that the model is sure of."""
        return [region for region in self.regions if region.type is kind and region.confidence >= least]


NO_REGIONS = PageRegions(())


def _band(y: float) -> int:
    return int(y // _BAND)


def trusted_regions(page: ExtractedPage) -> list[Region]:
    """The regions of a page that are numbers, without pictures full of running text: there the model lost its way."""
    return [
        region
        for region in page.regions
        if all(map(math.isfinite, (*region.box, *region.rows, *region.columns)))
        and (region.type is not BlockType.FIGURE or not _is_text(region, page))
    ]


def _is_text(picture: Region, page: ExtractedPage) -> bool:
    """Whether a picture holds more than labels: much text that fills it, or long lines."""
    inside = [line for line in page.lines if picture.box.contains_centre(line.box)]
    lengths = [sum(len(span.text) for span in line.spans) for line in inside]
    if sum(lengths) < MIN_TEXT:
        return False
    long = sum(length for length in lengths if length > MAX_LABEL)
    covered = sum(line.box.area for line in inside)
    return long > MAX_LONG * sum(lengths) or covered > MAX_COVERED * picture.box.area


def turned_regions(page: ExtractedPage, quarter: int) -> PageRegions:
    """The regions of a page turned so that its text reads from left to right."""
    regions = trusted_regions(page)
    if not quarter:
        return PageRegions(regions)
    return PageRegions(Region(r.type, turn_box(r.box, quarter, page), r.confidence) for r in regions)


@dataclass(frozen=True)
class Vote:
    """What the model says about several lines together."""

    type: BlockType
    #: Confidence times the share of the text that stands in such regions.
    weight: float
    #: The region that holds most of the text.
    region: Region
    #: Share of that region's height that the lines take: less than 1 where the model joined more.
    extent: float


def vote(regions: PageRegions, lines: Sequence[tuple[Box, int]]) -> Vote | None:
    """The likeliest type of lines, given as (box, characters); None where the model saw nothing."""
    weights: dict[BlockType, float] = {}
    shares: dict[int, tuple[int, Region]] = {}
    total = 0
    for box, chars in lines:
        total += chars
        region = regions.at(box)
        if region is not None:
            weights[region.type] = weights.get(region.type, 0.0) + chars * region.confidence
            shares[id(region)] = shares.get(id(region), (0, region))[0] + chars, region
    if not weights or not total:
        return None
    kind = max(weights, key=lambda key: weights[key])
    chosen = max((share for share in shares.values() if share[1].type is kind), key=lambda share: share[0])
    region = chosen[1]
    top, bottom = min(box[1] for box, _ in lines), max(box[3] for box, _ in lines)
    shared = min(bottom, region.box.y1) - max(top, region.box.y0)
    return Vote(
        kind, told_confidence(weights[kind] / total), region, min(1.0, max(0.0, shared) / max(1.0, region.box.height))
    )
