"""The running text of a document: every chunk is one or more windows of it.

Elements stand in reading order, each after a separator and, for list items (and headings in Markdown form), its markup.
A window of the running text therefore tells which elements it shows, and all the rest of it is separators and markup.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from schemas.content import BlockType
from schemas.document import Element
from transforms.chunk.vocabulary import Tokenizer

HEADINGS = frozenset({BlockType.TITLE, BlockType.HEADING})
#: Not the document's own running text; `ChunkOptions.include_types` names those that chunks shall hold.
OPTIONAL_TYPES = frozenset({BlockType.HIDDEN, BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER, BlockType.COMMENT})
#: Elements that stand in no section of their own.
ASIDE = OPTIONAL_TYPES | {BlockType.FOOTNOTE}
#: The longest token of the vocabularies, in characters (blanks).
MAX_TOKEN_CHARS = 128
#: A longer list marker is no marker but text that went astray.
MAX_MARKER = 12
#: Where an element may begin so that its tokens cannot merge with the line break before it (in both vocabularies).
_CLEAN_START = re.compile(r" *[^\s/]")

_BLANKS = re.compile(r"\s*")


class Placed(NamedTuple):
    """An element's text stands at `running.text[start:end]`, its markup at `[lead:start]`."""

    element: Element
    lead: int
    start: int
    end: int


class Window(NamedTuple):
    """`running.text[start:end]` with its (estimated) tokens; `repeated` when an earlier chunk holds it as well."""

    start: int
    end: int
    tokens: int = 0
    repeated: bool = False
    #: `tokens` is the count of just this text.
    exact: bool = False


class Cut(NamedTuple):
    """A chunk to be: its windows, trimmed and in order, and its exact tokens."""

    windows: list[Window]
    tokens: int


def plain_markup(element: Element) -> str:
    """Indentation and marker of a list item, the marker of a footnote; nothing for other elements."""
    if element.type == BlockType.FOOTNOTE and element.marker.strip() and len(element.marker) <= MAX_MARKER:
        return " ".join(element.marker.split()) + " "
    if element.type != BlockType.LIST_ITEM:
        return ""
    marker = element.marker if element.marker.strip() and len(element.marker) <= MAX_MARKER else "-"
    return "  " * max(0, min(element.level, 8)) + " ".join(marker.split()) + " "


def markdown_markup(element: Element) -> str:
    """As `plain_markup`, with '#' before headings."""
    if element.type in HEADINGS:
        return "#" * (1 if element.type == BlockType.TITLE else max(1, min(element.level, 6))) + " "
    return plain_markup(element)


def chosen_elements(elements: Sequence[Element], include_types: Sequence[str]) -> list[Element]:
    """The elements that chunks hold: with text, and of the body or of an included type."""
    left_out = OPTIONAL_TYPES - set(include_types)
    return [e for e in elements if e.type not in left_out and e.text.strip()]


def notes_in_place(elements: Sequence[Element]) -> list[Element]:
    """The elements with each footnote behind the first one that refers to it; others stay where they stand."""
    notes = {e.element_id: e for e in elements if e.type == BlockType.FOOTNOTE}
    placed: list[Element] = []
    homes: dict[str, list[Element]] = {}
    for element in elements:
        for reference in element.references if notes else ():
            note = notes.get(reference.element_id)
            if note is not None and element.type != BlockType.FOOTNOTE:
                homes.setdefault(element.element_id, []).append(notes.pop(reference.element_id))
    moved = {note.element_id for found in homes.values() for note in found}
    for element in elements:
        if element.element_id not in moved:
            placed += [element, *homes.get(element.element_id, ())]
    return placed


def _first_character(text: str, start: int) -> int:
    """Where the blanks end that begin at `start`."""
    blanks = _BLANKS.match(text, start)
    return blanks.end() if blanks else start


class RunningText:
    """The joined text of `elements`, where each of them stands in it, and the tokens of its parts."""

    def __init__(
        self, elements: Sequence[Element], tokenizer: Tokenizer, limit: int, markup: Callable[[Element], str]
    ) -> None:
        self._countable = limit * MAX_TOKEN_CHARS
        self.tokenizer = tokenizer
        self.placed: list[Placed] = []
        parts: list[str] = []
        position, previous = 0, None
        for element in elements:
            separator = _separator(previous, element)
            prefix, previous = markup(element), element
            lead = position + len(separator)
            start = lead + len(prefix)
            position = start + len(element.text)
            parts += (separator, prefix, element.text)
            self.placed.append(Placed(element, lead, start, position))
        self.text = "".join(parts)
        self.leads = [p.lead for p in self.placed]
        self.ends = [p.end for p in self.placed]
        self._clean = [_CLEAN_START.match(self.text, lead) is not None for lead in self.leads]

    @cached_property
    def tokens(self) -> list[int]:
        """Tokens from each element's markup up to the next element.

        Where the text is so long that it must exceed the chunks' limit, it is not counted but given a number beyond.
        """
        return [
            self.tokenizer.count(self.text[a:b]) if b - a <= self._countable else self._countable
            for a, b in pairwise([*self.leads, len(self.text)])
        ]

    def window(self, start: int, end: int) -> Window:
        """A new window with its tokens counted."""
        return Window(start, end, self.tokenizer.count(self.text[start:end]), exact=True)

    def elements_in(self, start: int, end: int) -> Iterator[int]:
        """Indices of the elements whose text (not only markup) meets the window."""
        for index in range(bisect_right(self.ends, start), len(self.placed)):
            if self.placed[index].start >= end:
                return
            yield index

    def before_markup(self, start: int, cut: int) -> int:
        """`cut`, or where the markup begins that it would part from its text, if not before `start`."""
        index = bisect_right(self.leads, cut) - 1
        if index < 0 or cut > _first_character(self.text, self.placed[index].start):
            return cut
        return max(start, self.leads[index])

    def trim(self, window: Window) -> Window:
        """The window without whitespace at its edges."""
        text, start, end = self.text, window.start, window.end
        if start < end and not text[start].isspace() and not text[end - 1].isspace():
            return window
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        return window._replace(start=start, end=end, exact=False)

    def gap(self, left: Window, right: Window) -> str:
        """What stands between two windows of one chunk: the running text's own whitespace if they are neighbours."""
        between = self.text[left.end : right.start] if left.end <= right.start else ""
        return between if left.end == right.start or between.isspace() else "\n"

    def render(self, windows: Sequence[Window]) -> str:
        """The text of a chunk of these (trimmed) windows."""
        parts = [self.text[windows[0].start : windows[0].end]]
        for left, right in pairwise(windows):
            parts += (self.gap(left, right), self.text[right.start : right.end])
        return "".join(parts)

    def count(self, windows: Sequence[Window]) -> int:
        """Exact tokens of the rendered windows.

        A window of whole elements is the sum of their counts, which spares encoding it again: a line break followed
        by text always ends a pre-token, so tokens never reach from one element into the next.
        """
        if len(windows) == 1:
            if windows[0].exact:
                return windows[0].tokens
            start, end = windows[0].start, windows[0].end
            first, last = bisect_left(self.leads, start), bisect_left(self.ends, end)
            if (
                first < last < len(self.ends)
                and self.leads[first] == start
                and self.ends[last] == end
                and all(self._clean[first + 1 : last + 1])
            ):
                return sum(self.tokens[first:last]) + self.tokenizer.count(self.text[self.leads[last] : end])
        return self.tokenizer.count(self.render(windows))


def _separator(previous: Element | None, element: Element) -> str:
    if previous is None:
        return ""
    return "\n" if previous.type == element.type == BlockType.LIST_ITEM else "\n\n"
