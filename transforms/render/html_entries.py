"""Elements as entries of the inspection page: their text with links to what it mentions, captions and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from schemas.document import Element
from transforms.render.table import table_html
from transforms.render.tree import Section

Targets = Mapping[str, Element]


def entry(element: Element, page: int, targets: Targets, picture: str = "") -> str:
    """The list item of an element on a page, with its picture's URL. Tables stand on their first page; later ones lead
    there."""
    if page != element.page and element.cells:
        return f'<li class="{element.type}"><b>{element.index} {element.type}</b> goes on: {link(element)}</li>'
    # One place to jump to, on the first page.
    anchor = f' id="e{element.index}"' if page == element.page else ""
    level = f" {element.level}" if element.level else ""
    path = escape(" › ".join(element.section_path))
    head = f'<b>{element.index} {element.type}{level}</b> <span class="path">{path}{_bonds(element, targets)}</span>'
    shown = f'<img alt="" loading="lazy" src="{escape(picture)}">' if picture else ""
    return f'<li{anchor} class="{element.type}">{head}\n{_content(element, targets)}{shown}</li>'


def link(element: Element, text: str = "") -> str:
    """A link to an element's entry; `text` is markup."""
    return f'<a href="#e{element.index}">{text or f"{element.index} {element.type}"}</a>'


def _bonds(element: Element, targets: Targets) -> str:
    """What a caption names, and the caption of what has one."""
    named, caption = targets.get(element.caption_of), targets.get(element.caption_id)
    out = f" names {link(named)}" if named is not None else ""
    return out + (f" caption {link(caption)}" if caption is not None else "")


def _content(element: Element, targets: Targets) -> str:
    if element.cells:
        mentioned = ", ".join(link(targets[r.element_id]) for r in element.references if r.element_id in targets)
        return table_html(element.cells) + (f'<p class="path">mentions {mentioned}</p>' if mentioned else "")
    marker = escape(f"{element.marker} ") if element.marker else ""
    return marker + "".join(_linked(element, targets)).strip()


def _linked(element: Element, targets: Targets) -> Iterator[str]:
    """The text, escaped, with a link around every mention; an empty mention becomes the number of its footnote."""
    at = 0
    for reference in element.references:
        target = targets.get(reference.element_id)
        if target is None or reference.start < at:
            continue
        yield escape(element.text[at : reference.start])
        mention = escape(element.text[reference.start : reference.end])
        yield link(target, mention or f"<sup>{escape(target.marker)}</sup>")
        at = reference.end
    yield escape(element.text[at:])


def contents(root: Section) -> str:
    """The section tree as nested lists, folded."""
    if not root.sections:
        return ""
    return f"<details><summary>sections</summary>{_contents(root)}</details>\n"


def _contents(section: Section) -> str:
    inner = "".join(
        f"<li>{link(part.heading, escape(part.heading.text))}{_contents(part)}</li>"
        for part in section.sections
        if part.heading is not None
    )
    return f"<ul>{inner}</ul>" if inner else ""
