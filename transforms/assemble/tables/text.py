"""Text of a page as the table finder needs it: pieces of spans, text rows, and chunks (runs without a wide gap)."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from schemas.content import ExtractedPage, Span, Style
from schemas.geometry import Box
from transforms.assemble.text import normalise

#: A typed rule or column bar: drawing with characters, never content.
_TYPED_RULE = re.compile(r"[-=_*~+|¦│─━═]{3,}|[|¦│]+")
_WIDE_GAP = re.compile(r"(?: {3,}|\s*\t\s*|\s+(?=[|¦│])|(?<=[|¦│])\s+|\s*[-=_]{4,}\s*)")
#: Without one of these there is no wide gap.
_GAP_SIGN = re.compile(r"[\t|¦│]| {3}|[-=_]{4}")
_NUMBER = re.compile(
    r"[\s($€£¥+±<>~≈*†‡−–—-]*\d[\d.,:/\s'’%−–-]*(?:\s*[%‰)\]*†‡a-c°])*|[-–—−.·…*]+|n\.?[ad]\.?|\(X\)", re.I
)
_DESCENDERS = frozenset("gjpqy,;()$[]Q/")
_NARROW = frozenset("ijlI.,:;'|!()[]ftr-")
_BOLD, _MONO = int(Style.BOLD), int(Style.MONO)


class Piece(NamedTuple):
    """A part of a span (mostly all of it) that lies in one cell. Made by `make_piece`."""

    line: int
    span: int
    text: str
    box: Box
    size: float
    bold: bool
    #: Whether white space of the span parts it from what stands before and after.
    apart: tuple[bool, bool]
    #: Whether the box has the height of the font, not of the glyphs.
    loose: bool
    #: Whether the box reaches below the baseline: a glyph does, or the box is that of the font, not tight.
    descends: bool
    #: Estimated y of the baseline.
    baseline: float
    #: y of the middle of the box.
    middle: float


def make_piece(
    place: tuple[int, int], text: str, box: Box, face: tuple[float, bool], apart: tuple[bool, bool] = (False, False)
) -> Piece:
    """The piece with what follows from its text and box; `place` is (line, span), `face` is (size, bold)."""
    size, bold = face
    _, y0, _, y1 = box
    loose = y1 - y0 > size
    descends = loose or not _DESCENDERS.isdisjoint(text)
    baseline = y1 - 0.2 * size if descends else y1
    return Piece(*place, text, box, size, bold, apart, loose, descends, baseline, (y0 + y1) / 2)


_MIDDLE = attrgetter("middle")


@dataclass(slots=True, eq=False)
class Chunk:
    """Neighbouring pieces of one text row without a wide gap between them."""

    pieces: list[Piece]
    x0: float
    x1: float

    @property
    def text(self) -> str:
        """The pieces' text, joined with single spaces."""
        return " ".join(p.text for p in self.pieces)

    @property
    def numeric(self) -> bool:
        """Whether it reads like a value: number, amount, percentage, dash, n.a."""
        return bool(_NUMBER.fullmatch(self.text))

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(p.bold for p in self.pieces)


@dataclass(slots=True)
class TextRow:
    """Chunks on one baseline, left to right."""

    y0: float
    y1: float
    chunks: list[Chunk]

    @property
    def baseline(self) -> float:
        """Median baseline of its pieces; of those whose box ends on the baseline when there are any."""
        pieces = [p for c in self.chunks for p in c.pieces]
        exact = [p for p in pieces if p.loose or (not p.descends and any(ch.isalnum() for ch in p.text))]
        values = sorted(p.baseline for p in exact or pieces)
        return values[len(values) // 2]

    @property
    def size(self) -> float:
        """Largest font size."""
        return max(p.size for c in self.chunks for p in c.pieces)

    @property
    def bold(self) -> bool:
        """Whether every chunk is bold."""
        return all(c.bold for c in self.chunks)


def page_pieces(page: ExtractedPage) -> list[Piece]:
    """Pieces of all visible horizontal text, without typed rules."""
    pieces: list[Piece] = []
    for number, line in enumerate(page.lines):
        if abs(line.direction[0]) < 0.98 or line.direction[0] < 0:
            continue
        for index, span in enumerate(line.spans):
            if span.box is not None and not span.hidden and span.text.strip():
                pieces += _split_span(number, index, span, span.box)
    return pieces


def typed_spans(page: ExtractedPage) -> list[tuple[int, int, Box]]:
    """Spans that consist of typed rules only, as (line, span, box)."""
    found = []
    for number, line in enumerate(page.lines):
        for index, span in enumerate(line.spans):
            words = span.text.split()
            if words and span.box is not None and all(_TYPED_RULE.fullmatch(w) for w in words):
                found.append((number, index, span.box))
    return found


def _split_span(number: int, index: int, span: Span, box: Box) -> list[Piece]:
    text = span.text
    face = (span.size or box.height, span.style & _BOLD != 0)
    if text.isalnum():
        return [make_piece((number, index), text, box, face)]
    parts = _between_gaps(text)
    edges = _advance(span, box) if len(parts) > 1 or text[0].isspace() or text[-1].isspace() else None
    pieces = []
    for first, last in parts:
        inked = text[first:last].strip()
        if not inked or (not inked[0].isalnum() and _TYPED_RULE.fullmatch(inked)):
            continue
        left = text.index(inked, first)
        right = left + len(inked)
        part = box if edges is None else Box(edges[left], box.y0, edges[right], box.y1)
        pieces.append(make_piece((number, index), inked, part, face, (left > 0, right < len(text))))
    return pieces


def _between_gaps(text: str) -> list[tuple[int, int]]:
    """Start and end of the parts of a span that wide gaps leave."""
    if not _GAP_SIGN.search(text):
        return [(0, len(text))]
    parts, start = [], 0
    for gap in _WIDE_GAP.finditer(text):
        parts.append((start, gap.start()))
        start = gap.end()
    return [*parts, (start, len(text))]


def _advance(span: Span, box: Box) -> list[float]:
    """Estimated x of every character boundary of the span."""
    mono = span.style & _MONO != 0 or abs(box.width - 0.6 * span.size * len(span.text)) < 0.7 * span.size
    mono = mono or "Cour" in span.font or "Mono" in span.font
    weights = [1.0] * len(span.text) if mono else list(map(_weight, span.text))
    unit = box.width / (sum(weights) or 1.0)
    return list(itertools.accumulate([weight * unit for weight in weights], initial=box.x0))


@cache
def _weight(char: str) -> float:
    """Width of a character in a proportional face, in units of a lower-case letter."""
    if char in _NARROW or char.isspace():
        return 0.5
    return 1.3 if char.isupper() else 1.0


def split_piece(piece: Piece, cuts: Sequence[float]) -> list[Piece]:
    """Cut a piece between words nearest to the x positions that lie well inside it; without blanks it stays whole."""
    inside = [x for x in cuts if piece.box.x0 + piece.size < x < piece.box.x1 - piece.size]
    words = piece.text.split()
    if not inside or len(words) < 2 or not piece.box.width:
        return [piece]
    unit = piece.box.width / len(piece.text)
    spaces = [m.start() for m in re.finditer(r"\s+", piece.text)]
    at: set[int] = set()
    for x in inside:
        position = bisect_left(spaces, (x - piece.box.x0) / unit)
        near = min(spaces[max(0, position - 1) : position + 1], key=lambda s: abs(piece.box.x0 + s * unit - x))
        if abs(piece.box.x0 + near * unit - x) < 1.2 * piece.size:
            at.add(near)
    bounds = [0, *sorted(at), len(piece.text)]
    return [
        make_piece(
            (piece.line, piece.span),
            piece.text[a:b].strip(),
            piece.box._replace(x0=piece.box.x0 + a * unit, x1=piece.box.x0 + b * unit),
            (piece.size, piece.bold),
            (a > 0 or piece.apart[0], b < len(piece.text) or piece.apart[1]),
        )
        for a, b in itertools.pairwise(bounds)
    ]


def text_rows(pieces: Iterable[Piece], gap: float = 0.8) -> list[TextRow]:
    """Group pieces into rows (top to bottom) of chunks; `gap` is the widest inner gap in units of the font size."""
    rows: list[TextRow] = []
    # Extent, first size and baseline of the row that is being filled.
    y0 = y1 = size = baseline = 0.0
    members: list[Piece] = []
    for piece in sorted(pieces, key=_MIDDLE):
        _, top, _, bottom = piece.box
        if members and abs(baseline - piece.baseline) < 0.45 * (size if size > piece.size else piece.size):
            overlap = (y1 if y1 < bottom else bottom) - (y0 if y0 > top else top)
            height = bottom - top if bottom > top else 0.0
            if overlap > 0.5 * (height if height < y1 - y0 else y1 - y0) - 0.01:
                members.append(piece)
                y0, y1 = (y0 if y0 < top else top), (y1 if y1 > bottom else bottom)
                continue
        if members:
            rows.append(TextRow(y0, y1, _chunks(members, gap)))
        members, y0, y1, size, baseline = [piece], top, bottom, piece.size, piece.baseline
    if members:
        rows.append(TextRow(y0, y1, _chunks(members, gap)))
    return rows


def _chunks(pieces: list[Piece], gap: float) -> list[Chunk]:
    if len(pieces) > 1:
        pieces.sort(key=_left)
    chunk = Chunk([pieces[0]], pieces[0].box.x0, pieces[0].box.x1)
    chunks, size = [chunk], pieces[0].size
    for piece in pieces[1:]:
        x0, _, x1, _ = piece.box
        if x0 - chunk.x1 <= gap * (piece.size if piece.size < size else size):
            chunk.pieces.append(piece)
            chunk.x1 = max(chunk.x1, x1)
        else:
            chunk = Chunk([piece], x0, x1)
            chunks.append(chunk)
        size = piece.size
    return chunks


def _left(piece: Piece) -> float:
    return piece.box[0]


class PageText:
    """Pieces of a page by height, for questions about parts of the page; rows of a lane are made once."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces = sorted(pieces, key=_MIDDLE)
        self._middles = [piece.middle for piece in self.pieces]
        self._rows: dict[tuple[int, ...], list[TextRow]] = {}

    def between(self, y0: float, y1: float) -> list[Piece]:
        """Pieces whose middle lies between two heights."""
        return self.pieces[bisect_left(self._middles, y0) : bisect_right(self._middles, y1)]

    def lane_rows(self, x0: float, x1: float) -> list[TextRow]:
        """Rows of the pieces between two x positions, over the whole height. Not to be changed."""
        lane = [piece for piece in self.pieces if x0 <= piece.box[0] and piece.box[2] <= x1]
        key = tuple(map(id, lane))
        if key not in self._rows:
            self._rows[key] = text_rows(lane, gap=0.7)
        return self._rows[key]


def reading_text(pieces: Sequence[Piece]) -> str:
    """Normalised text of pieces in reading order: rows top down, single spaces between; what touches is joined."""
    if len(pieces) == 1:
        return " ".join(normalise(pieces[0].text).split())
    rows = []
    for row in text_rows(pieces, gap=0.12):
        rows.append(" ".join(_joined(chunk.pieces) for chunk in row.chunks))
    return " ".join(normalise(" ".join(rows)).split())


def _joined(pieces: Sequence[Piece]) -> str:
    text = ""
    for before, piece in zip([None, *pieces], pieces, strict=False):
        apart = before is not None and (before.apart[1] or piece.apart[0])
        text += f" {piece.text}" if apart else piece.text
    return text
