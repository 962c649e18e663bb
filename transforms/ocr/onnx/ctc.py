"""From the recognition network's scores per column of a line to characters, words and their places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.content import told_confidence

Array = NDArray[np.generic]


class Glyph(msgspec.Struct, frozen=True, array_like=True):
    """A character, where its steps lie (as a share of the scored width, 0..1), and how sure the network is of it."""

    text: str
    left: float
    right: float
    confidence: float


def decode(classes: Sequence[int], scores: Sequence[float], characters: Sequence[str]) -> list[Glyph]:
    """One glyph for each run of steps with the same class; class 0 is nothing and parts equal characters."""
    glyphs, start = [], 0
    for index, run in groupby(classes):
        end = start + sum(1 for _ in run)
        if index:
            # The first step of a run is the one that was trained to fire.
            glyphs.append(Glyph(characters[index], start / len(classes), end / len(classes), float(scores[start])))
        start = end
    return glyphs


def words(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """Glyphs between spaces; never an empty word."""
    return [list(run) for is_space, run in groupby(glyphs, key=lambda glyph: glyph.text.isspace()) if not is_space]


def confidence(glyphs: Sequence[Glyph]) -> float:
    """The mean over the glyphs; 0 when there are none."""
    return told_confidence(sum(glyph.confidence for glyph in glyphs) / len(glyphs)) if glyphs else 0.0


def chance(glyphs: Sequence[Glyph]) -> float:
    """How likely all glyphs are right, if each is on its own."""
    return told_confidence(math.prod(glyph.confidence for glyph in glyphs))


def word_spans(found: Sequence[Sequence[Glyph]], inked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last column (exclusive) of each word, where `inked` tells for each column whether it has ink.

    Steps are eight columns wide and a glyph fires anywhere inside its character, so each word ends where the widest
    blank stretch between it and the next word begins.
    """
    width = len(inked)
    cuts = [widest_blank_between(before[-1], after[0], inked) for before, after in pairwise(found)]
    starts = [_first_ink(inked), *(cut[1] for cut in cuts)]
    ends = [*(cut[0] for cut in cuts), width - _first_ink(inked[::-1])]
    return [(start, max(start + 1, end)) for start, end in zip(starts, ends, strict=True)]


def widest_blank_between(before: Glyph, after: Glyph, inked: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last column (exclusive) of the widest stretch without ink between two glyphs."""
    start, end = int(before.left * len(inked)), int(np.ceil(after.right * len(inked)))
    return _widest_blank(inked, start, max(end, start + 1))


def _first_ink(inked: NDArray[np.bool_]) -> int:
    return int(inked.argmax()) if inked.any() else 0


def _widest_blank(inked: NDArray[np.bool_], start: int, end: int) -> tuple[int, int]:
    """The widest stretch without ink in [start, end); the middle of it all when ink is everywhere."""
    middle = (start + end) // 2
    best, at = (middle, middle), start
    for has_ink, run in groupby(inked[start:end].tolist()):
        stop = at + sum(1 for _ in run)
        if not has_ink and stop - at > best[1] - best[0]:
            best = at, stop
        at = stop
    return best
