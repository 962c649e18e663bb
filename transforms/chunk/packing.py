"""Filling chunks: windows go in one after the other until the next would exceed the limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.content import BlockType
from transforms.chunk.running import HEADINGS, Cut, RunningText, Window
from transforms.chunk.sentences import sentence_spans
from transforms.chunk.splitting import cut_words

#: Elements of which no overlap is taken: a row or a line of code without its beginning explains nothing.
_NO_OVERLAP = HEADINGS | {BlockType.TABLE, BlockType.CODE}


class Packer:
    """Collects consecutive windows into chunks of at most `limit` tokens.

    Token counts of windows are estimates; when a chunk closes it is counted exactly, and what exceeds the limit moves
    to the next one. A chunk may open with repeated windows: a table's header, or the overlap.
    """

    def __init__(self, running: RunningText, limit: int, overlap: int = 0) -> None:
        self._running, self.limit, self._overlap = running, limit, overlap
        self.chunks: list[Cut] = []
        #: Tokens (estimated) of the chunk being filled.
        self.tokens = 0
        self._lead: list[Window] = []
        self._body: list[Window] = []

    @property
    def is_empty(self) -> bool:
        """Whether the chunk being filled holds nothing new yet."""
        return not self._body

    def fits(self, tokens: int) -> bool:
        """Whether `tokens` more stay within the limit."""
        return self.tokens + tokens <= self.limit

    def place(self, window: Window, restart: Window | None = None) -> None:
        """Add a window; where it does not fit, a new chunk begins, with `restart` (a table header) repeated."""
        while self._body and not self.fits(window.tokens):
            self.close(restart)
        if self._lead and not self.fits(window.tokens):
            self._open([], self._body)
        self._body.append(window)
        self.tokens += window.tokens

    def place_all(self, windows: Iterable[Window], restart: Window | None = None) -> None:
        """`place` each of them."""
        for window in windows:
            self.place(window, restart)

    def close(self, restart: Window | None = None) -> None:
        """End the chunk; the next opens with `restart`, or else with the overlap."""
        if not self._body:
            return
        spill = self._emit()
        self._open(self._trailing_sentences() if restart is None else [restart], spill)

    def finish(self) -> None:
        """End the chunk without overlap into the next: what follows is another section or page."""
        while self._body:
            self.close()
        self._open([], [])

    def _open(self, lead: list[Window], body: list[Window]) -> None:
        self._lead, self._body = lead, body
        self.tokens = sum(w.tokens for w in lead) + sum(w.tokens for w in body)

    def _emit(self) -> list[Window]:
        """Store the longest part of the open chunk that fits, and return the windows left over."""
        spill: list[Window] = []
        lead, body = self._lead, self._body
        while (tokens := self._running.count(windows := self._joined([*lead, *body]))) > self.limit:
            if len(body) > 1:
                spill.insert(0, body[-1])
                body = body[:-1]
            elif lead:
                lead = []
            else:
                first, *rest = cut_words(self._running, body[0].start, body[0].end, self.limit)
                windows, tokens, spill = [first], first.tokens, rest + spill
                break
        self.chunks.append(Cut(windows, tokens))
        return spill

    def _joined(self, windows: Sequence[Window]) -> list[Window]:
        """Windows with neighbours joined and edges trimmed."""
        joined: list[Window] = []
        for window in map(self._running.trim, windows):
            last = joined[-1] if joined else None
            if last and last.repeated == window.repeated and _neighbours(self._running.text, last, window):
                joined[-1] = last._replace(end=window.end, exact=False)
            else:
                joined.append(window)
        return joined

    def _trailing_sentences(self) -> list[Window]:
        """The last whole sentences of the chunk just emitted, within the overlap; never all of it."""
        if not self._overlap:
            return []
        running, last = self._running, self.chunks[-1].windows[-1]
        start, total = last.end, 0
        for index in reversed(list(running.elements_in(last.start, last.end))):
            placed = running.placed[index]
            if placed.element.type in _NO_OVERLAP:
                break
            first = max(placed.start, last.start)
            for sentence, end in reversed(sentence_spans(running.text, first, min(placed.end, last.end))):
                begin = placed.lead if sentence == placed.start else sentence
                total += running.window(begin, end).tokens
                if total > self._overlap or begin <= last.start:
                    return _overlap_window(running, start, last.end)
                start = begin
        return _overlap_window(running, start, last.end)


def _overlap_window(running: RunningText, start: int, end: int) -> list[Window]:
    return [running.window(start, end)._replace(repeated=True)] if start < end else []


def _neighbours(text: str, left: Window, right: Window) -> bool:
    return left.end == right.start or (left.end < right.start and text[left.end : right.start].isspace())
