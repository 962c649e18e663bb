"""Where sentences begin and end. Linear in the text, whatever the text; no model, no language needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: A run of terminators with the closing marks after it, or a blank line. Possessive: every match consumes its run, so
#: hostile runs of dots or quotes stay linear.
_CANDIDATE = re.compile(
    r"(?P<wide>[。！？｡।॥؟۔։።၊။]++[”’」』）】》\"')\]]*+)|(?P<latin>[.!?…‽⁇⁈⁉]++[\"'”’»›)\]]*+)|\n[^\S\n]*+\n"
)
#: Words (without the last dot) that end with a dot and are followed by more of the sentence, even by a capital.
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\w+",
        """mr mrs ms dr prof st sr messrs gen col lt capt sgt rev hon gov sen rep pres
        vs cf viz ca approx fig figs eq eqs sec sect ch chap vol vols pp no nos art ref refs tab app ed eds
        dept univ jan feb mar apr jun jul aug sept oct nov dec
        bzw vgl abb nr bd hrsg mme mlle sra tel""",
    )
)
_WORD_END = re.compile(r"\w")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_OPENING = "\"'“‘«‹([{¿¡„"
#: An abbreviation is looked for in this many characters before the dot.
_WORD_REACH = 24


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Sentences of `text[start:end]` as (start, end) in `text`, without the whitespace around them.

    Together the spans hold every character that is not whitespace.
    """
    end = len(text) if end is None else end
    spans: list[tuple[int, int]] = []
    for cut in (*_cuts(text, start, end), end):
        piece = text[start:cut]
        if stripped := piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            spans.append((first, first + len(stripped)))
        start = cut
    return spans


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    sentence = start
    for match in _CANDIDATE.finditer(text, start, end):
        if match["latin"] and not _ends_sentence(text, sentence, match):
            continue
        sentence = match.end()
        yield sentence


def _ends_sentence(text: str, sentence: int, match: re.Match[str]) -> bool:
    """Whether terminators that also serve abbreviations and numbers close the sentence begun at `sentence`."""
    dot = match.start()
    after = text[match.end() : match.end() + _WORD_REACH]
    # Spaced dots ('. . .') end nothing.
    if not after or not after[0].isspace() or not _WORD_END.search(text, max(sentence, dot - 3), dot):
        return False
    following = after.lstrip().lstrip(_OPENING)
    if following[:1].islower() or following[:1] in {".", "…"}:
        return False
    return match["latin"] != "." or not _abbreviates(text, sentence, dot)


def _abbreviates(text: str, sentence: int, dot: int) -> bool:
    """Whether the word before `dot` is an abbreviation, an initial, or the number that opens a sentence ('1. Aim')."""
    words = text[max(sentence, dot - _WORD_REACH) : dot].split()
    if not words:
        return False
    word = words[-1].lstrip(_OPENING)
    opens = len(words) == 1 and word.isdigit() and dot - sentence < _WORD_REACH
    return opens or word.lower() in _ABBREVIATIONS or _INITIALS.fullmatch(word) is not None
