"""The section tree of a document, rebuilt from the `parent_id` of its elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from schemas.content import BlockType
from schemas.document import Element

_HEADINGS = frozenset({BlockType.TITLE, BlockType.HEADING})


@dataclass
class Section:
    """A heading, what stands directly below it, and the sections inside; the root has no heading."""

    heading: Element | None = None
    elements: list[Element] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


def section_tree(elements: Sequence[Element]) -> Section:
    """The root of the tree. An element whose heading is not among `elements` stands at the top."""
    root = Section()
    by_heading: dict[str, Section] = {}
    for element in elements:
        above = by_heading.get(element.parent_id, root)
        if element.type in _HEADINGS:
            section = by_heading[element.element_id] = Section(element)
            above.sections.append(section)
        else:
            above.elements.append(element)
    return root


def tree_lines(section: Section, depth: int = 0) -> Iterator[str]:
    """The tree for a person: headings, indented, with page and what their sections hold."""
    indent = "  " * depth
    held = Counter(element.type.value for element in section.elements)
    counts = ", ".join(f"{count} {name}" for name, count in held.most_common())
    if section.heading is not None:
        title = " ".join(section.heading.text.split())
        yield f"{indent}{title}  (page {section.heading.page}{': ' if counts else ''}{counts})"
    elif counts:
        yield f"{indent}(no section: {counts})"
    for inner in section.sections:
        yield from tree_lines(inner, depth + (section.heading is not None))


def tree_fields(section: Section) -> dict[str, object]:
    """The tree for JSON: ids of elements only."""
    heading = section.heading
    fields: dict[str, object] = {}
    if heading is not None:
        fields = {"element_id": heading.element_id, "text": heading.text, "page": heading.page}
    fields["elements"] = [element.element_id for element in section.elements]
    fields["sections"] = [tree_fields(inner) for inner in section.sections]
    return fields
