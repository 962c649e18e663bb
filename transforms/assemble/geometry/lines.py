"""Text lines of a page as geometry sees them: fragments of a baseline, with the facts about their type face."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from schemas.content import ExtractedPage, Line, Span, Style
from schemas.geometry import Box, union
from transforms.assemble.text import collapse, line_text, normalise

#: Cosine above which a baseline counts as horizontal.
HORIZONTAL = 0.985
#: Gaps, in font sizes, that join pieces of a baseline before columns are sought.
TOUCHING, MARKER_GAP = 0.5, 3.0
#: A justified space, in font sizes, that stands within a line.
WIDE_SPACE = 1.5
_MARKER = re.compile(r"[^\w\s]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]|\d{1,2}(?:\.\d{1,2}){0,3}\.?")
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
    #: Clockwise quarter turns; -1 for slanted text.
    direction: int = 0

    @property
    def first(self) -> Span:
        """First span with ink."""
        return next((span for span in self.spans if span.text.strip()), self.spans[0])


def make_line(page: int, box: Box, spans: tuple[Span, ...], direction: int = 0) -> TextLine:
    """A line with the facts about its spans."""
    if len(spans) == 1:
        return _line_of(page, box, spans, direction, (spans[0], spans[0].style))
    style, main, most = ~0, spans[0], -1
    weights: dict[tuple[float, int, int], int] = {}
    for span in spans:
        if span.text.isalnum() or any(map(str.isalnum, span.text)):
            style &= span.style
        key = (span.size, span.style & ~_RAISED, span.color)
        weights[key] = weight = weights.get(key, 0) + len(span.text.strip())
        if weight > most:
            main, most = span, weight
    return _line_of(page, box, spans, direction, (main, main.style if style == ~0 else style))


def _line_of(page: int, box: Box, spans: tuple[Span, ...], direction: int, face: tuple[Span, int]) -> TextLine:
    """The line in the face of a span, in a style."""
    main, style = face
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
        direction=direction,
    )


@dataclass(frozen=True)
class PageLines:
    """The lines of a page by what geometry does with them."""

    flow: list[TextLine]
    #: Baselines that are not horizontal.
    turned: list[TextLine]
    hidden: list[TextLine]
    #: Quarter turns of most text; the boxes of `flow` are turned back by them.
    quarter: int = 0


def page_lines(page: ExtractedPage, taken: AbstractSet[tuple[int, int]] = frozenset()) -> PageLines:
    """The lines of a page without the spans in `taken`: (index of the line, index of the span)."""
    result = PageLines([], [], [], _main_quarter(page.lines))
    for number, line in enumerate(page.lines):
        seen, unseen = [], []
        for index, span in enumerate(line.spans):
            if span.hidden:
                unseen.append(span)
            elif (number, index) not in taken:
                seen.append(span)
        upright = quarter(line.direction) == result.quarter
        for spans, target in ((seen, result.flow if upright else result.turned), (unseen, result.hidden)):
            if any(span.text.strip() for span in spans):
                target.append(_text_line(page.number, line, spans))
    if result.quarter:
        turned = [replace(line, box=turn_box(line.box, result.quarter, page)) for line in result.flow]
        return replace(result, flow=turned)
    return result


def quarter(direction: tuple[float, float]) -> int:
    """Clockwise quarter turns of a baseline: 0 for ordinary text, 1 for text that reads downwards; -1 for slanted."""
    cosine, sine = direction
    if cosine >= HORIZONTAL:
        return 0
    if max(abs(cosine), abs(sine)) < HORIZONTAL:
        return -1
    if abs(cosine) > abs(sine):
        return 0 if cosine > 0 else 2
    return 1 if sine > 0 else 3


def _main_quarter(lines: Iterable[Line]) -> int:
    weights = [0, 0, 0, 0, 0]
    for line in lines:
        turns = quarter(line.direction)
        for span in line.spans:
            weights[turns] += len(span.text)
    best = max(range(4), key=lambda turns: weights[turns])
    return best if weights[best] > 2 * weights[0] else 0


def turn_box(box: Box, turns: int, page: ExtractedPage) -> Box:
    """The box on the page turned so that its text reads from left to right."""
    if turns == 1:
        return Box(box.y0, page.width - box.x1, box.y1, page.width - box.x0)
    if turns == 2:
        return Box(page.width - box.x1, page.height - box.y1, page.width - box.x0, page.height - box.y0)
    return Box(page.height - box.y1, box.x0, page.height - box.y0, box.x1) if turns == 3 else box


def _text_line(page: int, line: Line, spans: list[Span]) -> TextLine:
    whole = len(spans) == len(line.spans)
    boxes = [] if whole else [span.box for span in spans if span.box and span.text.strip()]
    return make_line(page, line.box if whole else union(boxes) or line.box, tuple(spans), quarter(line.direction))


def attach_pieces(lines: Iterable[TextLine]) -> list[TextLine]:
    """Pieces that touch on a baseline, and markers with the text that hangs on them, become one line.

    What is left apart may stand in different columns.
    """
    rows: dict[int, list[list[TextLine]]] = {}
    pieces: list[list[TextLine]] = []
    lines = sorted(lines, key=lambda line: (line.box.x0, line.box.y1))
    farthest = MARKER_GAP * max((line.size for line in lines), default=0.0)
    for line in lines:
        key = round(line.box.y1 / 2)
        piece = None
        for near in (key, key - 1, key + 1):
            if near in rows and piece is None:
                # Lines come from left to right: what is out of reach stays so.
                rows[near] = [other for other in rows[near] if line.box.x0 - other[-1].box.x1 < farthest]
                piece = next((other for other in rows[near] if _attaches(other[-1], line)), None)
        if piece is None:
            piece = []
            pieces.append(piece)
        piece.append(line)
        row = rows.setdefault(key, [])
        if not any(other is piece for other in row):
            row.append(piece)
    return [_merged(piece) for piece in pieces]


def _attaches(left: TextLine, right: TextLine) -> bool:
    unit = left.size if left.size > right.size else right.size
    gap = right.box[0] - left.box[2]
    if not -0.3 * unit < gap < MARKER_GAP * unit or abs(left.box[3] - right.box[3]) > 0.3 * unit:
        return False
    return gap < TOUCHING * unit or _MARKER.fullmatch(left.text) is not None


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


def close_rows(lines: Iterable[TextLine]) -> list[TextLine]:
    """Fragments on the same baseline with no more than a wide space between them become one line."""
    pieces: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: (line.box.x0, line.box.y1)):
        near = (piece for piece in reversed(pieces) if _is_next(piece[-1], line))
        piece = next(near, None)
        if piece is None:
            pieces.append([line])
        else:
            piece.append(line)
    return [_merged(piece) for piece in pieces]


def _is_next(left: TextLine, right: TextLine) -> bool:
    gap = right.box.x0 - left.box.x1
    return -0.3 * right.size < gap < WIDE_SPACE * max(left.size, right.size) and _same_row(left, right)


def _same_row(a: TextLine, b: TextLine) -> bool:
    small, large = (a.size, b.size) if a.size < b.size else (b.size, a.size)
    # Without a common baseline only a raised or lowered small piece belongs to the row.
    if abs(a.box[3] - b.box[3]) >= 0.35 * large and small >= 0.8 * large:
        return False
    shared = min(a.box.y1, b.box.y1) - max(a.box.y0, b.box.y0)
    if shared <= 0.6 * min(a.box.height, b.box.height):
        return False
    return min(a.box.x1, b.box.x1) - max(a.box.x0, b.box.x0) <= 0.5 * min(a.box.width, b.box.width)


def _merged(row: list[TextLine]) -> TextLine:
    if len(row) == 1:
        return row[0]
    text = "".join(line.text for line in row)
    backwards = len(_RIGHT_TO_LEFT.findall(text)) > len(_LATIN.findall(text))
    row = sorted(row, key=lambda line: line.box.x0, reverse=backwards)
    box = union(line.box for line in row) or row[0].box
    return make_line(row[0].page, box, tuple(span for line in row for span in line.spans))
