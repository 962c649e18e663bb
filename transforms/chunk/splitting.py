"""Cutting a range of the running text that exceeds the limit, at the coarsest boundary that serves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from transforms.chunk.running import MAX_TOKEN_CHARS, RunningText, Window
from transforms.chunk.sentences import sentence_spans

#: Parts of `text[start:end]` in order, as (start, end); only whitespace lies between them.
Splitter = Callable[[str, int, int], list[tuple[int, int]]]


_BLANK_LINES = re.compile(r"\n\s*\n")
_LINE_BREAK = re.compile(r"\n+")
# A cell's opening pipe is never escaped: in '\|' no whitespace stands before the pipe.
_CELL = re.compile(r" (?=\| )")


def _split_at(pattern: re.Pattern[str]) -> Splitter:
    def split(text: str, start: int, end: int) -> list[tuple[int, int]]:
        parts, begin = [], start
        for match in pattern.finditer(text, start, end):
            parts.append((begin, match.start()))
            begin = match.end()
        parts.append((begin, end))
        return [(a, b) for a, b in parts if text[a:b].strip()]

    return split


paragraphs: Splitter = _split_at(_BLANK_LINES)
lines: Splitter = _split_at(_LINE_BREAK)
cells: Splitter = _split_at(_CELL)
sentences: Splitter = sentence_spans


def split(running: RunningText, start: int, end: int, limit: int, splitters: Sequence[Splitter]) -> Iterator[Window]:
    """The range as windows of at most `limit` tokens: whole if it fits, else by the first splitter, then the next,
    last by words."""
    # Far beyond the limit nothing needs counting.
    window = running.window(start, end) if end - start <= limit * MAX_TOKEN_CHARS else None
    if window and window.tokens <= limit:
        yield window
    elif not splitters:
        yield from cut_words(running, start, end, limit)
    else:
        for a, b in _with_markup(running, splitters[0](running.text, start, end)):
            yield from split(running, a, b, limit, splitters[1:])


def _with_markup(running: RunningText, parts: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The parts, with the markup of an element whose text begins with a separator left before its text."""
    begin = None
    for start, end in parts:
        begin = start if begin is None else begin
        if (start, end) == parts[-1] or running.before_markup(begin, end) == end:
            yield begin, end
            begin = None


def cut_words(running: RunningText, start: int, end: int, limit: int) -> list[Window]:
    """The range in pieces as long as the limit allows: between words, inside a word only if it exceeds the limit."""
    text, pieces, reach = running.text, [], 0
    # Pieces begin at a word: its tokens without the space before it are what counts.
    start, end, *_ = running.trim(Window(start, end))
    while start < end:
        fit, tokens = running.tokenizer.prefix(text, start, end, limit, reach)
        cut = fit if fit == end or text[fit].isspace() else _word_start(text, start, fit)
        cut = running.before_markup(start, cut) if cut < end else cut
        # Markup never stands alone: rather divide the word after it.
        cut = cut if cut > start else fit
        piece = Window(start, cut, tokens, exact=True) if cut == fit else running.window(start, cut)
        piece = running.trim(piece)
        pieces.append(piece if piece.exact else running.window(piece.start, piece.end))
        reach = fit - start
        start = cut
        while start < end and text[start].isspace():
            start += 1
    return pieces


def _word_start(text: str, start: int, cut: int) -> int:
    """Where the word that `cut` would divide begins; `cut` itself when the word begins the piece."""
    words = text[start:cut].rsplit(None, 1)
    if len(words) < 2 or text[cut - 1].isspace():
        return cut
    return cut - len(words[1])
