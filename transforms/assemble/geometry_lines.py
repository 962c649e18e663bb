"""Text lines of a page as geometry sees them: fragments of a baseline, with the facts about their type face."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from schemas.content import ExtractedPage, Line, Span, Style
from schemas.geometry import Box, union
from transforms.assemble.text import collapse, line_text, normalise

#: Cosine above which a baseline counts as horizontal.
HORIZONTAL = 0.985
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_BOLD, _ITALIC, _MONO = int(Style.BOLD), int(Style.ITALIC), int(Style.MONO)
_RAISED = int(Style.SUPERSCRIPT | Style.SUBSCRIPT)
_LATIN = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, eq=False, slots=True)
class TextLine:
    """Spans on one baseline of one column. Size, font and colour are those of most characters."""

    page: int
    box: Box
    spans: tuple[Span, ...]
    #: Normalised text.
    text: str
    size: float
    font: str
    color: int
    #: Every letter and digit is bold, italic, in a typewriter face.
    bold: bool
    italic: bool
    mono: bool

    @property
    def first(self) -> Span:
        """First span with ink."""
        return next((span for span in self.spans if span.text.strip()), self.spans[0])


def make_line(page: int, box: Box, spans: tuple[Span, ...]) -> TextLine:
    """A line with the facts about its spans."""
    style, main, most = ~0, spans[0], -1
    weights: dict[tuple[float, int, int], int] = {}
    for span in spans:
        if any(map(str.isalnum, span.text)):
            style &= span.style
        key = (span.size, span.style & ~_RAISED, span.color)
        weights[key] = weight = weights.get(key, 0) + len(span.text.strip())
        if weight > most:
            main, most = span, weight
    style = main.style if style == ~0 else style
    return TextLine(
        page=page,
        box=box,
        spans=spans,
        text=collapse(normalise(line_text(spans))),
        size=main.size,
        font=main.font,
        color=main.color,
        bold=style & _BOLD != 0,
        italic=style & _ITALIC != 0,
        mono=style & _MONO != 0,
    )


@dataclass(frozen=True)
class PageLines:
    """The lines of a page by what geometry does with them."""

    flow: list[TextLine]
    #: Baselines that are not horizontal.
    turned: list[TextLine]
    hidden: list[TextLine]


def page_lines(page: ExtractedPage, taken: AbstractSet[tuple[int, int]] = frozenset()) -> PageLines:
    """The lines of a page without the spans in `taken`: (index of the line, index of the span)."""
    result = PageLines([], [], [])
    for number, line in enumerate(page.lines):
        seen, unseen = [], []
        for index, span in enumerate(line.spans):
            if span.hidden:
                unseen.append(span)
            elif (number, index) not in taken:
                seen.append(span)
        target = result.flow if line.direction[0] > HORIZONTAL else result.turned
        target.extend(_text_line(page.number, line, seen))
        result.hidden.extend(_text_line(page.number, line, unseen))
    return result


def _text_line(page: int, line: Line, spans: list[Span]) -> Iterator[TextLine]:
    if any(span.text.strip() for span in spans):
        whole = len(spans) == len(line.spans)
        boxes = [] if whole else [span.box for span in spans if span.box and span.text.strip()]
        yield make_line(page, line.box if whole else union(boxes) or line.box, tuple(spans))


def merge_rows(lines: Iterable[TextLine]) -> list[TextLine]:
    """Fragments on the same baseline become one line; top to bottom."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: (line.box.y1, line.box.x0)):
        if rows and any(_same_row(other, line) for other in rows[-1][-3:]):
            rows[-1].append(line)
        elif len(rows) > 1 and any(_same_row(other, line) for other in rows[-2][-3:]):
            rows[-2].append(line)
        else:
            rows.append([line])
    return [_merged(row) for row in rows]


def _same_row(a: TextLine, b: TextLine) -> bool:
    shared = min(a.box.y1, b.box.y1) - max(a.box.y0, b.box.y0)
    if shared <= 0.6 * min(a.box.height, b.box.height) or min(a.box.x1, b.box.x1) - max(a.box.x0, b.box.x0) > 0.5 * min(
        a.box.width, b.box.width
    ):
        return False
    # Without a common baseline only a raised or lowered small piece belongs to the row.
    return abs(a.box.y1 - b.box.y1) < 0.35 * max(a.size, b.size) or min(a.size, b.size) < 0.8 * max(a.size, b.size)


def _merged(row: list[TextLine]) -> TextLine:
    if len(row) == 1:
        return row[0]
    text = "".join(line.text for line in row)
    backwards = len(_RIGHT_TO_LEFT.findall(text)) > len(_LATIN.findall(text))
    row = sorted(row, key=lambda line: line.box.x0, reverse=backwards)
    box = union(line.box for line in row) or row[0].box
    return make_line(row[0].page, box, tuple(span for line in row for span in line.spans))
