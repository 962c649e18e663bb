"""What proves that a line belongs to the page: its words, or a number that counts the pages, come back at its height.

A line that stands alone at the edge of a page with white space beside it may be the first or the last of the text.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from transforms.assemble.geometry.blocks import SENTENCE_END
from transforms.assemble.geometry.headings import numbering_depth
from transforms.assemble.geometry.lines import TextLine
from transforms.assemble.geometry.looks import names_a_caption

PAGE_NUMBER = re.compile(
    r"(?:(?:page|pagina|página|seite|p|pg|s)\W{0,2})?[-–—\[(|]?\s?(?:\d{1,4}|[ivxlc]{1,7})\s?[-–—\])|]?"
    r"(?:\s?(?:of|/|von|de|sur|di|van|\|)\s?\d{1,4})?",
    re.IGNORECASE,
)
#: Points between the heights at which one running head stands.
STEADY = 3.0
#: And between those that stand at the same place.
SAME_SPOT = 1.5
#: A page number stands in one of so many rows at the edge.
NUMBER_ROWS = 3
#: Pages apart at which the same words tell a running head when there are but two of them.
NEAR = 2
#: Longer than this is no running head that only its place or a model tells.
MAX_WORDS = 12
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]+")
#: '6.2', '(3)', '12.': these count sections, not pages.
_CLAUSE_NUMBER = re.compile(r"\(?\d+[.)]|\d+$")
_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_STAMP = re.compile(
    r"\b(?:19|20)\d\d\b|https?:|\bwww\.|©|\bconfidential\b|\ball rights\b|\brev(?:ision|\.)", re.IGNORECASE
)
_DATE = re.compile(r"\d{1,2}\.?\s+[^\W\d_]+\.?\s+\d{4}")
_SIGNATURE = re.compile(r"^\W*(?:date|dated|by|name|title|its|signed)\b|/s/|__", re.IGNORECASE)
_MEMBER = re.compile(
    r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxIVX]{1,5})[.)]\s*\S|(?:section|article|exhibit|schedule|clause)\s+\S",
    re.I,
)


class Edge(NamedTuple):
    """A line near the edge of a page, how far from it, and the number of its row from there."""

    sheet: int
    line: TextLine
    distance: float
    row: int

    def stands_like(self, other: Edge) -> bool:
        """Whether both stand at one height, in one size, and begin, end or centre at one place."""
        if abs(self.distance - other.distance) > SAME_SPOT or abs(self.line.size - other.line.size) > 0.3:
            return False
        a, b = self.line.box, other.line.box
        return min(abs(a.x0 - b.x0), abs(a.x1 - b.x1), abs(a.x0 + a.x1 - b.x0 - b.x1) / 2) <= SAME_SPOT


def proven(edges: Sequence[Edge], sheets: int) -> frozenset[int]:
    """Lines, by identity, that come back: `edges` are the lines near one edge of all pages."""
    groups: dict[tuple[str, int], list[Edge]] = defaultdict(list)
    for edge in edges:
        groups[wording(edge.line)].append(edge)
    found = {id(edge.line) for group in groups.values() for edge in _repeated(group, sheets)}
    return frozenset(found | {id(edge.line) for edge in _counted(edges)})


def wording(line: TextLine) -> tuple[str, int]:
    """What a line says but for its numbers, and its size."""
    return _DIGITS.sub("#", line.text.casefold()), round(line.size)


def _repeated(group: Sequence[Edge], sheets: int) -> Iterator[Edge]:
    """Lines with the same words at one height, and those that differ from them in numbers only."""
    by_text: dict[str, list[Edge]] = defaultdict(list)
    for edge in group:
        by_text[edge.line.text.casefold()].append(edge)
    kept = [steady for same in by_text.values() if _is_enough(steady := at_one_height(same), sheets)]
    counting = list(_counting(group))
    kept += [counting] if counting else []
    for steady in kept:
        yield from steady
        if any(map(str.isalpha, group[0].line.text)):
            yield from (edge for edge in group if abs(edge.distance - steady[0].distance) <= STEADY)


def _is_enough(same: Sequence[Edge], sheets: int) -> bool:
    """Three pages; two where the document has few, or they stand next to each other."""
    pages = sorted({edge.sheet for edge in same})
    if len(pages) < 2:
        return False
    near = pages[1] - pages[0] <= NEAR and not reads_as_text(same[0].line.text)
    return len(pages) >= 3 or sheets < 6 or near


def at_one_height(edges: Sequence[Edge]) -> list[Edge]:
    """Those that stand at the commonest height; none where it is not that of half of them."""
    common = Counter(round(edge.distance / STEADY) for edge in edges).most_common(1)[0][0] * STEADY
    steady = [edge for edge in edges if abs(edge.distance - common) <= STEADY]
    return steady if 2 * len(steady) >= len(edges) else []


def _counting(group: Sequence[Edge]) -> Iterator[Edge]:
    """Lines of one wording in which a number grows with the pages."""
    text = group[0].line.text
    if _CLAUSE_NUMBER.match(text) or len(text.split()) > MAX_WORDS:
        return
    numbers = [(edge, [int(n) for n in _DIGITS.findall(edge.line.text)]) for edge in group]
    for slot in range(min(len(found) for _, found in numbers)):
        yield from _in_step((edge, found[slot]) for edge, found in numbers)


def _in_step(numbered: Iterable[tuple[Edge, int]]) -> Iterator[Edge]:
    """Lines whose number is as far from that of their page as on others, where two of them stand at the same height."""
    steps: dict[int, list[Edge]] = defaultdict(list)
    for edge, number in numbered:
        steps[number - edge.sheet].append(edge)
    for edges in steps.values():
        if len({edge.sheet for edge in at_one_height(edges)}) > 1:
            yield from edges


def _counted(edges: Sequence[Edge]) -> Iterator[Edge]:
    """Page numbers, Roman ones among them, that grow with the pages."""
    outer = (edge for edge in edges if edge.row < NUMBER_ROWS)
    return _in_step((edge, number) for edge in outer if (number := page_number(edge.line.text)) is not None)


def page_number(text: str) -> int | None:
    """The number of a line that holds nothing else; None for other text."""
    if not PAGE_NUMBER.fullmatch(text):
        return None
    digits = _DIGITS.search(text)
    if digits:
        return int(digits[0])
    values = [_VALUES[letter] for letter in _ROMAN.findall(text.lower())[-1]]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def may_be_number(text: str) -> bool:
    """Whether a line may be the number of its page: '3', 'iv', 'Page 3'; not 'C' or '(C)'."""
    return PAGE_NUMBER.fullmatch(text) is not None and (_DIGITS.search(text) is not None or text.islower())


def says_page(text: str) -> bool:
    """Whether a page number says itself that it is one: 'Page 3', '- 3 -', '3 of 9'; '(C)' does not."""
    return PAGE_NUMBER.fullmatch(text) is not None and not text.isalnum() and _DIGITS.search(text) is not None


def says_stamp(text: str) -> bool:
    """Whether a line says what feet of pages say: a date, an address on the web, a copyright; no signature."""
    return _STAMP.search(text) is not None and _SIGNATURE.search(text) is None and not reads_as_text(text)


def reads_as_text(text: str) -> bool:
    """Whether a line reads as a part of the text: it goes on, ends a sentence, opens a clause, names a table."""
    words = text.split()
    goes_on = text[:1].islower() and len(words) > 1
    ends = text.endswith(",") or (text.endswith(SENTENCE_END) and not text.endswith(")") and len(words) > 3)
    opens = _MEMBER.match(text) is not None or numbering_depth(text) > 0 or names_a_caption(text)
    opens = opens and not _DATE.fullmatch(text)
    return goes_on or ends or opens or len(words) > MAX_WORDS
