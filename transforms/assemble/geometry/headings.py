"""Titles and headings by what sets them apart: type face, numbering, bookmarks; levels agree over the document."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.content import BlockType, OutlineEntry
from transforms.assemble.evidence.regions import CERTAIN
from transforms.assemble.geometry.blocks import TextBlock
from transforms.assemble.geometry.lines import TextLine

MAX_LINES = 4
MAX_CHARS = 220
#: Words of a heading that only its weight, slant or colour sets apart.
MAX_WORDS = 18
#: Larger than the body by this factor sets a heading apart on its own.
LARGER = 1.07
#: Larger than the body by this factor is no running text, whatever a layout model says.
MUCH_LARGER = 1.35
#: Share of a region that a block has to take up to be that region.
WHOLE = 0.75
NO_HEADINGS = (BlockType.PARAGRAPH, BlockType.LIST_ITEM, BlockType.FOOTNOTE, BlockType.CAPTION, BlockType.FORMULA)
_NUMBERING = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,5})[.):]?\s+(?=\S*[^\W\d])")
_NAMED = re.compile(
    r"(?:chapter|part|appendix|annex|chapitre|kapitel|anhang|annexe|capítulo)\s+(?:\d+|[A-Z]|[IVXLC]+)\b", re.IGNORECASE
)
_ROMAN = re.compile(r"[IVX]{1,5}\.\s+(?=\S)")
_LETTERS = re.compile(r"[^\W\d_]")
_NOT_ALNUM = re.compile(r"[\W_]+")
_SENTENCE_STOP = (".", ";", ",", ":", "…")


@dataclass(frozen=True)
class BodyFace:
    """The type face of most characters of a document."""

    size: float
    bold: bool
    italic: bool
    color: int

    @classmethod
    def of(cls, lines: Iterable[TextLine]) -> BodyFace:
        """Size first, weighted by characters; then weight, slant and colour within that size."""
        sizes: Counter[float] = Counter()
        faces: dict[float, Counter[tuple[bool, bool, int]]] = defaultdict(Counter)
        for line in lines:
            size, weight = round(line.size * 2) / 2, len(line.text)
            sizes[size] += weight
            faces[size][line.bold, line.italic, line.color] += weight
        if not sizes:
            return cls(10.0, False, False, 0)
        size = max(sizes, key=lambda key: (sizes[key], -key))
        bold, italic, color = max(faces[size], key=lambda key: faces[size][key])
        return cls(size or 10.0, bold, italic, color)


Style = tuple[float, bool, bool, bool, int, str]


def heading_style(block: TextBlock) -> Style:
    """What headings of one level share: size, weight, capitals, slant, colour, font."""
    first = block.lines[0]
    return round(block.size * 4) / 4, block.bold, _is_capitals(block.text), block.italic, first.color, first.font


def _is_capitals(text: str) -> bool:
    return len(_LETTERS.findall(text)) > 3 and text.upper() == text and text.lower() != text


def numbering_depth(text: str) -> int:
    """2 for '3.1 Results', 1 for 'Chapter 4'; 0 without a number."""
    match = _NUMBERING.match(text)
    if match:
        return match.group(1).count(".") + 1
    return 1 if _NAMED.match(text) or _ROMAN.match(text) else 0


class Outline:
    """Bookmarks, looked up by page and text."""

    def __init__(self, entries: Sequence[OutlineEntry]) -> None:
        self._levels: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for entry in entries:
            for key in {_key(entry.title), _key(_NUMBERING.sub("", entry.title))}:
                if key:
                    self._levels[key].append((entry.page, entry.level))

    def level(self, block: TextBlock) -> int:
        """Level of the bookmark that names the block's text on its page; 0 when there is none."""
        if not self._levels:
            return 0
        for key in (_key(block.text), _key(_NUMBERING.sub("", block.text))):
            for page, level in self._levels.get(key, ()):
                if page in {0, block.page}:
                    return level
        return 0


def _key(text: str) -> str:
    return _NOT_ALNUM.sub("", text.casefold())


def is_heading(block: TextBlock, body: BodyFace, outline: Outline) -> bool:
    """Whether the block looks like a heading, or a layout model is certain that it is one and it may be."""
    looks = looks_like_heading(block, body, outline)
    if block.seen is None or outline.level(block):
        return looks
    if looks:
        return not _is_denied(block, body)
    return block.seen_as(BlockType.HEADING, BlockType.TITLE, least=CERTAIN) and _may_be_heading(block)


def _is_denied(block: TextBlock, body: BodyFace) -> bool:
    """Whether a layout model is sure of something else. Numbered or much larger text stays a heading."""
    if block.seen_as(BlockType.FIGURE, BlockType.TABLE):
        return True
    whole = block.seen is not None and block.seen.extent >= WHOLE and _is_all_of_it(block)
    other = block.seen_as(*NO_HEADINGS, least=CERTAIN)
    return whole and other and not numbering_depth(block.text) and block.size < MUCH_LARGER * body.size


def _is_all_of_it(block: TextBlock) -> bool:
    """Whether the block holds all of the region it stands in, so that the region's type is its own."""
    return block.seen is not None and block.box.overlap(block.seen.region.box) >= WHOLE * block.seen.region.box.area


def _may_be_heading(block: TextBlock) -> bool:
    text = block.text
    bullet = block.marker is not None and not block.marker.ordered
    short = len(block.lines) <= MAX_LINES and len(text.split()) <= MAX_WORDS
    return short and not bullet and len(_LETTERS.findall(text)) > 2 and not text.endswith((".", ",", ";"))


def looks_like_heading(block: TextBlock, body: BodyFace, outline: Outline) -> bool:
    """Whether the block stands out as headings do. Captions, notes and listings are told apart before."""
    text = block.text
    bullet = block.marker is not None and not block.marker.ordered
    if bullet or len(block.lines) > MAX_LINES or len(text) > MAX_CHARS or not _LETTERS.search(text):
        return False
    if outline.level(block):
        return True
    if block.mono or (len(_LETTERS.findall(text)) < 3 and not numbering_depth(text)):
        return False
    return _is_larger(block, body) or (_is_short(block, body) and _stands_apart(block) and _has_own_face(block, body))


def _is_larger(block: TextBlock, body: BodyFace) -> bool:
    words, text = len(block.text.split()), block.text
    if block.size <= LARGER * body.size:
        return False
    if (
        block.size < 1.3 * body.size
        and not block.bold
        and (len(block.lines) > 2 or text.endswith((".", ",", ";", ":")))
    ):
        return False
    return words <= 2 * MAX_WORDS and not (text.endswith((".", ",", ";")) and words > 8)


def _is_short(block: TextBlock, body: BodyFace) -> bool:
    words, text = len(block.text.split()), block.text
    if words > MAX_WORDS or text.endswith(_SENTENCE_STOP) or len(block.lines) > 2:
        return False
    return block.size >= 0.93 * body.size


def _stands_apart(block: TextBlock) -> bool:
    """More white above than below, or at least some above; the text follows it in the same column."""
    if block.text[:1].islower():
        return False
    return block.gap_above > 0.25 * block.size and block.gap_above >= block.gap_below - 0.6 * block.size


def _has_own_face(block: TextBlock, body: BodyFace) -> bool:
    if block.bold and not body.bold:
        return True
    if _is_capitals(block.text):
        return True
    distinct = (block.italic and not body.italic) or (block.lines[0].color != body.color and _is_one_color(block))
    return distinct and len(block.lines) == 1 and len(block.text.split()) <= 12


def _is_one_color(block: TextBlock) -> bool:
    return len({span.color for line in block.lines for span in line.spans if span.text.strip()}) == 1


def find_title(blocks: Sequence[TextBlock], body: BodyFace) -> TextBlock | None:
    """The title among the headings of the first page: the largest, and larger than any other heading."""
    first = [block for block in blocks if block.page == 1]
    if not first:
        return None
    title = max(first, key=lambda block: (block.size, -block.box.y0))
    rivals = [block for block in blocks if block is not title]
    if title.size < 1.15 * body.size or len(_LETTERS.findall(title.text)) < 3:
        return None
    return title if all(block.size < 0.97 * title.size for block in rivals) else None


def heading_levels(headings: Sequence[TextBlock], outline: Outline, color: int) -> dict[int, int]:
    """Level from 1 for each heading, by identity of the block: bookmark, else numbering, else style.

    `color` is that of the body.
    """
    styles = _style_levels(headings, outline, color)
    top = min((outline.level(block) for block in headings if outline.level(block)), default=1) - 1
    levels = {}
    for block in headings:
        bookmark, depth = outline.level(block), numbering_depth(block.text)
        levels[id(block)] = bookmark - top if bookmark else depth or styles[heading_style(block)]
    return levels


def _style_levels(headings: Sequence[TextBlock], outline: Outline, color: int) -> dict[Style, int]:
    """A level for each style: the usual one of its numbered or bookmarked members, else by rank of prominence.

    Equally prominent styles rank in the order of their first headings.
    """
    top = min((outline.level(block) for block in headings if outline.level(block)), default=1) - 1
    votes: dict[Style, Counter[int]] = defaultdict(Counter)
    for block in headings:
        bookmark, depth = outline.level(block), numbering_depth(block.text)
        if bookmark or depth:
            votes[heading_style(block)][bookmark - top if bookmark else depth] += 1
    levels: dict[Style, int] = {}
    previous: tuple[tuple[float, int, int], int] | None = None
    ranks = {style: _prominence(style, color) for style in map(heading_style, headings)}
    for style, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if style in votes:
            level = votes[style].most_common(1)[0][0]
        elif previous is None:
            level = 1
        else:
            level = previous[1] + (previous[0] != rank)
        levels[style] = min(9, level)
        previous = rank, levels[style]
    return levels


def _prominence(style: Style, color: int) -> tuple[float, int, int]:
    """Sort key, most prominent first; slant ranks below weight and capitals, then a colour other than the body's."""
    size, bold, capitals, italic, own, _ = style
    return -size, -(4 * bold + 2 * capitals - italic), -(own != color)
