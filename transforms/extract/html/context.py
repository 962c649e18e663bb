"""What holds for text at a place in an HTML tree: its style, visibility, and the block it belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec
from lxml import etree

from schemas.content import BlockType, Style
from transforms.extract.html.lists import ListState, open_list
from transforms.extract.html.style import Look, derive_look
from transforms.extract.html.tags import LISTS, VERBATIM
from transforms.extract.html.tree import HEADINGS, LANDMARKS, Survey, landmark

_STYLES = {
    **dict.fromkeys(("b", "strong", "th"), Style.BOLD),
    **dict.fromkeys(("i", "em", "cite", "var", "dfn"), Style.ITALIC),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), Style.MONO),
    "sup": Style.SUPERSCRIPT,
    "sub": Style.SUBSCRIPT,
}
_CAPTIONS = {"caption", "figcaption"}
#: Tags that change the context by themselves; others do so by their attributes only.
_MEANINGFUL = {*_STYLES, *_CAPTIONS, *LISTS, *VERBATIM, *HEADINGS, *LANDMARKS, "li", "figure", "dialog"}
_NOTE_ROLES = {"doc-endnotes", "doc-footnote", "doc-endnote"}
_NOTE_CLASSES = {"footnotes", "endnotes"}
_CONSENT = re.compile(r"\b(cookie|consent|gdpr)[-_]?(banner|bar|notice|popup|overlay|dialog|consent)\b", re.I)


@dataclass
class Item:
    """A list item; its marker goes to its first block."""

    marker: str
    level: int
    used: bool = False


class Context(msgspec.Struct, frozen=True):
    """Inherited state of a place in the tree."""

    look: Look = Look()
    style: int = 0
    preserve: bool = False
    type: BlockType = BlockType.PARAGRAPH
    level: int = 0
    #: Everything inside belongs to one block: headings, captions, cells.
    fixed: bool = False
    in_cell: bool = False
    in_figure: bool = False
    #: PAGE_HEADER or PAGE_FOOTER inside page furniture.
    furniture: BlockType | None = None
    notes: bool = False
    list: ListState | None = None
    item: Item | None = None


def derive_context(outer: Context, element: etree._Element, survey: Survey) -> Context:
    """The context inside `element`."""
    tag = str(element.tag)
    if not element.attrib and tag not in _MEANINGFUL and not outer.look.block:
        return outer
    changes: dict[str, object] = {"look": derive_look(outer.look, element)}
    if tag in _STYLES:
        changes["style"] = outer.style | _STYLES[tag]
    if tag == "figure":
        changes["in_figure"] = True
    if outer.furniture is None:
        changes["furniture"] = _furniture(element, survey)
    if _holds_notes(element):
        changes["notes"] = True
    if not outer.fixed:
        changes |= _block_changes(outer, element, tag)
    elif tag in VERBATIM:
        changes["preserve"] = True
    return msgspec.structs.replace(outer, **changes)


def _block_changes(outer: Context, element: etree._Element, tag: str) -> dict[str, object]:
    if level := heading_level(element):
        return {"type": BlockType.HEADING, "level": level, "fixed": True, "item": None}
    if tag in _CAPTIONS:
        return {"type": BlockType.CAPTION, "fixed": True, "item": None}
    if tag in VERBATIM:
        return {"type": BlockType.CODE, "preserve": True, "fixed": True, "item": None}
    if tag in LISTS:
        return {"list": open_list(element, outer.list.depth + 1 if outer.list else 0), "item": None}
    if tag == "li":
        state = outer.list or ListState(0)
        return {"item": Item(state.marker(element), state.depth), "list": state}
    return {}


def heading_level(element: etree._Element) -> int:
    """1..9, or 0 for anything but a heading."""
    if element.tag in HEADINGS:
        return HEADINGS[str(element.tag)] if element.get("role") not in ("presentation", "none") else 0
    if element.get("role") != "heading":
        return 0
    level = element.get("aria-level", "2")
    return min(9, max(1, int(level))) if level in "123456789" and level else 2


def _furniture(element: etree._Element, survey: Survey) -> BlockType | None:
    """Site navigation, banner and footer. What belongs to an article, holds one, or carries the title, is content."""
    mark = landmark(element)
    asks = _CONSENT.search(f"{element.get('id', '')} {element.get('class', '')}") is not None
    if mark == "dialog" or (asks and not _holds_the_page(element)):
        return BlockType.PAGE_FOOTER
    if not mark:
        return None
    facts, inside = survey.facts[element], element in survey.sectioned
    if facts.reads_as_text:
        return None
    if mark == "nav":
        return None if inside and (facts.headings or facts.tabular) else BlockType.PAGE_HEADER
    if inside or (mark == "header" and facts.headings and not survey.main_headings):
        return None
    return BlockType.PAGE_HEADER if mark == "header" else BlockType.PAGE_FOOTER


def _holds_the_page(element: etree._Element) -> bool:
    """Whether the page itself stands inside: its body may say in its class that a question stands above it."""
    return element.tag in ("html", "body") or next(element.iter("main", "article"), None) is not None


def _holds_notes(element: etree._Element) -> bool:
    return element.get("role", "") in _NOTE_ROLES or not _NOTE_CLASSES.isdisjoint(element.get("class", "").split())
