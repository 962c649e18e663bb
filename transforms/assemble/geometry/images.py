"""Pictures of a page: its images, those joined that were pieced together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.content import ExtractedPage
from schemas.geometry import Box, union

#: Pictures smaller than this share of the page are ornaments, larger than that are backgrounds of text.
MIN_FIGURE, MAX_FIGURE = 0.01, 0.9
#: Images that share this much of the smaller one are parts of one picture.
SHARED = 0.5
#: Pages with more images are mosaics; their images are not compared.
MAX_IMAGES = 1500


def pictures(page: ExtractedPage) -> list[Box]:
    """Boxes of the pictures of a page."""
    area = page.width * page.height
    parts = {image.box: None for image in page.images if image.box and image.box.area < MAX_FIGURE * area}
    whole = joined(parts) if len(parts) <= MAX_IMAGES else list(parts)
    if any(box.area >= MAX_FIGURE * area for box in whole):
        whole = list(parts)
    return [box for box in whole if box.area > MIN_FIGURE * area]


def joined(parts: Iterable[Box]) -> list[Box]:
    """The boxes around groups of boxes that overlap."""
    groups: list[Box] = []
    for part in parts:
        box = part
        while touching := [group for group in groups if _overlap(group, box)]:
            groups = [group for group in groups if group not in touching]
            box = union([*touching, box]) or box
        groups.append(box)
    return groups


def with_seen(found: Sequence[Box], seen: Iterable[Box]) -> list[Box]:
    """The pictures, several of them as one where a layout model sees one picture around them."""
    result = list(found)
    for box in seen:
        inside = [picture for picture in result if picture.overlap(box) > 0.5 * picture.area]
        if len(inside) > 1:
            result = [picture for picture in result if picture not in inside]
            result.append(union([box, *inside]) or box)
    return result


def _overlap(a: Box, b: Box) -> bool:
    return a.overlap(b) > SHARED * min(a.area, b.area)
