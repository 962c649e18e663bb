"""Spaces that the recognition network did not write, told by the blanks between the letters of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

import msgspec

from transforms.ocr.onnx.ctc import Glyph

#: A blank is a space when it is at least this share of the page's usual space, and of the height of its line: between
#: a figure and a letter, or before a capital; and between others, which stand apart more often without one.
APART, ALIKE = 0.6, 1.1
LEAST_APART, LEAST_ALIKE = 0.28, 0.3
#: Times the usual blank between the letters of its line; that is read to a pixel.
BEYOND_LETTERS, PIXEL = 2.2, 1.0
#: Spaces that tell what is usual on a page; with fewer, this share of the height of a line is.
ENOUGH_SPACES, USUAL_SPACE = 5, 0.5
#: Letters with white at their sides.
_NARROW = frozenset("ijltfrv1IJT")


class Blank(msgspec.Struct, frozen=True):
    """The widest blank between a glyph and the next one that is no space; `share` is of the height of the line."""

    #: Place of the glyph before it.
    after: int
    left: str
    right: str
    share: float
    #: Of the height of the line.
    pixel: float
    has_space: bool


def usual_space(lines: Sequence[Sequence[Blank]]) -> float:
    """The median of the blanks where the network wrote a space, as a share of the height of lines."""
    spaces = [blank.share for blanks in lines for blank in blanks if blank.has_space]
    return median(spaces) if len(spaces) >= ENOUGH_SPACES else USUAL_SPACE


def with_spaces(glyphs: Sequence[Glyph], blanks: Sequence[Blank], space: float) -> list[Glyph]:
    """The glyphs of a line, with a space where a blank is as wide as one."""
    missed = set(_missed(blanks, space))
    result = []
    for place, glyph in enumerate(glyphs):
        result.append(glyph)
        if place in missed:
            result.append(Glyph(" ", glyph.right, glyph.right, glyph.confidence))
    return result


def _missed(blanks: Sequence[Blank], space: float) -> Iterator[int]:
    letters = [blank for blank in blanks if not blank.has_space]
    for blank in letters:
        others = [other.share for other in letters if other is not blank]
        if others and blank.share >= BEYOND_LETTERS * (median(others) + PIXEL * blank.pixel) and _is_wide(blank, space):
            yield blank.after


def _is_wide(blank: Blank, space: float) -> bool:
    left, right = blank.left, blank.right
    if not (left.isalnum() and right.isalnum()):
        return False
    if left.isdigit() != right.isdigit() or (left.islower() and right.isupper()):
        return blank.share >= max(LEAST_APART, APART * space)
    has_narrow = left in _NARROW or right in _NARROW
    return not has_narrow and blank.share >= max(LEAST_ALIKE, ALIKE * space)
