"""Captions and the figures, tables and listings they name, bound by place on the page and in the reading order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from schemas.content import BlockType
from schemas.document import Element, ReferenceKind
from schemas.geometry import Box
from transforms.assemble.relations.labels import CONTINUED, KINDS, leading_label, reads_as_caption
from transforms.render.places import element_boxes

_CAPTIONED = frozenset({BlockType.FIGURE, BlockType.TABLE, BlockType.CODE})
_TYPE_OF: Mapping[ReferenceKind, BlockType] = MappingProxyType(
    {
        ReferenceKind.FIGURE: BlockType.FIGURE,
        ReferenceKind.TABLE: BlockType.TABLE,
        ReferenceKind.LISTING: BlockType.CODE,
    }
)
#: Labels of figures and tables alike.
_OF_ANY_KIND = frozenset({"exhibit", "plate"})
#: Elements that may stand between a caption and its object in the reading order.
_ASIDE = frozenset(
    {BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER, BlockType.HIDDEN, BlockType.COMMENT, BlockType.FOOTNOTE}
)
#: Text between a caption and an object parts them, but for so many points of titles and units.
_BODY = frozenset({BlockType.PARAGRAPH, BlockType.HEADING, BlockType.TITLE, BlockType.LIST_ITEM})
BETWEEN = 36.0
#: At most so many points between a caption and its object; as many more for an unusual side.
REACH, UNUSUAL_SIDE = 90.0, 30.0
#: Share of the narrower one's width that caption and object have in common.
_SHARED = 0.3


class _Pair(NamedTuple):
    """A caption that may belong to an object: the points between them, and whether the caption comes first."""

    gap: float
    caption: int
    target: int
    type: BlockType
    above: bool


def bind_captions(elements: Sequence[Element]) -> list[Element]:
    """The elements with `caption_of` and `caption_id` set. A caption names one object; its number need not be there."""
    captions = [element for element in elements if element.type is BlockType.CAPTION or _may_be_caption(element)]
    if not captions:
        return list(elements)
    wanted = {caption.index: _wanted_types(caption) for caption in captions}
    bound = _matched([*_flow_pairs(elements, wanted), *_page_pairs(elements, captions, wanted)])
    return _with_bonds(elements, bound | _continued(captions, bound))


def _matched(pairs: Sequence[_Pair]) -> dict[int, int]:
    """Target by caption, nearest first; a side that the document's captions rarely stand on counts as farther."""
    nearest: dict[int, float] = {}
    for pair in pairs:
        nearest[pair.caption] = min(pair.gap, nearest.get(pair.caption, pair.gap))
    sides = Counter((pair.type, pair.above) for pair in pairs if pair.gap <= nearest[pair.caption])
    bound: dict[int, int] = {}
    taken: set[int] = set()
    for pair in sorted(pairs, key=lambda pair: (_cost(pair, sides), pair.caption, pair.target)):
        if pair.caption not in bound and pair.target not in taken:
            bound[pair.caption] = pair.target
            taken.add(pair.target)
    return bound


def _cost(pair: _Pair, sides: Mapping[tuple[BlockType, bool], int]) -> float:
    """Tables and listings have captions above, figures below, unless the document does otherwise."""
    votes, rivals = sides[pair.type, pair.above], sides[pair.type, not pair.above]
    usual = votes > rivals or (votes == rivals and pair.above == (pair.type is not BlockType.FIGURE))
    return pair.gap + (0.0 if usual else UNUSUAL_SIDE)


def _may_be_caption(element: Element) -> bool:
    """Flow formats have captions that only their words tell; fixed layout judges them by their look before."""
    return element.box is None and element.type is BlockType.PARAGRAPH and reads_as_caption(element.text)


def _wanted_types(caption: Element) -> frozenset[BlockType]:
    label, _ = leading_label(caption.text)
    wanted = _TYPE_OF.get(KINDS[label]) if label and label not in _OF_ANY_KIND else None
    return frozenset({wanted}) if wanted else frozenset({BlockType.FIGURE, BlockType.TABLE})


def _continued(captions: Sequence[Element], bound: Mapping[int, int]) -> dict[int, int]:
    """A second caption with the number of one that is bound ('Table 2, continued') names the same object."""
    known = {leading_label(c.text): bound[c.index] for c in reversed(captions) if c.index in bound}
    return {
        c.index: known[key]
        for c in captions
        if c.index not in bound and (key := leading_label(c.text)) in known and key[1] and CONTINUED.search(c.text)
    }


def _with_bonds(elements: Sequence[Element], bound: Mapping[int, int]) -> list[Element]:
    first: dict[int, int] = {}
    for caption, target in sorted(bound.items()):
        first.setdefault(target, caption)
    found = list(elements)
    for caption, target in bound.items():
        named = elements[target].element_id
        found[caption] = msgspec.structs.replace(found[caption], type=BlockType.CAPTION, caption_of=named)
    for target, caption in first.items():
        found[target] = msgspec.structs.replace(found[target], caption_id=elements[caption].element_id)
    return found


def _flow_pairs(elements: Sequence[Element], wanted: Mapping[int, frozenset[BlockType]]) -> Iterator[_Pair]:
    """Neighbours in the reading order. Those with boxes count least: a column or page ends between the two."""
    order = [element for element in elements if element.type not in _ASIDE]
    for place, caption in enumerate(order):
        if caption.index not in wanted:
            continue
        for target in order[max(0, place - 1) : place + 2]:
            above = caption.index < target.index
            usual = above == (target.type is not BlockType.FIGURE)
            if target.type in wanted[caption.index] and (caption.box is None or usual):
                yield _Pair(0.0 if caption.box is None else REACH, caption.index, target.index, target.type, above)


def _page_pairs(
    elements: Sequence[Element], captions: Sequence[Element], wanted: Mapping[int, frozenset[BlockType]]
) -> Iterator[_Pair]:
    """Captions and objects of one page with the distance between them."""
    pages = {caption.page for caption in captions if caption.box is not None}
    targets: dict[int, list[tuple[Element, Box]]] = defaultdict(list)
    body: dict[int, list[Box]] = defaultdict(list)
    for element in elements:
        if element.type in _CAPTIONED:
            for page, boxes in element_boxes(element).items():
                targets[page].extend((element, box) for box in boxes)
        elif element.type in _BODY and element.page in pages and element.box is not None:
            body[element.page].append(element.box)
    for caption in captions:
        for target, whole in targets.get(caption.page, ()):
            if caption.box is None or target.type not in wanted[caption.index]:
                continue
            box = _nearest_part(caption, caption.box, target, whole)
            gap = _gap(caption.box, box)
            if gap < REACH and _between(body[caption.page], caption.box, box) <= BETWEEN:
                above = caption.box.y0 + caption.box.y1 < box.y0 + box.y1
                yield _Pair(gap, caption.index, target.index, target.type, above)


def _nearest_part(caption: Element, place: Box, target: Element, whole: Box) -> Box:
    """The cell next to the caption where it stands inside the box: a table in two columns surrounds other text."""
    if not whole.contains_centre(place):
        return whole
    cells = [cell.box for cell in target.cells if cell.box and (cell.page or target.page) == caption.page]
    return min(cells, key=lambda box: _gap(place, box), default=whole)


def _gap(caption: Box, target: Box) -> float:
    """Points between the two, with a surcharge side by side; endless where they are not beside each other."""
    shared = min(caption.x1, target.x1) - max(caption.x0, target.x0)
    if shared > _SHARED * min(caption.width, target.width):
        return max(0.0, target.y0 - caption.y1, caption.y0 - target.y1)
    if min(caption.y1, target.y1) - max(caption.y0, target.y0) > _SHARED * min(caption.height, target.height):
        return max(0.0, target.x0 - caption.x1, caption.x0 - target.x1) + UNUSUAL_SIDE
    return float("inf")


def _between(texts: Sequence[Box], caption: Box, target: Box) -> float:
    """The height of the texts that stand in the strip between caption and object."""
    top, bottom = sorted((caption, target), key=lambda box: box.y0 + box.y1)
    left, right = max(caption.x0, target.x0), min(caption.x1, target.x1)
    return sum(
        text.height
        for text in texts
        if top.y1 - 1 < (text.y0 + text.y1) / 2 < bottom.y0 + 1 and min(text.x1, right) > max(text.x0, left)
    )
