"""A document's extraction becomes ordered, typed elements and one row per page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec

from schemas.addresses import addressed
from schemas.content import (
    DOUBTFUL,
    LOW_CONFIDENCE,
    Block,
    BlockType,
    ExtractedPage,
    Extraction,
    PageStatus,
    told_confidence,
)
from schemas.document import Document, DocumentInfo, DocumentStatus, Element, Page, PageSpan
from schemas.failures import Failure
from transforms.assemble.draft import Draft
from transforms.assemble.geometry.drafts import geometry_drafts, plain_drafts
from transforms.assemble.relations.captions import bind_captions
from transforms.assemble.relations.mentions import resolve_references
from transforms.assemble.setbacks import Setbacks
from transforms.assemble.shown import as_shown
from transforms.assemble.tables.continued import join_continued_tables
from transforms.assemble.text import document_words, join_spans
from transforms.render.places import row_pages
from transforms.render.table import header_rows, table_markdown

KEEPS_LINES = frozenset({BlockType.CODE})
#: Elements that stand beside the text: they neither open a section nor belong to one.
BESIDE_THE_TEXT = frozenset({BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER, BlockType.HIDDEN})


def assemble(info: DocumentInfo, extraction: Extraction) -> Document:
    """The document with elements in reading order and exactly one row per extracted page; chunks stay empty.

    Whatever raises here costs the document what it would have added, never its text: `setbacks.py`.
    """
    setbacks = Setbacks()
    flow = any(page.blocks for page in extraction.pages)
    drafts = list(flow_drafts(extraction.pages)) if flow else _page_drafts(extraction, setbacks)
    # Only lines of fixed layout break words.
    elements = number_elements(drafts, frozenset() if flow else document_words(extraction.pages))
    elements = as_shown(_related(elements, extraction, setbacks), extraction.pages)
    # Last: types are settled.
    elements = addressed(info.doc_id, elements)
    failures = [*extraction.failures, *setbacks.failures]
    return Document(
        info=info,
        status=document_status(extraction.pages, failures),
        meta=extraction.meta,
        outline=extraction.outline,
        engine=extraction.engine,
        page_count=extraction.page_count,
        pages=page_rows(extraction.pages, elements, "flow" if flow else "geometry"),
        elements=elements,
        failures=failures,
        scans=extraction.scans,
        notes=document_notes(extraction),
    )


def _page_drafts(extraction: Extraction, setbacks: Setbacks) -> list[Draft]:
    """Drafts of fixed layout: with what a model saw or, where that raises, without; else as the file has its text."""

    def unseen() -> list[Draft]:
        pages = [msgspec.structs.replace(page, regions=[]) for page in extraction.pages]
        bare = msgspec.structs.replace(extraction, pages=pages)
        lost = "the text is left in the order of the file"
        return setbacks.attempt(lost, 0, lambda: geometry_drafts(bare, setbacks), lambda: list(plain_drafts(bare)))

    seen = any(page.regions for page in extraction.pages)
    lost = "what the layout model saw is left out"
    drafts = setbacks.attempt(lost, 0, lambda: geometry_drafts(extraction, setbacks), unseen) if seen else unseen()
    heights = {page.number: page.height for page in extraction.pages}
    lost = "tables are not joined over pages"
    return setbacks.attempt(lost, 0, lambda: join_continued_tables(drafts, heights), lambda: drafts)


def _related(elements: list[Element], extraction: Extraction, setbacks: Setbacks) -> list[Element]:
    """The elements with what binds them: captions and mentions."""
    lost = "captions are not bound to what they name"
    bound = setbacks.attempt(lost, 0, lambda: bind_captions(elements), lambda: elements)
    lost = "mentions are not resolved"
    return setbacks.attempt(lost, 0, lambda: resolve_references(bound, extraction.pages), lambda: bound)


def document_status(pages: Sequence[ExtractedPage], failures: Sequence[Failure]) -> DocumentStatus:
    """FAILED when no page could be read, PARTIAL when something is missing, else OK."""
    failed = sum(page.status is PageStatus.FAILED for page in pages)
    if pages and failed == len(pages):
        return DocumentStatus.FAILED
    return DocumentStatus.PARTIAL if failed or failures else DocumentStatus.OK


def document_notes(extraction: Extraction) -> tuple[str, ...]:
    """What the extractor tells of the file, and whether a page was read with doubt."""
    doubtful = any(page.confidence < LOW_CONFIDENCE for page in extraction.pages)
    return (*extraction.notes, *[DOUBTFUL] * doubtful)


def flow_drafts(pages: list[ExtractedPage]) -> Iterator[Draft]:
    """Blocks of flow formats as drafts; their order is the reading order."""
    for page in pages:
        for block in page.blocks:
            yield _block_draft(page.number, block)


def _block_draft(page: int, block: Block) -> Draft:
    return Draft(
        type=block.type,
        page=page,
        spans=tuple(PageSpan(page, span) for span in block.spans),
        cells=block.cells,
        level=block.level,
        marker=block.marker,
        box=block.box,
        confidence=block.confidence,
        source=block.source,
    )


def number_elements(drafts: list[Draft], known_words: AbstractSet[str] = frozenset()) -> list[Element]:
    """Drafts with index, text, section and an id for the time being. Those without text and picture are dropped."""
    path: list[_OpenSection] = []
    elements: list[Element] = []
    for draft in drafts:
        text = draft_text(draft, known_words)
        if not text and draft.type is not BlockType.FIGURE:
            continue
        level = _heading_level(draft)
        if level is not None:
            path = [entry for entry in path if entry.level < level]
        section = [] if draft.type in BESIDE_THE_TEXT else path
        index = len(elements)
        element_id = str(index)
        elements.append(
            Element(
                element_id=element_id,
                index=index,
                type=draft.type,
                text=text,
                page=draft.page,
                box=draft.box,
                level=draft.level,
                marker=draft.marker,
                section_path=tuple(entry.title for entry in section),
                parent_id=section[-1].element_id if section else "",
                confidence=told_confidence(draft.confidence * _reading_confidence(draft.spans)),
                source=draft.source,
                spans=draft.spans,
                cells=draft.cells,
            )
        )
        if level is not None:
            path = [*path, _OpenSection(level, text, element_id)]
    return elements


def _reading_confidence(spans: Sequence[PageSpan]) -> float:
    """Mean confidence of the characters; 1.0 for digital text."""
    if all(part.span.confidence == 1.0 for part in spans):
        return 1.0
    return sum(part.span.confidence * len(part.span.text) for part in spans) / sum(
        len(part.span.text) for part in spans
    )


class _OpenSection(NamedTuple):
    level: int
    title: str
    element_id: str


def _heading_level(draft: Draft) -> int | None:
    if draft.type is BlockType.TITLE:
        return 0
    return max(1, draft.level) if draft.type is BlockType.HEADING else None


def draft_text(draft: Draft, known_words: AbstractSet[str] = frozenset()) -> str:
    """Normalised text: Markdown for tables, the joined spans otherwise; `known_words` as in `join_spans`."""
    if draft.type is BlockType.TABLE:
        return table_markdown(draft.cells)
    return join_spans(draft.spans, keep_lines=draft.type in KEEPS_LINES, known_words=known_words)


def page_rows(pages: list[ExtractedPage], elements: list[Element], route: str) -> list[Page]:
    """One row per page of the extraction, with the text that its elements brought."""
    visible: dict[int, int] = {}
    hidden: dict[int, int] = {}
    for element in elements:
        counts = hidden if element.type is BlockType.HIDDEN else visible
        for page, chars in _chars_by_page(element).items():
            counts[page] = counts.get(page, 0) + chars
    return [_page_row(page, visible.get(page.number, 0), hidden.get(page.number, 0), route) for page in pages]


def _chars_by_page(element: Element) -> Mapping[int, int]:
    """The element's characters; the rows of a continued table count on the pages they stand on."""
    if element.box is None or element.type is not BlockType.TABLE:
        return {element.page: len(element.text)}
    lines = element.text.split("\n")
    del lines[header_rows(element.cells) : header_rows(element.cells) + 1]
    counts = Counter({element.page: len(element.text) - sum(map(len, lines))})
    for page, line in zip(row_pages(element), lines, strict=False):
        counts[page] += len(line)
    return counts


def _page_row(page: ExtractedPage, chars: int, hidden_chars: int, route: str) -> Page:
    width, height = page.shown_size or (page.width, page.height)
    return Page(
        page=page.number,
        status=page.status,
        width=width,
        height=height,
        rotation=page.rotation,
        route="" if page.status is PageStatus.FAILED else page.tier or route,
        reason=page.tier_reason,
        chars=chars,
        hidden_chars=hidden_chars,
        images=len(page.images),
        confidence=told_confidence(page.confidence),
    )
