"""Running heads, page numbers and watermarks: text that belongs to the page, not to the document.

Repetition and page numbers prove them (`furniture_proof.py`), place and white space do not. What is doubtful is text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from schemas.content import BlockType
from schemas.geometry import Box
from transforms.assemble.evidence.regions import CERTAIN, NO_REGIONS, PageRegions
from transforms.assemble.geometry.furniture_proof import (
    Edge,
    at_one_height,
    may_be_number,
    proven,
    reads_as_text,
    says_page,
    says_stamp,
    wording,
)
from transforms.assemble.geometry.lines import TextLine

#: Share of the page's height where running heads and feet stand.
BAND = 0.13
#: Share where even a page on its own shows them, when white space sets them apart.
MARGIN = 0.075
#: White space, in font sizes, between a running head and the text.
SEPARATION = 0.9
MAX_CHARS = 300
#: Places of running heads that are remembered.
MAX_SPOTS = 40
#: So many pages need not count: a number at their edge is that of the page.
FEW_PAGES = 2
#: Watermarks are larger than the body by this factor.
WATERMARK_SIZE = 2.2
#: A footnote: a number, then words.
_NOTE = re.compile(r"(?:\d{1,2}|[*†‡])[.)]?\s*[^\W\d_]{2,}\S*\s+\S")
#: Rows of furniture stand no further apart than this many font sizes.
ADJOINING = 2.5


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
        proof = _proof(sheets, bands, top, body_size)
        for sheet, band in zip(sheets, bands, strict=True):
            chosen.update(id(line) for line in _outer_rows(sheet, band, top, proof))
            chosen.update(id(line) for line in seen_furniture(sheet, top, proof, chosen))
    heads |= {id(line) for line in watermarks(sheets, body_size)}
    return Furniture(frozenset(heads), frozenset(feet - heads))


@dataclass(frozen=True)
class Proof:
    """What the pages together tell about one of their edges."""

    #: Lines that come back, by identity, and where they stand.
    lines: AbstractSet[int]
    spots: Sequence[Edge]
    #: Lines of small type that stand alone where such lines of most pages do.
    small: AbstractSet[int]
    #: What is said more than once in the document: running heads repeat headings.
    said: AbstractSet[str]
    pages: int
    body_size: float

    def is_spot(self, edge: Edge) -> bool:
        """Whether a proven running head stands here on another page, and this reads like one."""
        fits = any(edge.stands_like(spot) for spot in self.spots)
        return fits and (edge.line.text.casefold() in self.said or not reads_as_text(edge.line.text))


def _proof(sheets: Sequence[Sheet], bands: Sequence[Sequence[TextLine]], top: bool, body_size: float) -> Proof:
    edges, outer = list[Edge](), list[Edge]()
    for number, (sheet, band) in enumerate(zip(sheets, bands, strict=True)):
        rows = list(_rows(band))
        found = [
            Edge(number, line, _edge_distance(sheet, line.box, top), at) for at, row in enumerate(rows) for line in row
        ]
        edges += found
        outer += found[:1] if rows and _is_small_and_apart(sheet, rows[0], top, body_size) else []
    lines = proven(edges, len(sheets))
    steady = at_one_height(outer) if outer else []
    often = len(steady) >= max(2, round(0.4 * len(sheets)))
    small = frozenset(id(edge.line) for edge in steady if often)
    spots = _distinct(edge for edge in edges if id(edge.line) in lines)
    counts = Counter(line.text.casefold() for sheet in sheets for line in sheet.lines)
    said = frozenset(text for text, count in counts.items() if count > 1)
    return Proof(lines, spots, small, said, len(sheets), body_size)


def _distinct(spots: Iterable[Edge]) -> list[Edge]:
    """One edge for each place: a document has few, however many pages."""
    found: list[Edge] = []
    for spot in spots:
        if not any(spot.stands_like(other) for other in found[-MAX_SPOTS:]):
            found.append(spot)
    return found[-MAX_SPOTS:]


def seen_furniture(sheet: Sheet, top: bool, proof: Proof, chosen: AbstractSet[int]) -> Iterable[TextLine]:
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
        if not certain or not _may_be_furniture(sheet, row, top, proof):
            return
        yield from row


def _may_be_furniture(sheet: Sheet, row: Sequence[TextLine], top: bool, proof: Proof) -> bool:
    """A page number anywhere beyond the text; other short text in small type near the edge."""
    text = " ".join(line.text for line in row)
    gap = _gap_inwards(sheet, row, top)
    if not top and _NOTE.match(text):
        return False
    if any(line.size > 1.15 * proof.body_size for line in row) or gap < 0.4 * row[0].size:
        return False
    if may_be_number(text):
        return True
    distance = min(_edge_distance(sheet, line.box, top) for line in row)
    return distance < BAND * sheet.height and _is_small(row, proof.body_size) and not reads_as_text(text)


def _is_small(row: Sequence[TextLine], body_size: float) -> bool:
    return all(line.size < 0.95 * body_size for line in row)


def _is_small_and_apart(sheet: Sheet, row: Sequence[TextLine], top: bool, body_size: float) -> bool:
    """Whether a row of small type stands alone and does not read as a part of the text."""
    text = " ".join(line.text for line in row)
    apart = _gap_inwards(sheet, row, top) > SEPARATION * body_size
    return apart and _is_small(row, body_size) and not reads_as_text(text) and not (not top and _NOTE.match(text))


def watermarks(sheets: Sequence[Sheet], body_size: float) -> list[TextLine]:
    """Large pale text, on several pages or across other text."""
    large = [(sheet, line) for sheet in sheets for line in sheet.lines if line.size > WATERMARK_SIZE * body_size]
    counts = Counter(wording(line) for _, line in large)
    return [
        line for sheet, line in large if _is_pale(line.color) and (counts[wording(line)] > 1 or _crosses(sheet, line))
    ]


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


def _outer_rows(sheet: Sheet, band: Sequence[TextLine], top: bool, proof: Proof) -> Iterable[TextLine]:
    """Rows from the edge inwards as long as they are furniture."""
    chosen: list[TextLine] = []
    for row in _rows(band):
        adjoins = not chosen or _distance(chosen[-1].box, row[0].box) < ADJOINING * row[0].size
        known = [line for line in row if id(line) in proof.lines]
        if known:
            apart = _gap_inwards(sheet, row, top) > SEPARATION * row[0].size
            chosen.extend(line for line in row if line in known or (apart and _goes_with(sheet, line, top, proof)))
        elif adjoins and _is_likely(sheet, row, top, proof):
            chosen.extend(row)
        else:
            break
    return chosen


def _goes_with(sheet: Sheet, line: TextLine, top: bool, proof: Proof) -> bool:
    """Whether a line beside a proven one is a running head too: it reads, looks or stands like one."""
    edge = Edge(0, line, _edge_distance(sheet, line.box, top), 0)
    told = _is_small([line], proof.body_size) or line.text.casefold() in proof.said
    return told or not reads_as_text(line.text) or any(edge.stands_like(spot) for spot in proof.spots)


def _is_likely(sheet: Sheet, row: Sequence[TextLine], top: bool, proof: Proof) -> bool:
    """A page number, or what stands apart where the running heads of other pages do and does not read as text."""
    line, gap, text = row[0], _gap_inwards(sheet, row, top), " ".join(line.text for line in row)
    if proof.pages == 1 and not top and gap > 0.5 * line.size and _is_spread(sheet, row) and says_stamp(text):
        return True
    seen = sheet.regions.at(line.box)
    heading = seen is not None and seen.type in {BlockType.HEADING, BlockType.TITLE} and seen.confidence >= CERTAIN
    apart = gap > SEPARATION * max(line.size, 0.8 * proof.body_size)
    if heading or not apart or line.size > 1.15 * proof.body_size:
        return False
    if all(proof.is_spot(Edge(0, line, _edge_distance(sheet, line.box, top), 0)) for line in row):
        return True
    if any(reads_as_text(part) for part in (text, *(line.text for line in row))) or (not top and _NOTE.match(text)):
        return False
    if any(may_be_number(line.text) for line in row):
        return proof.pages <= FEW_PAGES or any(says_page(line.text) for line in row)
    return id(line) in proof.small or (proof.pages == 1 and _is_likely_alone(sheet, row, top, proof, gap))


def _is_likely_alone(sheet: Sheet, row: Sequence[TextLine], top: bool, proof: Proof, gap: float) -> bool:
    """On the only page there is: small type in the margin, or at the foot what says what feet say."""
    within = _edge_distance(sheet, row[0].box, top) < MARGIN * sheet.height
    if within and _is_small(row, proof.body_size):
        return True
    apart = within and gap > 2.5 * proof.body_size
    return not top and apart and says_stamp(" ".join(line.text for line in row))


def _is_spread(sheet: Sheet, row: Sequence[TextLine]) -> bool:
    """Short pieces at the left and the right of one row, as 'date ... page' stand."""
    left, right = min(line.box.x0 for line in row), max(line.box.x1 for line in row)
    if not 2 <= len(row) <= 4 or any(len(line.text) > 40 for line in row):
        return False
    inked = sum(line.box.width for line in row)
    return left < 0.25 * sheet.width and right > 0.75 * sheet.width and inked < 0.5 * (right - left)


def _distance(a: Box, b: Box) -> float:
    return max(a.y0, b.y0) - min(a.y1, b.y1)


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
