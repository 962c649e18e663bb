"""Small documents for the tests of renderers."""

from types import SimpleNamespace

import pytest

from schemas.content import BlockType, Cell, OutlineEntry, PageStatus, Span
from schemas.document import Document, DocumentInfo, DocumentStatus, Element, Page, PageSpan
from schemas.failures import Category, Failure
from schemas.geometry import Box
from schemas.source import SourceRef
from transforms.render.table import table_markdown


def element(kind: BlockType, text: str, index: int = 0, **fields) -> Element:
    defaults = {"element_id": f"{index:032x}", "page": 1, "box": Box(10, 20, 110, 40)}
    return Element(index=index, type=kind, text=text, **{**defaults, **fields})


def table(*rows: tuple[str, ...], header_rows: int = 1, **fields) -> Element:
    cells = tuple(Cell(r, c, text, header=r < header_rows) for r, row in enumerate(rows) for c, text in enumerate(row))
    return element(BlockType.TABLE, table_markdown(cells), cells=cells, **fields)


def document(*elements: Element, text: str = "report") -> Document:
    return Document(
        info=DocumentInfo(doc_id="d" * 32, ref=SourceRef(uri=f"/in/{text}", path=text), media_type="application/pdf"),
        status=DocumentStatus.PARTIAL,
        outline=[OutlineEntry(1, text, 1)],
        engine=text,
        page_count=2,
        pages=[
            Page(page=1, status=PageStatus.DIGITAL, width=200, height=400, route=text, reason=text),
            Page(page=2, status=PageStatus.FAILED),
        ],
        elements=list(elements),
        failures=[Failure(stage="extract", category=Category.CORRUPT, message=text, hint=text, page=2)],
    )


def spanning(text: str) -> Element:
    """A paragraph on pages 1 and 2."""
    spans = (
        PageSpan(1, Span(text, Box(10, 20, 50, 30))),
        PageSpan(2, Span(text, Box(5, 5, 20, 10))),
        PageSpan(2, Span(text, Box(5, 10, 30, 15))),
    )
    return element(BlockType.PARAGRAPH, text, spans=spans)


@pytest.fixture
def make():
    return SimpleNamespace(element=element, table=table, document=document, spanning=spanning)
