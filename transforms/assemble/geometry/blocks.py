"""Lines of a column become blocks: runs that one paragraph, heading, item or listing would fill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from schemas.content import BlockType
from schemas.geometry import Box, union
from transforms.assemble.evidence.regions import CERTAIN, NO_REGIONS, SURE, PageRegions, Vote, vote
from transforms.assemble.geometry.lines import TextLine
from transforms.assemble.geometry.markers import Marker, find_marker

#: Line pitch beyond this share of the usual one is a gap between paragraphs.
PARAGRAPH_PITCH = 1.22
#: Usual pitch in font sizes where the document does not tell.
DEFAULT_PITCH = 1.25
SIZE_TOLERANCE = 0.06
SENTENCE_END = (".", "!", "?", ":", ";", "”", '"', "’", "»", ")", "。", "！", "？", "…")


@dataclass
class TextBlock:
    """Lines that belong together, in reading order."""

    lines: list[TextLine]
    #: Horizontal extent of the column the block stands in.
    column: tuple[float, float]
    marker: Marker | None = None
    #: White space above, in points; large at the top of a column.
    gap_above: float = 1e3
    gap_below: float = 1e3
    #: First block of its column.
    opens_column: bool = False
    #: Number of the column within the page.
    stack: int = 0
    #: What a layout model takes it for.
    seen: Vote | None = None
    #: Words inside a picture.
    label: bool = False
    _text: list[str] = field(default_factory=list)

    @property
    def page(self) -> int:
        """1-based page."""
        return self.lines[0].page

    @property
    def box(self) -> Box:
        """Extent of all lines."""
        return union(line.box for line in self.lines) or self.lines[0].box

    @property
    def text(self) -> str:
        """Lines joined by spaces, for patterns; hyphenation is not repaired."""
        if not self._text:
            self._text.append(" ".join(line.text for line in self.lines))
        return self._text[0]

    @property
    def size(self) -> float:
        """Font size of the longest line."""
        return max(self.lines, key=lambda line: len(line.text)).size

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(line.bold for line in self.lines)

    @property
    def italic(self) -> bool:
        """Whether all of it is italic."""
        return all(line.italic for line in self.lines)

    @property
    def mono(self) -> bool:
        """Whether all of it is in a typewriter face."""
        return all(line.mono for line in self.lines)

    @property
    def ends_sentence(self) -> bool:
        """Whether the last line ends as sentences do."""
        return self.lines[-1].text.endswith(SENTENCE_END)

    def seen_as(self, *types: BlockType, least: float = SURE) -> bool:
        """Whether a layout model takes it for one of these types, and is at least that sure."""
        return self.seen is not None and self.seen.type in types and self.seen.weight >= least

    @property
    def fills_last_line(self) -> bool:
        """Whether the last line reaches the right edge of the block or column."""
        right = max(line.box.x1 for line in self.lines) if len(self.lines) > 1 else self.column[1]
        return self.lines[-1].box.x1 > right - 0.12 * max(1.0, right - self.column[0])


class Pitches:
    """The usual distance of baselines for each font size of a document."""

    def __init__(self, columns: Iterable[Sequence[TextLine]]) -> None:
        seen: dict[float, Counter[float]] = {}
        for column in columns:
            for above, below in pairwise(column):
                step = below.box.y1 - above.box.y1
                if abs(above.size - below.size) < 0.1 and 0.8 * below.size < step < 2.2 * below.size:
                    seen.setdefault(round(below.size * 2) / 2, Counter())[round(step * 4) / 4] += 1
        self._usual = {size: _smallest_common(steps) for size, steps in seen.items()}

    def usual(self, size: float) -> float:
        """Distance of baselines within paragraphs of this size."""
        known = self._usual.get(round(size * 2) / 2)
        return known or DEFAULT_PITCH * size


def _smallest_common(steps: Counter[float]) -> float:
    """The commonest step; of similarly common ones the smallest, since gaps only widen it."""
    top = max(steps.values())
    if top < 2:
        return 0.0
    return min(step for step, count in steps.items() if count >= 0.5 * top)


def split_column(lines: Sequence[TextLine], pitches: Pitches, regions: PageRegions = NO_REGIONS) -> list[TextBlock]:
    """The blocks of one column; `lines` go from top to bottom."""
    extent = (min(line.box.x0 for line in lines), max(line.box.x1 for line in lines))
    blocks: list[TextBlock] = []
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else None
        marker = find_marker(line)
        opens = not blocks or _parted(blocks[-1].lines[-1], line, regions)
        if opens is None:
            opens = _opens_block(blocks[-1], line, following, marker, pitches)
        if opens:
            blocks.append(TextBlock([line], extent, marker, opens_column=not blocks))
        else:
            blocks[-1].lines.append(line)
    for above, below in pairwise(blocks):
        above.gap_below = below.gap_above = below.lines[0].box.y0 - above.lines[-1].box.y1
    if regions:
        for block in blocks:
            block.seen = vote(regions, [(line.box, len(line.text)) for line in block.lines])
    return blocks


def _parted(above: TextLine, below: TextLine, regions: PageRegions) -> bool | None:
    """Whether a layout model parts two lines or sets them as one heading; None when it does not say."""
    if not regions:
        return None
    first, second = regions.at(above.box), regions.at(below.box)
    if first is None or second is None or min(first.confidence, second.confidence) < CERTAIN:
        return None
    if first is not second:
        if first.type is not second.type:
            return True
        return True if above.text.endswith(SENTENCE_END) and not below.text[:1].islower() else None
    same_size = abs(above.size - below.size) <= SIZE_TOLERANCE * max(above.size, below.size)
    near = below.box.y0 - above.box.y1 < below.size
    return False if first.type is BlockType.HEADING and same_size and near else None


def _opens_block(
    block: TextBlock, line: TextLine, following: TextLine | None, marker: Marker | None, pitches: Pitches
) -> bool:
    last = block.lines[-1]
    if block.mono and line.mono:
        return line.box.y1 - last.box.y1 > 2.6 * line.size
    if marker is not None and marker.certain:
        return True
    if abs(line.size - last.size) > SIZE_TOLERANCE * max(line.size, last.size) or line.mono != last.mono:
        return True
    pitch = line.box.y1 - last.box.y1
    if pitch > PARAGRAPH_PITCH * pitches.usual(line.size) or pitch < -0.5 * line.size:
        return True
    if marker is not None and block.marker is not None and _aligned(block.lines[0], line):
        return True
    return _changes_face(block, line) or _indents(block, line, following) or _ends_short(block, line)


def _aligned(a: TextLine, b: TextLine) -> bool:
    return abs(a.box.x0 - b.box.x0) < 2.0


def _changes_face(block: TextBlock, line: TextLine) -> bool:
    """A bold, slanted or coloured run of whole lines ends or begins: a heading that no gap sets apart."""
    last = block.lines[-1]
    if block.bold and not line.bold:
        return not line.first.style & 1 or block.ends_sentence
    if (last.font, last.italic) != (line.font, line.italic) and _is_label(block, last) and not line.text[:1].islower():
        return True
    if (line.bold and not last.bold) or (line.italic and not last.italic and _stops_early(block, line)):
        return last.text.endswith(SENTENCE_END) and not line.text[:1].islower()
    return block.lines[0].bold and line.bold and last.color != line.color


def _is_label(block: TextBlock, last: TextLine) -> bool:
    """A single line in one face of its own that stops early."""
    fonts = {span.font for span in last.spans if span.text.strip()}
    return len(block.lines) == 1 and len(fonts) == 1 and _stops_early(block, last) and not block.ends_sentence


def _stops_early(block: TextBlock, line: TextLine) -> bool:
    """Whether a line leaves a tenth of its column free."""
    return line.box.x1 < block.column[1] - 0.1 * (block.column[1] - block.column[0])


def _indents(block: TextBlock, line: TextLine, following: TextLine | None) -> bool:
    """A first-line indent after a finished sentence."""
    indent = line.box.x0 - min(other.box.x0 for other in block.lines[-3:])
    if not 0.6 * line.size < indent < 5 * line.size or not block.ends_sentence or block.marker is not None:
        return False
    return following is None or following.box.x0 < line.box.x0 - 0.5 * line.size or not _same_left(block, line)


def _same_left(block: TextBlock, line: TextLine) -> bool:
    return abs(median(other.box.x0 for other in block.lines) - line.box.x0) < 0.5 * line.size


def _ends_short(block: TextBlock, line: TextLine) -> bool:
    """The last line stops early after a sentence, and this one starts like a new one at the left edge."""
    last = block.lines[-1]
    width = max(1.0, block.column[1] - block.column[0])
    starts = line.text[:1].isupper() or line.text[:1].isdigit() or line.text[:1] in "“\"'‘«(["
    if not starts or not block.ends_sentence or line.box.x0 > block.column[0] + 0.5 * line.size:
        return False
    return last.box.x1 < block.column[1] - 0.3 * width and line.box.x1 > block.column[1] - 0.15 * width
