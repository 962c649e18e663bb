"""Rules of a page: drawn lines and edges of filled boxes, snapped, merged and gathered into connected frames."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from schemas.content import Vector
from schemas.geometry import Box, union
from transforms.assemble.tables.text import Piece

#: A rectangle thinner than this is a rule.
THIN = 3.5
#: Positions closer than this are one position.
SNAP = 3.0
#: Ends of rules closer than this meet.
JOIN = 4.0
#: Boxes of stroked lines may be widened to this.
_MAX_WIDENED = 32.0
#: A page with more rules than this after merging is a drawing.
MAX_RULES = 1500


class Rule(NamedTuple):
    """A horizontal rule (`at` is y, start and end are x) or a vertical one (`at` is x). `soft`: edge of a fill."""

    at: float
    start: float
    end: float
    soft: bool


@dataclass(slots=True)
class Frame:
    """Rules and fills that touch each other."""

    horizontal: list[Rule] = field(default_factory=list)
    vertical: list[Rule] = field(default_factory=list)
    fills: list[Box] = field(default_factory=list)

    @property
    def box(self) -> Box:
        """Box around all members."""
        boxes = [Box(r.start, r.at, r.end, r.at) for r in self.horizontal]
        boxes += [Box(r.at, r.start, r.at, r.end) for r in self.vertical]
        return union(boxes) or Box(0, 0, 0, 0)

    def absorb(self, other: Frame) -> None:
        """Take over the members of another frame."""
        self.horizontal += other.horizontal
        self.vertical += other.vertical
        self.fills += other.fills


def page_frames(vectors: Sequence[Vector], pieces: Sequence[Piece], page: Box) -> list[Frame]:
    """Frames of a page, small ones first; none when it has so many rules that it must be a drawing."""
    horizontal, vertical, fills = _classify(slim_strokes(vectors, pieces), page)
    horizontal, vertical = merge_rules(horizontal), merge_rules(vertical)
    if len(horizontal) + len(vertical) > MAX_RULES:
        return []
    return sorted(_connect(horizontal, vertical, fills), key=lambda f: f.box.area)


def slim_strokes(vectors: Sequence[Vector], pieces: Sequence[Piece]) -> list[Vector]:
    """Bring stroked lines back to their course.

    The box of a stroked line may be widened on all sides by its mitre limit (up to ten line widths), which makes it
    look like a box. Such lines share one thickness, in both directions, or have no text in their middle.
    """
    groups: dict[float, list[int]] = defaultdict(list)
    for index, vector in enumerate(vectors):
        thickness = min(vector.box.width, vector.box.height)
        if vector.stroked and THIN < thickness <= _MAX_WIDENED:
            groups[round(thickness * 5) / 5].append(index)
    slim = list(vectors)
    for members in groups.values():
        wide = sum(1 for i in members if vectors[i].box.width > 1.2 * vectors[i].box.height)
        tall = sum(1 for i in members if vectors[i].box.height > 1.2 * vectors[i].box.width)
        if min(wide, tall) >= 2 or not _has_text(([vectors[i].box for i in members]), pieces):
            for i in members:
                slim[i] = msgspec.structs.replace(vectors[i], box=_course(vectors[i].box))
    return slim


def _has_text(boxes: Sequence[Box], pieces: Sequence[Piece]) -> bool:
    """Whether the middle of any of the boxes holds the middle of a piece."""
    middles = sorted(((p.box.y0 + p.box.y1) / 2, (p.box.x0 + p.box.x1) / 2) for p in pieces)
    for box in boxes:
        slack = min(0.2 * box.height, 3.0)
        y = (box.y0 + box.y1) / 2
        start = bisect_left(middles, (y - slack, 0.0))
        stop = bisect_left(middles, (y + slack, 0.0))
        if any(box.x0 < x < box.x1 for _, x in middles[start:stop]):
            return True
    return False


def _course(box: Box) -> Box:
    """The line in the middle of a widened box."""
    half = min(box.width, box.height) / 2
    if box.width >= box.height:
        y = (box.y0 + box.y1) / 2
        return Box(box.x0 + half, y, box.x1 - half, y)
    x = (box.x0 + box.x1) / 2
    return Box(x, box.y0 + half, x, box.y1 - half)


def _classify(vectors: Sequence[Vector], page: Box) -> tuple[list[Rule], list[Rule], list[Box]]:
    horizontal: list[Rule] = []
    vertical: list[Rule] = []
    fills: list[Box] = []
    seen: set[tuple[int, int, int, int]] = set()
    for vector in vectors:
        box = vector.box
        key = (round(box.x0), round(box.y0), round(box.x1), round(box.y1))
        if key in seen or vector.alpha < 10:
            continue
        seen.add(key)
        width, height = box.width, box.height
        if height <= THIN and width > 2 * height and width > 4:
            horizontal.append(Rule((box.y0 + box.y1) / 2, box.x0, box.x1, False))
        elif width <= THIN and height > 2 * width and height > 4:
            vertical.append(Rule((box.x0 + box.x1) / 2, box.y0, box.y1, False))
        elif vector.rectangle and _is_cell(vector, page):
            soft = not vector.stroked
            horizontal += [Rule(box.y0, box.x0, box.x1, soft), Rule(box.y1, box.x0, box.x1, soft)]
            vertical += [Rule(box.x0, box.y0, box.y1, soft), Rule(box.x1, box.y0, box.y1, soft)]
            if soft:
                fills.append(box)
    return horizontal, vertical, fills


def _is_cell(vector: Vector, page: Box) -> bool:
    """Whether a box may be a cell, a row or a table frame: not a page background, not a dot, not white paint."""
    box = vector.box
    if box.height < 6 or box.width < 6 or box.area > 0.8 * page.area:
        return False
    return vector.stroked or vector.color != 0xFFFFFF


def merge_rules(rules: Iterable[Rule]) -> list[Rule]:
    """Merge collinear rules that overlap or nearly touch. A merged rule is soft only when all its parts are."""
    groups: list[list[Rule]] = []
    for rule in sorted(rules):
        if groups and rule.at - groups[-1][0].at <= SNAP * 0.7:
            groups[-1].append(rule)
        else:
            groups.append([rule])
    merged = []
    for group in groups:
        at = sum(r.at for r in group) / len(group)
        current: Rule | None = None
        for rule in sorted(group, key=lambda r: r.start):
            if current and rule.start - current.end <= JOIN:
                current = Rule(at, current.start, max(current.end, rule.end), current.soft and rule.soft)
            else:
                merged += [current] if current else []
                current = rule._replace(at=at)
        merged += [current] if current else []
    return merged


def _connect(horizontal: list[Rule], vertical: list[Rule], fills: list[Box]) -> list[Frame]:
    """Frames of rules that meet; `horizontal` goes from top to bottom."""
    parent = list(range(len(horizontal) + len(vertical)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    heights = [h.at for h in horizontal]
    for j, v in enumerate(vertical, len(horizontal)):
        start, stop = bisect_left(heights, v.start - JOIN), bisect_right(heights, v.end + JOIN)
        for i, h in enumerate(horizontal[start:stop], start):
            if h.start - JOIN <= v.at <= h.end + JOIN:
                parent[find(i)] = find(j)
    frames: dict[int, Frame] = defaultdict(Frame)
    for i, h in enumerate(horizontal):
        frames[find(i)].horizontal.append(h)
    for j, v in enumerate(vertical, len(horizontal)):
        frames[find(j)].vertical.append(v)
    result = list(frames.values())
    for frame in result:
        box = frame.box
        frame.fills = [f for f in fills if box.contains_centre(f)] if frame.vertical else []
    return result
