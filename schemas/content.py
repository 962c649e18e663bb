"""What an extractor returns: pages of spans (fixed layout) or of blocks (flow formats).

Page numbers are 1-based everywhere. Boxes: points, origin top-left (see `schemas.geometry`).
"""

from __future__ import annotations

from enum import IntFlag, StrEnum
from typing import Literal

import msgspec

from schemas.failures import Failure
from schemas.geometry import Box


class Style(IntFlag):
    """Visual style of a span."""

    NONE = 0
    BOLD = 1
    ITALIC = 2
    MONO = 4
    SUPERSCRIPT = 8
    SUBSCRIPT = 16


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A run of text in one style, exactly as the file holds it (not normalised)."""

    text: str
    box: Box | None = None
    font: str = ""
    #: Font size in points, 0.0 when unknown.
    size: float = 0.0
    style: int = 0
    #: 0xRRGGBB
    color: int = 0
    #: Why a reader cannot see it ("white on white", ...); '' for visible text.
    hidden: str = ""
    #: 'digital' or the OCR engine's name.
    origin: str = "digital"
    #: 0..1; 1.0 for digital text.
    confidence: float = 1.0


class Line(msgspec.Struct, frozen=True, array_like=True):
    """Spans on one baseline, in text direction. `direction` is (cos, sin) of the baseline."""

    spans: tuple[Span, ...]
    box: Box
    direction: tuple[float, float] = (1.0, 0.0)


class Image(msgspec.Struct, frozen=True, array_like=True):
    """A raster image placed on a page (or embedded in a flow document: box None)."""

    box: Box | None
    #: Pixels.
    width: int = 0
    height: int = 0
    #: Alternative text or description, '' when absent.
    alt: str = ""


class Link(msgspec.Struct, frozen=True, array_like=True):
    """A hyperlink: `uri` for outside targets, else `page` (1-based) inside the document."""

    box: Box | None
    uri: str = ""
    page: int = 0


class Vector(msgspec.Struct, frozen=True, array_like=True):
    """A drawn line or rectangle; rules of tables, frames, backgrounds."""

    box: Box
    stroked: bool = False
    rectangle: bool = False
    color: int = 0
    #: 0..255
    alpha: int = 255


class Cell(msgspec.Struct, frozen=True, array_like=True):
    """A table cell. Rows and columns count from 0; spans are at least 1."""

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1
    header: bool = False
    box: Box | None = None
    #: Page the cell stands on (1-based); 0 is the page its table starts on.
    page: int = 0


class BlockType(StrEnum):
    """Types of elements; the values are what the tables hold."""

    TITLE = "title"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"
    FIGURE = "figure"
    CAPTION = "caption"
    FOOTNOTE = "footnote"
    PAGE_HEADER = "page_header"
    PAGE_FOOTER = "page_footer"
    CODE = "code"
    FORMULA = "formula"
    COMMENT = "comment"
    HIDDEN = "hidden"


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A logical unit whose type the format (or a model, or geometry) knows.

    `spans` carry the text in reading order; a newline inside a span's text is kept. Tables carry `cells` instead.
    """

    type: BlockType
    spans: tuple[Span, ...] = ()
    cells: tuple[Cell, ...] = ()
    #: Heading level 1..9, or nesting depth of a list item from 0.
    level: int = 0
    #: Marker of a list item: '-', '1.', 'a)' ...; never part of the spans.
    marker: str = ""
    box: Box | None = None
    confidence: float = 1.0
    #: Which method decided the type: 'docx', 'html', 'geometry', ...
    source: str = ""


def told_confidence(value: float) -> float:
    """A confidence as it is compared and stored, to hundredths: further digits differ between CPUs."""
    return round(float(value), 2)


class GridLine(msgspec.Struct, frozen=True, array_like=True):
    """Where a line of text stands in a table that a model read. Rows and columns count from 0; ends are exclusive."""

    box: Box
    row_start: int
    row_end: int
    column_start: int
    column_end: int


class Region(msgspec.Struct, frozen=True, array_like=True):
    """A part of a page as a layout model sees it: evidence, which the assembly weighs against the geometry."""

    type: BlockType
    box: Box
    #: 0..1
    confidence: float
    #: Tables that a table model read: inner boundaries in page points; n of them make n + 1 rows (columns).
    rows: tuple[float, ...] = ()
    columns: tuple[float, ...] = ()
    lines: tuple[GridLine, ...] = ()


class ReadPage(msgspec.Struct, frozen=True, array_like=True):
    """A scanned page, straightened, as OCR read it: a layout model is shown this, since the file holds no text."""

    #: Points.
    width: float
    height: float
    #: As in `ExtractedPage`.
    to_shown: tuple[float, float, float, float, float, float]
    #: Text, box and font size of each line.
    lines: tuple[tuple[str, Box, float], ...]


class PageNeed(msgspec.Struct, frozen=True, array_like=True):
    """A page that geometry alone is likely to misread, and the cheapest tier of the layout model that should do."""

    #: 1-based.
    page: int
    #: 'graph' reads the lines of text only, 'full' the image of the page too.
    tier: Literal["graph", "full"]
    #: For people: 'columns without rules, 14 rows', 'asked for'.
    reason: str
    #: How likely geometry is to misread the page, 0..1.
    score: float = 0.0
    #: Tables that their rules tell completely: no table model need see them.
    ruled: tuple[Box, ...] = ()
    #: What OCR read on the page; None where the file has its text.
    read: ReadPage | None = None


class PageSeen(msgspec.Struct, frozen=True, array_like=True):
    """What a layout model saw on a page (1-based). Tier 'geometry' means that none could; the reason tells why."""

    page: int
    tier: str
    reason: str
    regions: tuple[Region, ...] = ()


#: Notes on documents: the file is damaged, and was mended to be read; it ends in the middle; OCR read a page with less
#: than this confidence.
REPAIRED, TRUNCATED, DOUBTFUL = "repaired", "truncated", "doubtful"
LOW_CONFIDENCE = 0.7


class PageStatus(StrEnum):
    """Every expected page ends in exactly one of these."""

    DIGITAL = "digital"
    OCR = "ocr"
    EMPTY = "empty"
    FAILED = "failed"


class ExtractedPage(msgspec.Struct, kw_only=True):
    """One page. Fixed-layout extractors fill `lines`, flow extractors `blocks` (page 1 holds a whole flow document)."""

    number: int
    width: float = 0.0
    height: float = 0.0
    rotation: int = 0
    status: PageStatus = PageStatus.DIGITAL
    #: Content-stream order.
    lines: list[Line] = []
    #: Reading order.
    blocks: list[Block] = []
    images: list[Image] = []
    links: list[Link] = []
    vectors: list[Vector] = []
    #: Curves of the size of letters that stand in rows, on pages without text; counted before vectors are bounded.
    outlines: int = 0
    #: What a layout model says; empty on pages that no model saw.
    regions: list[Region] = []
    #: Which tier of the layout cascade read the page ('geometry', 'graph', 'full', 'detector'; '' for flow formats),
    #: and why that one.
    tier: str = ""
    tier_reason: str = ""
    #: 0..1; of what OCR read on the page, 1.0 where nothing was.
    confidence: float = 1.0
    #: From this page's points to those of the page as shown, as (a, b, c, d, e, f): x' = a x + c y + e,
    #: y' = b x + d y + f. Scans are straightened before they are read.
    to_shown: tuple[float, float, float, float, float, float] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    #: Width and height of the page as shown, where they differ from this page's.
    shown_size: tuple[float, float] | None = None


class OutlineEntry(msgspec.Struct, frozen=True, array_like=True):
    """A bookmark: level from 1, its title and its 1-based page (0 when it has none)."""

    level: int
    title: str
    page: int = 0


class DocumentMeta(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says about itself; '' where it says nothing. Dates are ISO 8601."""

    title: str = ""
    author: str = ""
    language: str = ""
    created: str = ""
    modified: str = ""
    #: Further properties (producer, keywords, ...), all text.
    properties: dict[str, str] = {}


class Extraction(msgspec.Struct, kw_only=True):
    """An extractor's result for one page range of a document."""

    #: Pages of the whole document, also those outside the range; 1 for flow formats.
    page_count: int
    pages: list[ExtractedPage] = []
    meta: DocumentMeta = DocumentMeta()
    outline: list[OutlineEntry] = []
    #: Failures of single pages; those pages have status FAILED.
    failures: list[Failure] = []
    #: 'pymupdf 2.0', 'python-docx 1.2.0', ...
    engine: str = ""
    #: Whether pages were given to OCR, whatever came of it.
    scans: bool = False
    #: What a user should know of the file though it was read: REPAIRED, TRUNCATED.
    notes: list[str] = []


class ExtractRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to extract. The range is inclusive and 1-based; `last_page` 0 means to the end."""

    first_page: int = 1
    last_page: int = 0
    #: Beyond this many pages in the range nothing is extracted: `Extraction.pages` stays empty and the caller
    #: asks again by ranges. 0 means no bound.
    max_pages: int = 0
    media_type: str = ""
    #: Declared character set of text formats ('' to detect).
    charset: str = ""
