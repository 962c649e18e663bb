"""Text of a page as the table finder needs it: pieces of spans, text rows, and chunks (runs without a wide gap)."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.content import ExtractedPage, Span, Style
from schemas.geometry import Box

#: A typed rule or column bar: drawing with characters, never content.
_TYPED_RULE = re.compile(r"[-=_*~+|¦│─━═]{3,}|[|¦│]+")
_WIDE_GAP = re.compile(r"(?: {3,}|\s*\t\s*|\s+(?=[|¦│])|(?<=[|¦│])\s+|\s*[-=_]{4,}\s*)")
_NUMBER = re.compile(
    r"[\s($€£¥+±<>~≈*†‡−–—-]*\d[\d.,:/\s'’%−–-]*(?:\s*[%‰)\]*†‡a-c°])*|[-–—−.·…*]+|n\.?[ad]\.?|\(X\)", re.I
)
_DESCENDERS = frozenset("gjpqy,;()$[]Q/")
_NARROW = frozenset("ijlI.,:;'|!()[]ftr-")


class Piece(NamedTuple):
    """A part of a span (mostly all of it) that lies in one cell."""

    line: int
    span: int
    text: str
    box: Box
    size: float
    bold: bool
    #: Whether white space of the span parts it from what stands before and after.
    apart: tuple[bool, bool] = (False, False)

    @property
    def descends(self) -> bool:
        """Whether the box reaches below the baseline: a glyph does, or the box is that of the font, not tight."""
        return self.loose or not _DESCENDERS.isdisjoint(self.text)

    @property
    def loose(self) -> bool:
        """Whether the box has the height of the font, not of the glyphs."""
        return self.box.height > self.size

    @property
    def baseline(self) -> float:
        """Estimated y of the baseline."""
        return self.box.y1 - (0.2 * self.size if self.descends else 0.0)


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
            if span.box is not None and not span.hidden and not span.text.isspace():
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
    bold = bool(span.style & Style.BOLD)
    size = span.size or box.height
    parts, start = [], 0
    for gap in _WIDE_GAP.finditer(span.text):
        parts.append((start, gap.start()))
        start = gap.end()
    parts.append((start, len(span.text)))
    edges = _advance(span, box) if len(parts) > 1 or span.text != span.text.strip() else None
    pieces = []
    for first, last in parts:
        text = span.text[first:last]
        if not text.strip() or _TYPED_RULE.fullmatch(text.strip()):
            continue
        left, right = first + len(text) - len(text.lstrip()), last - len(text) + len(text.rstrip())
        x0, x1 = (box.x0, box.x1) if edges is None else (edges[left], edges[right])
        apart = (left > 0, right < len(span.text))
        pieces.append(Piece(number, index, text.strip(), Box(x0, box.y0, x1, box.y1), size, bold, apart))
    return pieces


def _advance(span: Span, box: Box) -> list[float]:
    """Estimated x of every character boundary of the span."""
    mono = bool(span.style & Style.MONO) or abs(box.width - 0.6 * span.size * len(span.text)) < 0.7 * span.size
    mono = mono or "Cour" in span.font or "Mono" in span.font
    weights = [1.0 if mono else 0.5 if c in _NARROW or c.isspace() else 1.3 if c.isupper() else 1.0 for c in span.text]
    unit, x = box.width / (sum(weights) or 1.0), box.x0
    edges = [x]
    for weight in weights:
        x += weight * unit
        edges.append(x)
    return edges


def split_piece(piece: Piece, cuts: Sequence[float]) -> list[Piece]:
    """Cut a piece between words nearest to the x positions that lie well inside it; without spaces it stays whole."""
    inside = [x for x in cuts if piece.box.x0 + piece.size < x < piece.box.x1 - piece.size]
    words = piece.text.split()
    if not inside or len(words) < 2:
        return [piece]
    unit = piece.box.width / len(piece.text)
    spaces = [m.start() for m in re.finditer(" ", piece.text)]
    at: set[int] = set()
    for x in inside:
        position = bisect_left(spaces, (x - piece.box.x0) / unit)
        near = min(spaces[max(0, position - 1) : position + 1], key=lambda s: abs(piece.box.x0 + s * unit - x))
        if abs(piece.box.x0 + near * unit - x) < 1.2 * piece.size:
            at.add(near)
    bounds = [0, *sorted(at), len(piece.text)]
    return [
        piece._replace(
            text=piece.text[a:b].strip(),
            box=piece.box._replace(x0=piece.box.x0 + a * unit, x1=piece.box.x0 + b * unit),
            apart=(a > 0 or piece.apart[0], b < len(piece.text) or piece.apart[1]),
        )
        for a, b in itertools.pairwise(bounds)
    ]


def text_rows(pieces: Iterable[Piece], gap: float = 0.8) -> list[TextRow]:
    """Group pieces into rows (top to bottom) of chunks; `gap` is the widest inner gap in units of the font size."""
    rows: list[tuple[float, float, list[Piece]]] = []
    for piece in sorted(pieces, key=lambda p: p.box.y0 + p.box.y1):
        if rows and _same_row(rows[-1], piece):
            y0, y1, members = rows[-1]
            members.append(piece)
            rows[-1] = (min(y0, piece.box.y0), max(y1, piece.box.y1), members)
        else:
            rows.append((piece.box.y0, piece.box.y1, [piece]))
    return [TextRow(y0, y1, _chunks(members, gap)) for y0, y1, members in rows]


def _same_row(row: tuple[float, float, list[Piece]], piece: Piece) -> bool:
    y0, y1, members = row
    overlap = min(y1, piece.box.y1) - max(y0, piece.box.y0)
    last = members[0]
    near = abs(last.baseline - piece.baseline) < 0.45 * max(last.size, piece.size)
    return near and overlap > 0.5 * min(y1 - y0, piece.box.height) - 0.01


def _chunks(pieces: list[Piece], gap: float) -> list[Chunk]:
    pieces.sort(key=lambda p: p.box.x0)
    chunks: list[Chunk] = []
    for piece in pieces:
        if chunks and piece.box.x0 - chunks[-1].x1 <= gap * min(piece.size, chunks[-1].pieces[-1].size):
            chunks[-1].pieces.append(piece)
            chunks[-1].x1 = max(chunks[-1].x1, piece.box.x1)
        else:
            chunks.append(Chunk([piece], piece.box.x0, piece.box.x1))
    return chunks


def reading_text(pieces: Iterable[Piece]) -> str:
    """Text of pieces in reading order: rows top down, single spaces between; touching pieces are joined directly."""
    rows = []
    for row in text_rows(pieces, gap=0.12):
        rows.append(" ".join(_joined(chunk.pieces) for chunk in row.chunks))
    return " ".join(" ".join(rows).split())


def _joined(pieces: Sequence[Piece]) -> str:
    text = ""
    for before, piece in zip([None, *pieces], pieces, strict=False):
        apart = before is not None and (before.apart[1] or piece.apart[0])
        text += f" {piece.text}" if apart else piece.text
    return text
