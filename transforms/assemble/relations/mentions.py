"""Mentions of figures, tables, sections, equations and footnotes, resolved to the elements they mean."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from types import MappingProxyType

import msgspec

from schemas.content import BlockType, ExtractedPage
from schemas.document import Element, Reference, ReferenceKind
from transforms.assemble.relations.labels import KINDS, leading_label, mentions, normal_number
from transforms.assemble.relations.links import linked_references
from transforms.assemble.relations.notes import note_references

_HEADINGS = frozenset({BlockType.TITLE, BlockType.HEADING})
#: Text that may mention something. Tables too: their text is that of their cells.
_SILENT = frozenset({BlockType.CODE, BlockType.HIDDEN, BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER})
_SECTION_NUMBER = re.compile(
    r"(?:\d{1,3}(?:\.\d{1,3}){0,5}|[A-Z](?:\.\d{1,3}){1,5}|[A-Z](?=[.:)])|[IVX]{1,5}(?=\.))(?=[.:)]?\s|[.:)]?$)"
)
_FORMULA_NUMBER = re.compile(r"[(\[]([A-Z]?[.-]?\d{1,3}(?:[.-]\d{1,3})*[a-z]?)[)\]]\s*$")
_SUB_LETTER = re.compile(r"(?<=\d)[a-z]$")
#: What a mention's label may be called in the heading or caption itself, besides its own name.
_NUMBERED_SECTIONS = ("section", "chapter", "appendix", "part", "article")

#: An exhibit may be a table.
_KINDS = MappingProxyType({BlockType.TABLE: ReferenceKind.TABLE, BlockType.FIGURE: ReferenceKind.FIGURE})

Key = tuple[str, str]


class Targets:
    """Elements by label and number."""

    def __init__(self, elements: Sequence[Element]) -> None:
        self._elements = elements
        self._found: dict[Key, list[int]] = defaultdict(list)
        places = {element.element_id: element.index for element in elements}
        for element in elements:
            for key in _keys(element):
                self._found[key].append(places.get(element.caption_of, element.index))

    def __bool__(self) -> bool:
        return bool(self._found)

    def find(self, label: str, number: str, near: int) -> Element | None:
        """The element meant by a mention in the element `near`; of several the next one above, else below."""
        for key in ((label, number), (label, _SUB_LETTER.sub("", number))):
            places = self._found.get(key)
            if places:
                at = bisect_left(places, near + 1)
                return self._elements[places[max(0, at - 1)]]
        return None


def _keys(element: Element) -> Iterator[Key]:
    if element.type is BlockType.CAPTION:
        label, number = leading_label(element.text)
        if number:
            yield label, number
    elif element.type in _HEADINGS:
        yield from _section_keys(element)
    elif element.type is BlockType.FORMULA and (match := _FORMULA_NUMBER.search(element.text)):
        yield "equation", normal_number(match[1])


def _section_keys(heading: Element) -> Iterator[Key]:
    """'4.1 Results' is meant by 'Section 4.1' and 'Chapter 4.1'; 'Chapter 4' by its own name and as a section."""
    label, number = leading_label(heading.text)
    if number and label in KINDS and KINDS[label] is ReferenceKind.SECTION:
        yield label, number
        if label == "chapter":
            yield "section", number
        return
    match = _SECTION_NUMBER.match(f"{heading.marker} {heading.text}".lstrip())
    if match:
        for name in _NUMBERED_SECTIONS:
            yield name, normal_number(match[0])


def resolve_references(elements: Sequence[Element], pages: Sequence[ExtractedPage]) -> list[Element]:
    """The elements with what they mention; what cannot be resolved is left out."""
    found: dict[int, list[Reference]] = defaultdict(list)
    targets = Targets(elements)
    if targets:
        for element in elements:
            if element.type not in _SILENT:
                found[element.index] += _labelled(element, targets)
    for index, reference in chain(linked_references(elements, pages), note_references(elements, pages)):
        found[index].append(reference)
    return [_with_references(element, found.get(element.index, ())) for element in elements]


def _with_references(element: Element, references: Sequence[Reference]) -> Element:
    """References in the order of their places, none inside another."""
    kept: list[Reference] = []
    for reference in sorted(references, key=lambda r: (r.start, -r.end)):
        if not kept or reference.start >= kept[-1].end:
            kept.append(reference)
    return msgspec.structs.replace(element, references=tuple(kept)) if kept else element


def _labelled(element: Element, targets: Targets) -> Iterator[Reference]:
    for mention in mentions(element.text):
        target = targets.find(mention.label, mention.number, element.index)
        # A caption or heading that names itself mentions nothing.
        if target is not None and target.element_id not in {element.element_id, element.caption_of}:
            kind = _KINDS.get(target.type, KINDS[mention.label])
            yield Reference(mention.start, mention.end, kind, target.element_id)
