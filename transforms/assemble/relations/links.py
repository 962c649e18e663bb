"""Links inside a document: lines of a contents list, resolved to the headings that stand on the pages they lead to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from schemas.content import BlockType, ExtractedPage, Link
from schemas.document import Element, Reference, ReferenceKind

_HEADINGS = frozenset({BlockType.TITLE, BlockType.HEADING})
#: Headings of fewer letters are found in too many texts.
_MIN_CHARS = 3


def linked_references(elements: Sequence[Element], pages: Sequence[ExtractedPage]) -> Iterator[tuple[int, Reference]]:
    """(index of the element, reference) for link texts that hold a heading of the page that the link leads to."""
    links = {page.number: found for page in pages if (found := [link for link in page.links if link.page and link.box])}
    if not links:
        return
    headings: dict[int, list[Element]] = defaultdict(list)
    for element in elements:
        if element.type in _HEADINGS and len(element.text) >= _MIN_CHARS:
            headings[element.page].append(element)
    for element in elements:
        for page in _targets(element, links.get(element.page, ())):
            for heading in headings.get(page, ()):
                start = element.text.find(heading.text) if heading is not element else -1
                if start >= 0:
                    end = start + len(heading.text)
                    yield element.index, Reference(start, end, ReferenceKind.SECTION, heading.element_id)


def _targets(element: Element, links: Sequence[Link]) -> list[int]:
    """Pages that links on the element lead to, each once."""
    if element.box is None or not links:
        return []
    return list(dict.fromkeys(link.page for link in links if link.box and element.box.contains_centre(link.box)))
