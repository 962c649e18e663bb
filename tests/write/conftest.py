"""Documents for tests of the write stage."""

from collections.abc import Callable

import pytest

from schemas.content import BlockType, Cell, DocumentMeta, OutlineEntry, PageStatus, Span
from schemas.document import (
    Chunk,
    ChunkSource,
    Document,
    DocumentInfo,
    DocumentStatus,
    Element,
    Page,
    PageBox,
    PageSpan,
    Reference,
    ReferenceKind,
)
from schemas.failures import Category, Failure
from schemas.geometry import Box
from schemas.ids import document_id
from schemas.source import SourceRef

BOX = Box(1.0, 2.0, 3.0, 4.0)


@pytest.fixture
def document() -> Callable[..., Document]:
    """Makes documents that use every column."""
    return make


def make(name: str, text: str = "Hello", fingerprint: str = "f") -> Document:
    """A document that uses every column."""
    uri = f"/docs/{name}"
    info = DocumentInfo(
        doc_id=document_id(uri),
        ref=SourceRef(uri=uri, path=name, size=5, metadata={"team": "red", "a": "b"}),
        content_hash=f"hash of {text}",
        size=5,
        media_type="text/plain",
        fingerprint=fingerprint,
    )
    span = PageSpan(1, Span(text=text, box=BOX, font="Serif", size=10.0, style=1, color=255, confidence=0.5), 0)
    cell = Cell(row=0, column=0, text="c", row_span=2, header=True, box=BOX, page=2)
    elements = [
        Element(
            element_id=f"{name}-e0", index=0, type=BlockType.HEADING, text=text, page=1, box=BOX, level=1, spans=(span,)
        ),
        Element(
            element_id=f"{name}-e1",
            index=1,
            type=BlockType.TABLE,
            text="| c |\n|---|",
            page=1,
            section_path=(text,),
            cells=(cell,),
            parent_id=f"{name}-e0",
            caption_of=f"{name}-e3",
            caption_id=f"{name}-e4",
            references=(Reference(2, 3, ReferenceKind.FIGURE, f"{name}-e0"),),
        ),
        Element(element_id=f"{name}-e2", index=2, type=BlockType.HIDDEN, text="psst", page=1),
    ]
    chunk = Chunk(
        chunk_id=f"{name}-c0",
        index=0,
        text=text,
        tokens=1,
        page_start=1,
        page_end=1,
        section_path=(text,),
        element_types=(BlockType.HEADING,),
        boxes=(PageBox(1, BOX),),
        sources=(ChunkSource(f"{name}-e0", 0, len(text), 0, len(text), False),),
        content_hash="h",
    )
    return Document(
        info=info,
        status=DocumentStatus.PARTIAL,
        meta=DocumentMeta(title="T", properties={"producer": "p"}),
        outline=[OutlineEntry(1, "One", 1)],
        engine="test 1",
        page_count=2,
        pages=[
            Page(page=1, status=PageStatus.DIGITAL, width=10, height=20, route="geometry", chars=5),
            Page(page=2, status=PageStatus.FAILED),
        ],
        elements=elements,
        chunks=[chunk],
        failures=[Failure(stage="extract", category=Category.CORRUPT, message="m", page=2, context={"k": "v"})],
    )
