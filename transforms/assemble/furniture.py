"""Running heads, page numbers and watermarks: text that belongs to the page, not to the document."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from schemas.content import BlockType
from schemas.geometry import Box
from transforms.assemble.geometry_lines import TextLine
from transforms.assemble.regions import CERTAIN, NO_REGIONS, PageRegions

#: Share of the page's height where running heads and feet stand.
BAND = 0.13
#: Share where even a page on its own shows them, when white space sets them apart.
MARGIN = 0.075
#: White space, in font sizes, between a running head and the text.
SEPARATION = 0.9
MAX_CHARS = 120
#: Watermarks are larger than the body by this factor.
WATERMARK_SIZE = 2.2
_PAGE_NUMBER = re.compile(
    r"(?:(?:page|pagina|página|seite|p|pg|s)\W{0,2})?[-–—\[(|]?\s?(?:\d{1,4}|[ivxlc]{1,7})\s?[-–—\])|]?"
    r"(?:\s?(?:of|/|von|de|sur|di|van|\|)\s?\d{1,4})?",
    re.IGNORECASE,
)
#: A footnote: a number, then words.
_NOTE = re.compile(r"(?:\d{1,2}|[*†‡])[.)]?\s*[^\W\d_]{2,}\S*\s+\S")
#: Rows of furniture stand no further apart than this many font sizes.
ADJOINING = 2.5
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Furniture:
    """What to take out of the flow, by identity of the lines."""

    headers: frozenset[int]
    footers: frozenset[int]

    def __contains__(self, line: TextLine) -> bool:
        return id(line) in self.headers or id(line) in self.footers


@dataclass(frozen=True)
class Sheet:
    """A page's size and its lines."""

    width: float
    height: float
    lines: Sequence[TextLine]
    regions: PageRegions = NO_REGIONS


def find_furniture(sheets: Sequence[Sheet], body_size: float) -> Furniture:
    """The running heads and feet of all pages."""
    heads, feet = set[int](), set[int]()
    for top, chosen in ((True, heads), (False, feet)):
        bands = [_band(sheet, top) for sheet in sheets]
        repeated = _repeated(sheets, bands)
        for sheet, band in zip(sheets, bands, strict=True):
            chosen.update(id(line) for line in _outer_rows(sheet, band, top, repeated, body_size))
            chosen.update(id(line) for line in seen_furniture(sheet, top, body_size, chosen))
    heads |= {id(line) for line in watermarks(sheets, body_size)}
    return Furniture(frozenset(heads), frozenset(feet - heads))


def seen_furniture(
    sheet: Sheet, top: bool, body_size: float, chosen: AbstractSet[int] = frozenset()
) -> Iterable[TextLine]:
    """Outermost rows that a layout model is certain about and that look like furniture.

    The model alone is not enough: it also takes short text near the edge of a page for a running head.
    """
    kind = BlockType.PAGE_HEADER if top else BlockType.PAGE_FOOTER
    if not sheet.regions.of_type(kind, CERTAIN):
        return
    lines = sorted(sheet.lines, key=lambda line: (_edge_distance(sheet, line.box, top), line.box.x0))
    for row in _rows(lines):
        if all(id(line) in chosen for line in row):
            continue
        seen = [sheet.regions.at(line.box) for line in row]
        certain = all(r is not None and r.type is kind and r.confidence >= CERTAIN for r in seen)
        if not certain or not _may_be_furniture(sheet, row, top, body_size):
            return
        yield from row


def _may_be_furniture(sheet: Sheet, row: Sequence[TextLine], top: bool, body_size: float) -> bool:
    """A page number anywhere beyond the text; other short text in the margin, or small in the band."""
    text = " ".join(line.text for line in row)
    gap = _gap_inwards(sheet, row, top)
    if not top and _NOTE.match(text):
        return False
    if len(text) > MAX_CHARS or any(line.size > 1.15 * body_size for line in row) or gap < 0.4 * row[0].size:
        return False
    if _PAGE_NUMBER.fullmatch(text):
        return True
    distance = min(_edge_distance(sheet, line.box, top) for line in row)
    small = all(line.size < 0.95 * body_size for line in row)
    return distance < MARGIN * sheet.height or (small and distance < BAND * sheet.height)


def watermarks(sheets: Sequence[Sheet], body_size: float) -> list[TextLine]:
    """Large pale text, on several pages or across other text."""
    large = [(sheet, line) for sheet in sheets for line in sheet.lines if line.size > WATERMARK_SIZE * body_size]
    counts = Counter(_key(line) for _, line in large)
    return [line for sheet, line in large if _is_pale(line.color) and (counts[_key(line)] > 1 or _crosses(sheet, line))]


def _is_pale(color: int) -> bool:
    return min(color >> 16 & 255, color >> 8 & 255, color & 255) > 140


def _crosses(sheet: Sheet, line: TextLine) -> bool:
    return sum(line.box.overlap(other.box) > 0.2 * other.box.area for other in sheet.lines if other is not line) >= 2


def _band(sheet: Sheet, top: bool) -> list[TextLine]:
    """Short lines in the top or bottom band, from the edge of the page inwards."""
    limit = BAND * sheet.height
    inside = [
        line for line in sheet.lines if _edge_distance(sheet, line.box, top) < limit and len(line.text) <= MAX_CHARS
    ]
    return sorted(inside, key=lambda line: (_edge_distance(sheet, line.box, top), line.box.x0))


def _edge_distance(sheet: Sheet, box: Box, top: bool) -> float:
    return box.y1 if top else sheet.height - box.y0


def _key(line: TextLine) -> tuple[str, int]:
    return _DIGITS.sub("#", line.text.casefold()), round(line.size)


def _position(sheet: Sheet, line: TextLine) -> tuple[int, int, int]:
    """Where and how large a line is, whatever it says; pages of other sizes do not compare."""
    return round(line.box.y0 / 2), round(line.size * 4), round(sheet.height)


@dataclass(frozen=True)
class _Repeated:
    """Texts and positions that come back on several pages."""

    texts: frozenset[tuple[str, int]]
    positions: frozenset[tuple[int, int, int]]


def _repeated(sheets: Sequence[Sheet], bands: Sequence[Sequence[TextLine]]) -> _Repeated:
    texts: Counter[tuple[str, int]] = Counter()
    places: dict[tuple[str, int], list[float]] = defaultdict(list)
    positions: Counter[tuple[int, int, int]] = Counter()
    for sheet, band in zip(sheets, bands, strict=True):
        keys = [_key(line) for line in band]
        texts.update(set(keys))
        for key, line in zip(keys, band, strict=True):
            places[key].append(line.box.y0)
        positions.update({_position(sheet, line) for line in band})
    enough = 2 if len(sheets) < 6 else 3
    steady = {key for key, count in texts.items() if count >= enough and _is_steady(places[key])}
    share = max(2, round(0.4 * len(sheets)))
    return _Repeated(frozenset(steady), frozenset(place for place, count in positions.items() if count >= share))


def _is_steady(heights: Sequence[float]) -> bool:
    """Whether most of the instances stand at the same height."""
    common = Counter(round(y / 3) for y in heights)
    return max(common.values()) >= 0.5 * len(heights)


def _outer_rows(
    sheet: Sheet, band: Sequence[TextLine], top: bool, repeated: _Repeated, body_size: float
) -> Iterable[TextLine]:
    """Rows from the edge inwards as long as they look like furniture."""
    chosen: list[TextLine] = []
    for row in _rows(band):
        gap = _gap_inwards(sheet, row, top)
        adjoins = not chosen or _distance(chosen[-1].box, row[0].box) < ADJOINING * row[0].size
        if (
            any(_key(line) in repeated.texts and _is_apart(line, gap, body_size) for line in row)
            or (adjoins and _is_spread(sheet, row, gap))
            or (adjoins and any(_looks_like_furniture(sheet, line, top, repeated, body_size, gap) for line in row))
        ):
            chosen.extend(row)
        else:
            break
    return chosen


def _is_spread(sheet: Sheet, row: Sequence[TextLine], gap: float) -> bool:
    """Short pieces at the left and the right of one row, as 'date ... page' stand."""
    left, right = min(line.box.x0 for line in row), max(line.box.x1 for line in row)
    if len(row) < 2 or len(row) > 4 or gap < 0.5 * row[0].size or any(len(line.text) > 40 for line in row):
        return False
    inked = sum(line.box.width for line in row)
    return left < 0.25 * sheet.width and right > 0.75 * sheet.width and inked < 0.5 * (right - left)


def _distance(a: Box, b: Box) -> float:
    return max(a.y0, b.y0) - min(a.y1, b.y1)


def _is_apart(line: TextLine, gap: float, body_size: float) -> bool:
    return gap > SEPARATION * max(line.size, 0.8 * body_size) or line.size < 0.95 * body_size


def _rows(band: Sequence[TextLine]) -> Iterable[list[TextLine]]:
    row: list[TextLine] = []
    for line in band:
        if row and min(line.box.y1, row[0].box.y1) - max(line.box.y0, row[0].box.y0) <= 0.3 * line.box.height:
            yield row
            row = []
        row.append(line)
    if row:
        yield row


def _gap_inwards(sheet: Sheet, row: Sequence[TextLine], top: bool) -> float:
    """White space between a row and the nearest line further inside the page."""
    if top:
        edge = max(line.box.y1 for line in row)
        inner = [line.box.y0 - edge for line in sheet.lines if line.box.y0 >= edge - 2 and line not in row]
    else:
        edge = min(line.box.y0 for line in row)
        inner = [edge - line.box.y1 for line in sheet.lines if line.box.y1 <= edge + 2 and line not in row]
    return min(inner, default=sheet.height)


def _looks_like_furniture(
    sheet: Sheet, line: TextLine, top: bool, repeated: _Repeated, body_size: float, gap: float
) -> bool:
    """By place and size alone: rows that stand at the same place on many pages, or in the margin, set apart."""
    if line.size > 1.15 * body_size or gap <= SEPARATION * max(line.size, 0.8 * body_size):
        return False
    seen = sheet.regions.at(line.box)
    if seen is not None and seen.type in {BlockType.HEADING, BlockType.TITLE} and seen.confidence >= CERTAIN:
        return False
    if not top and _NOTE.match(line.text):
        return False
    if _PAGE_NUMBER.fullmatch(line.text):
        return True
    small = line.size < 0.95 * body_size
    if _position(sheet, line) in repeated.positions and (small or gap > 2 * line.size):
        return True
    within = _edge_distance(sheet, line.box, top) < MARGIN * sheet.height
    return within and (small or gap > 2.5 * body_size)
