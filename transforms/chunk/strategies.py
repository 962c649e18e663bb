"""The strategies that look at the running text rather than at the document's structure."""

from __future__ import annotations

from itertools import groupby

from transforms.chunk.packing import Packer
from transforms.chunk.provenance import page_parts
from transforms.chunk.running import Cut, RunningText, Window
from transforms.chunk.splitting import cut_words, lines, paragraphs, sentences, split

#: From the coarsest separator to the finest; words come last by themselves.
_RECURSIVE = (paragraphs, lines, sentences)


def split_recursive(running: RunningText, limit: int, overlap: int) -> list[Cut]:
    """Paragraphs as long as they fit, else their lines, else sentences, else words."""
    packer = Packer(running, limit, overlap)
    for placed, tokens in zip(running.placed, running.tokens, strict=True):
        if tokens <= limit:
            packer.place(Window(placed.lead, placed.end, tokens))
        else:
            packer.place_all(split(running, placed.lead, placed.end, limit, _RECURSIVE))
    packer.finish()
    return packer.chunks


def split_pages(running: RunningText, limit: int, overlap: int) -> list[Cut]:
    """As `split_recursive`, with a new chunk wherever the page changes, inside an element too."""
    packer = Packer(running, limit, overlap)
    parts = [
        (page, placed.lead if start == 0 else placed.start + start, placed.start + end)
        for placed in running.placed
        for page, start, end in page_parts(placed.element)
    ]
    for _, page in groupby(parts, key=lambda part: part[0]):
        for _, start, end in page:
            packer.place_all(split(running, start, end, limit, _RECURSIVE))
        packer.finish()
    return packer.chunks


def split_fixed(running: RunningText, limit: int, overlap: int) -> list[Cut]:
    """Windows of exactly `limit` tokens, or as many less as whole graphemes demand; the last may be shorter."""
    text, tokenizer = running.text, running.tokenizer
    chunks: list[Cut] = []
    start, end, *_ = running.trim(Window(0, len(text)))
    repeated, reach = start, 0
    while start < end:
        fit, tokens = tokenizer.prefix(text, repeated, end, limit, reach)
        cut = running.before_markup(start, fit) if fit < end else fit
        cut = cut if cut > start else fit
        if cut <= start:
            # The overlap alone fills the window: a token count that grew by cutting. Go on without it.
            repeated = start
            continue
        new = running.trim(Window(start, cut, tokens, exact=cut == fit and repeated == start))
        head = [Window(repeated, start, 0, True)] if repeated < start else []
        windows = [*map(running.trim, head), new]
        chunks.append(Cut(windows, running.count(windows)))
        # A little more than the last window, so that one look suffices as a rule.
        reach = (cut - repeated) * 9 // 8
        start = running.trim(Window(cut, end)).start
        repeated = _overlap_start(running, new, overlap) if overlap and start < end else start
    return chunks


def _overlap_start(running: RunningText, window: Window, overlap: int) -> int:
    """Where the last pieces of `window` begin that have about `overlap` tokens; its end when there is no such place."""
    words = cut_words(running, max(window.start, window.end - overlap * 8), window.end, overlap)
    return words[-1].start
