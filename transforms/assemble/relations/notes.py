"""Marks in the text that point to footnotes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from schemas.content import BlockType, ExtractedPage, Style
from schemas.document import Element, PageSpan, Reference, ReferenceKind
from schemas.geometry import Box
from transforms.render.places import span_ranges

_MARK = re.compile(r"\[\^([^\]\s]{1,12})\]")
_SUPERSCRIPT = int(Style.SUPERSCRIPT)
#: A raised mark stands at most this many font sizes behind the word it belongs to.
_BEHIND = 0.5

Found = Iterator[tuple[int, Reference]]


def note_references(elements: Sequence[Element], pages: Sequence[ExtractedPage]) -> Found:
    """(index of the element, reference) for every mark of a footnote.

    Flow formats keep marks in the text, as [^1] or raised. Fixed layout leaves raised marks out of the text: there the
    reference is empty and stands where the mark stood.
    """
    notes = [e for e in elements if e.type is BlockType.FOOTNOTE and e.marker]
    flow = {note.marker: note for note in reversed(notes) if note.box is None}
    if flow:
        for element in elements:
            yield from _marks_in_text(element, flow)
    placed = [note for note in notes if note.box is not None]
    if placed:
        yield from _raised_marks(elements, placed, pages)


def _marks_in_text(element: Element, notes: Mapping[str, Element]) -> Found:
    raised = (
        (start, end, part.span.text.strip(" []()"))
        for start, end, part in span_ranges(element)
        if part.span.style & _SUPERSCRIPT and part.span.text.strip() == element.text[start:end]
    )
    written = ((match.start(), match.end(), match[1]) for match in _MARK.finditer(element.text))
    for start, end, marker in chain(written, raised):
        note = notes.get(marker)
        if note is not None and note is not element and start < end:
            yield element.index, Reference(start, end, ReferenceKind.FOOTNOTE, note.element_id)


def _raised_marks(elements: Sequence[Element], notes: Sequence[Element], pages: Sequence[ExtractedPage]) -> Found:
    by_mark = {(note.page, note.marker): note for note in reversed(notes)}
    noted = {note.page for note in notes}
    on_page: dict[int, list[Element]] = defaultdict(list)
    for element in elements:
        for number in {part.page for part in element.spans} & noted:
            on_page[number].append(element)
    for page in pages:
        if page.number not in noted:
            continue
        for marker, box in _raised(page):
            note = by_mark.get((page.number, marker))
            if note is not None and not (note.box and note.box.contains_centre(box)):
                yield from _behind_word(on_page[page.number], note, page.number, box)


def _raised(page: ExtractedPage) -> Iterator[tuple[str, Box]]:
    for line in page.lines:
        for span in line.spans:
            if span.style & _SUPERSCRIPT and span.box is not None:
                yield span.text.strip(), span.box


def _behind_word(elements: Sequence[Element], note: Element, page: int, mark: Box) -> Found:
    """The end of the span that the mark stands behind."""
    for element in elements:
        if element is note or not any(_precedes(part, page, mark) for part in element.spans):
            continue
        for _, end, part in span_ranges(element):
            if _precedes(part, page, mark):
                yield element.index, Reference(end, end, ReferenceKind.FOOTNOTE, note.element_id)
                return


def _precedes(part: PageSpan, page: int, mark: Box) -> bool:
    box = part.span.box
    if box is None or part.page != page or part.span.style & _SUPERSCRIPT:
        return False
    level = box.y0 - 0.5 * box.height < (mark.y0 + mark.y1) / 2 < box.y1
    return level and abs(mark.x0 - box.x1) < _BEHIND * box.height
