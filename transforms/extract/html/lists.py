"""Markers of list items."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_SMALL = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass
class ListState:
    """A list being walked: its depth from 0 and the number of its next item (0-based counters are fine)."""

    depth: int
    ordered: bool = False
    kind: str = "1"
    next: int = 1
    step: int = 1

    def marker(self, item: etree._Element) -> str:
        """The marker of the next item; a value attribute renumbers."""
        if not self.ordered:
            return "-"
        number = _integer(item.get("value"), self.next)
        self.next = number + self.step
        return f"{ordinal(number, item.get('type', self.kind))}."


def open_list(element: etree._Element, depth: int) -> ListState:
    """State of a ul or ol from its start, type and reversed attributes."""
    if element.tag != "ol":
        return ListState(depth)
    backwards = "reversed" in element.attrib
    first = len(element.findall("li")) if backwards else 1
    start = _integer(element.get("start"), first)
    return ListState(depth, True, element.get("type", "1"), start, -1 if backwards else 1)


def ordinal(number: int, kind: str) -> str:
    """A number in the style of a list type: 1, a, A, i, I."""
    if kind in ("a", "A") and number > 0:
        return _case(_letters(number), kind)
    if kind in ("i", "I") and 0 < number < 4000:
        return _case(_roman(number), kind)
    return str(number)


def _case(text: str, kind: str) -> str:
    return text.upper() if kind.isupper() else text


def _letters(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def _roman(number: int) -> str:
    text = ""
    for value, digits in (*_ROMAN, *_ROMAN_SMALL):
        count, number = divmod(number, value)
        text += digits * count
    return text


def _integer(value: str | None, default: int) -> int:
    try:
        return max(-(10**9), min(10**9, int(value))) if value else default
    except ValueError:
        return default
