"""The document model after assembly: elements, pages, chunks, and the parts that travel between stages."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from schemas.content import BlockType, Cell, DocumentMeta, OutlineEntry, PageStatus, Span
from schemas.failures import Failure
from schemas.geometry import Box
from schemas.source import SourceRef


class DocumentStatus(StrEnum):
    """Every input URI ends in exactly one of these."""

    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"
    #: Nothing installed reads its type: no fault of the document, and none of the run.
    UNSUPPORTED = "unsupported"
    UNCHANGED = "unchanged"
    #: Could not be read this time: the rows are those of the version before.
    STALE = "stale"
    #: Gone from its source; only this row is left of it.
    DELETED = "deleted"


class PageSpan(msgspec.Struct, frozen=True, array_like=True):
    """A span, the 1-based page it stands on and its line within the element (from 0; flow formats have one line)."""

    page: int
    span: Span
    line: int = 0


class ReferenceKind(StrEnum):
    """What a mention points to."""

    FIGURE = "figure"
    TABLE = "table"
    LISTING = "listing"
    EQUATION = "equation"
    #: Sections, chapters, parts and appendices.
    SECTION = "section"
    FOOTNOTE = "footnote"


class Reference(msgspec.Struct, frozen=True, array_like=True):
    """`element.text[start:end]` ('Table 2', '[^1]') mentions the element `element_id` of the same document.

    start == end marks the place of a raised footnote number, which is no part of the text.
    """

    start: int
    end: int
    kind: ReferenceKind
    element_id: str


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """A logical unit in reading order. `text` is the normalised join of `spans` (tables: Markdown of `cells`)."""

    element_id: str
    #: Reading-order index in the document, from 0.
    index: int
    type: BlockType
    text: str
    #: Page the element starts on (1-based).
    page: int
    box: Box | None = None
    #: Headings: 1..9. List items: nesting depth from 0.
    level: int = 0
    marker: str = ""
    #: Texts of the headings above, outermost first; a heading's own text is not in its path.
    section_path: tuple[str, ...] = ()
    confidence: float = 1.0
    source: str = ""
    spans: tuple[PageSpan, ...] = ()
    cells: tuple[Cell, ...] = ()
    #: The heading (or title) that opens the section this stands in; for a heading, the one above it. '' at the top.
    parent_id: str = ""
    #: Captions: the figure, table or listing they name. '' when there is none.
    caption_of: str = ""
    #: Figures, tables and listings: their (first) caption.
    caption_id: str = ""
    #: Mentions of other elements in `text`, in order, without those that could not be resolved.
    references: tuple[Reference, ...] = ()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The row of one expected page."""

    page: int
    status: PageStatus
    width: float = 0.0
    height: float = 0.0
    rotation: int = 0
    #: Which route read it ('geometry', 'flow', ...) and why.
    route: str = ""
    reason: str = ""
    chars: int = 0
    hidden_chars: int = 0
    images: int = 0
    #: 0..1: mean confidence of what OCR read on the page; 1.0 where nothing was.
    confidence: float = 1.0


class PageBox(msgspec.Struct, frozen=True, array_like=True):
    """A box on a page."""

    page: int
    box: Box


class ChunkSource(msgspec.Struct, frozen=True, array_like=True):
    """`chunk.text[start:end] == element.text[element_start:element_end]`.

    `repeated` marks text that also stands in an earlier chunk (overlap, or a table's header row).
    """

    element_id: str
    element_start: int
    element_end: int
    start: int
    end: int
    repeated: bool = False


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document for search. Text outside `sources` is separators only (whitespace and list markers)."""

    chunk_id: str
    index: int
    text: str
    tokens: int
    page_start: int
    page_end: int
    section_path: tuple[str, ...]
    element_types: tuple[BlockType, ...]
    boxes: tuple[PageBox, ...]
    sources: tuple[ChunkSource, ...]
    content_hash: str
    prev_chunk_id: str = ""
    next_chunk_id: str = ""


class DocumentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Identity and provenance of a document."""

    doc_id: str
    ref: SourceRef
    #: Hex SHA-256 of the bytes; '' when they were never fetched.
    content_hash: str = ""
    size: int = 0
    media_type: str = ""
    declared_type: str = ""
    type_mismatch: bool = False
    etag: str = ""
    last_modified: str = ""
    #: Hash of every option and engine version that shaped it; while it is on its way, of all that may.
    fingerprint: str = ""
    #: Runs in a row that failed to read it for a passing reason.
    attempts: int = 0
    #: Category of the failure ('crashed', 'timeout', 'memory') for which the version is not tried again; '' for none.
    quarantine: str = ""


class Document(msgspec.Struct, kw_only=True):
    """A whole document after assembly: what `extract_document` returns and the tables hold."""

    info: DocumentInfo
    status: DocumentStatus
    meta: DocumentMeta = DocumentMeta()
    outline: list[OutlineEntry] = []
    engine: str = ""
    page_count: int = 0
    pages: list[Page] = []
    elements: list[Element] = []
    chunks: list[Chunk] = []
    failures: list[Failure] = []
    #: What a user should know though it was read: REPAIRED, TRUNCATED, DOUBTFUL of `schemas.content`.
    notes: tuple[str, ...] = ()
    #: Whether pages were given to OCR, and whether a layout model was asked about some.
    scans: bool = False
    seen: bool = False
