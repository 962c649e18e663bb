"""List and heading numbers as Word shows them, computed from the numbering part."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from transforms.extract.docx.names import VAL, W, flag, integer, value
from transforms.extract.docx.package import Node
from transforms.extract.docx.styles import StyleSheet

LEVELS = 9
BULLET = "-"
_PLACEHOLDER = re.compile(r"%([1-9])")
_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"),
        strict=True,
    )
)
#: Romans beyond this are written in digits, as Word does.
_ROMAN_LIMIT = 32_767


class LevelFormat(NamedTuple):
    """One level of a list definition. `restart` is the level whose items restart it (its parent), -1 for never."""

    start: int = 1
    number_format: str = "decimal"
    text: str = ""
    restart: int = -1
    legal: bool = False
    style: str = ""


class _List(NamedTuple):
    """A w:num: the abstract list whose counters it shares, its levels, and the starts it forces."""

    abstract: str
    levels: dict[int, LevelFormat]
    starts: dict[int, int]


class Numbering:
    """The numbering part with its running counters; ask once per paragraph, in document order."""

    def __init__(self, root: Node | None, styles: StyleSheet) -> None:
        self._root = root
        self._styles = styles
        self._abstracts = _by_id(root, "abstractNum", "abstractNumId")
        self._nums = _by_id(root, "num", "numId")
        self._lists: dict[str, _List | None] = {}
        self._counters: dict[str, list[int | None]] = {}
        self._started: set[tuple[str, int]] = set()

    def marker(self, num_id: str, level: int) -> str | None:
        """Marker of the next paragraph of list `num_id`: '-' for bullets, '' when Word shows none.

        None when the list is not defined.
        """
        definition = self._list(num_id)
        if definition is None or level not in definition.levels:
            return None
        counters = self._advance(num_id, definition, level)
        return _format_marker(definition.levels, level, counters)

    def level_of_style(self, num_id: str, style_id: str, default: int) -> int:
        """Level that the list links to a paragraph style."""
        definition = self._list(num_id)
        for level, shape in definition.levels.items() if definition is not None else ():
            if shape.style == style_id:
                return level
        return default

    def _advance(self, num_id: str, definition: _List, level: int) -> list[int | None]:
        counters = self._counters.setdefault(definition.abstract, [None] * LEVELS)
        forced = definition.starts.get(level)
        if forced is not None and (num_id, level) not in self._started:
            counters[level] = forced
        else:
            count = counters[level]
            counters[level] = definition.levels[level].start if count is None else count + 1
        self._started.add((num_id, level))
        for deeper in range(level + 1, LEVELS):
            shape = definition.levels.get(deeper)
            if shape is None or level <= shape.restart:
                counters[deeper] = None
        return counters

    def _list(self, num_id: str) -> _List | None:
        if num_id not in self._lists:
            self._lists[num_id] = self._read_list(num_id)
        return self._lists[num_id]

    def _read_list(self, num_id: str) -> _List | None:
        num = self._nums.get(num_id)
        abstract_id, abstract = self._abstract(value(num, "abstractNumId"))
        if num is None or abstract is None:
            return None
        levels = _levels(abstract)
        starts: dict[int, int] = {}
        for override in num.iterchildren(W + "lvlOverride"):
            levels |= _levels(override)
            if forced := value(override, "startOverride"):
                starts[integer(override.get(W + "ilvl"))] = integer(forced)
        return _List(abstract_id, levels, starts)

    def _abstract(self, abstract_id: str) -> tuple[str, Node | None]:
        """The definition itself, through at most one link to a numbering style."""
        abstract = self._abstracts.get(abstract_id)
        if link := value(abstract, "numStyleLink"):
            linked = value(self._nums.get(self._styles.numbering_of(link)), "abstractNumId")
            return linked, self._abstracts.get(linked, abstract)
        return abstract_id, abstract


def _by_id(root: Node | None, name: str, attribute: str) -> dict[str, Node]:
    nodes = root.iterchildren(W + name) if root is not None else ()
    return {node.get(W + attribute, ""): node for node in nodes}


def _levels(parent: Node) -> dict[int, LevelFormat]:
    found = {integer(node.get(W + "ilvl")): node for node in parent.iterchildren(W + "lvl")}
    return {level: _level_format(level, node) for level, node in found.items() if 0 <= level < LEVELS}


def _level_format(level: int, node: Node) -> LevelFormat:
    restart = value(node, "lvlRestart")
    return LevelFormat(
        start=integer(value(node, "start"), 1 if node.find(W + "start") is None else 0),
        number_format=_number_format(node),
        text=value(node, "lvlText"),
        restart=integer(restart) - 1 if restart else level - 1,
        legal=flag(node, "isLgl"),
        style=value(node, "pStyle"),
    )


def _number_format(node: Node) -> str:
    found = node.find(f".//{W}numFmt")
    return "decimal" if found is None else found.get(VAL, "decimal")


def _format_marker(levels: dict[int, LevelFormat], level: int, counters: list[int | None]) -> str:
    shape = levels[level]
    if shape.number_format == "bullet":
        return BULLET if shape.text.strip(" ") else ""

    def number(match: re.Match[str]) -> str:
        at = int(match[1]) - 1
        other = levels.get(at, LevelFormat())
        count = counters[at]
        form = "decimal" if shape.legal and other.number_format != "none" else other.number_format
        return format_number(other.start if count is None else count, form)

    return _PLACEHOLDER.sub(number, shape.text).strip()


def format_number(count: int, number_format: str) -> str:
    """A number in one of Word's formats; formats of other scripts fall back to digits."""
    form = _FORMATS.get(number_format)
    return form(count) if form is not None else str(count)


def _letters(count: int) -> str:
    if count < 1:
        return ""
    return chr(ord("a") + (count - 1) % 26) * min(50, (count - 1) // 26 + 1)


def _roman(count: int) -> str:
    if not 0 < count <= _ROMAN_LIMIT:
        return str(count)
    out = ""
    for worth, letters in _ROMAN:
        times, count = divmod(count, worth)
        out += letters * times
    return out


def _ordinal(count: int) -> str:
    teen = 10 <= count % 100 <= 20
    return f"{count}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th')}"


_FORMATS: dict[str, Callable[[int], str]] = {
    "none": lambda count: "",
    "decimalZero": lambda count: f"{count:02d}",
    "lowerLetter": _letters,
    "upperLetter": lambda count: _letters(count).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda count: _roman(count).upper(),
    "ordinal": _ordinal,
}
