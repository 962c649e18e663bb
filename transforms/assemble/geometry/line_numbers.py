"""Numbers that count the lines of a page at their side, as transcripts, pleadings and bills have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import msgspec

from schemas.content import ExtractedPage, Line
from schemas.geometry import Box

#: Lines that are counted: at least so many; one in so many may be missing.
LEAST, LOST = 10, 5
#: Sizes that the right edges of numbers in a column differ by, that the text beside begins within, and that baselines
#: of a row differ by.
ALIGNED, BESIDE, LEVEL = 0.7, 9.0, 0.5
#: Share of the usual distance of lines that distances differ by.
UNEVEN = 0.35
#: Share of the numbers that have text beside them, and of these texts the share that goes on a sentence: a list or a
#: table begins its rows with capitals and figures.
WITH_TEXT, GOES_ON = 0.5, 0.2


class _Piece(NamedTuple):
    """A line of the file by what counts here."""

    line: Line
    text: str
    box: Box
    size: float


def part_line_numbers(page: ExtractedPage) -> tuple[ExtractedPage, list[list[Line]]]:
    """The page without the numbers that count its lines, and these, by column, from the top."""
    pieces = [_piece(line) for line in page.lines if line.spans]
    columns = [[piece.line for piece in column] for column in _find(pieces)]
    counted = {id(line) for column in columns for line in column}
    if not counted:
        return page, []
    return msgspec.structs.replace(page, lines=[line for line in page.lines if id(line) not in counted]), columns


def _piece(line: Line) -> _Piece:
    text = "".join(span.text for span in line.spans if not span.hidden).strip()
    return _Piece(line, text, line.box, line.spans[0].size)


def _find(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    numbers = [piece for piece in pieces if piece.text.isascii() and piece.text.isdigit() and len(piece.text) <= 2]
    if len(numbers) < LEAST:
        return
    others = [piece for piece in pieces if piece.text and not piece.text.isdigit()]
    for column in _columns(numbers):
        yield from (run for run in _runs(column) if _counts_prose(run, others))


def _columns(numbers: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Numbers under each other, flush at their right."""
    column: list[_Piece] = []
    for piece in sorted(numbers, key=lambda piece: piece.box.x1):
        if column and piece.box.x1 - column[-1].box.x1 > ALIGNED * piece.size:
            yield column
            column = []
        column.append(piece)
    yield column


def _runs(column: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Runs that count on from 1 in even steps; a number that was not read leaves a gap."""
    run: list[_Piece] = []
    for piece in sorted(column, key=lambda piece: piece.box.y1):
        if run and not 1 <= int(piece.text) - int(run[-1].text) <= 2:
            yield from [run] if _is_even(run) else []
            run = []
        run.append(piece)
    yield from [run] if _is_even(run) else []


def _is_even(run: Sequence[_Piece]) -> bool:
    first, last = int(run[0].text), int(run[-1].text)
    if len(run) < LEAST or first > 2 or (last - first) * LOST > len(run) * (LOST + 1):
        return False
    steps = [(b.box.y1 - a.box.y1) / (int(b.text) - int(a.text)) for a, b in pairwise(run)]
    usual = median(steps)
    return usual > 0 and sum(abs(step - usual) > UNEVEN * usual for step in steps) * LOST <= len(steps)


def _counts_prose(run: Sequence[_Piece], others: Sequence[_Piece]) -> bool:
    beside = [text for number in run if (text := _beside(number, others))]
    goes_on = sum(text[0].islower() for text in beside)
    return len(beside) >= WITH_TEXT * len(run) and goes_on >= GOES_ON * len(beside)


def _beside(number: _Piece, others: Sequence[_Piece]) -> str:
    """The text that begins right of a number on its baseline; '' for none."""
    start, level = number.box.x1, LEVEL * number.size
    near = (
        piece
        for piece in others
        if start <= piece.box.x0 <= start + BESIDE * number.size and abs(piece.box.y1 - number.box.y1) < level
    )
    first = min(near, key=lambda piece: piece.box.x0, default=None)
    return first.text if first else ""
