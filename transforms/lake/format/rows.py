"""Documents as rows, and rows back as documents. The columns are those of `schemas.tables`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pyarrow as pa

from schemas.content import BlockType, PageStatus
from schemas.document import Chunk, Document, DocumentStatus, Element, Page, PageSpan
from schemas.failures import Failure
from schemas.part import TableBatch
from schemas.tables import TABLES
from transforms.stores.uris import public_uri

Row = dict[str, Any]


def table_batch(document: Document, run_id: str) -> TableBatch:
    """All rows of a document as one Arrow IPC stream per table; empty tables are left out."""
    rows = document_rows(document, run_id)
    return TableBatch(
        doc_id=document.info.doc_id,
        uri=public_uri(document.info.ref.uri),
        status=document.status.value,
        tables={name: to_ipc(name, table) for name, table in rows.items() if table},
        pages=len(document.pages),
        chunks=len(document.chunks),
        failures=len(document.failures),
    )


def to_ipc(name: str, rows: list[Row]) -> bytes:
    """Rows of table `name` as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist(rows, schema=TABLES[name])
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def document_rows(document: Document, run_id: str) -> dict[str, list[Row]]:
    """Rows by table name."""
    doc_id = document.info.doc_id
    return {
        "failures": [_failure_row(document, failure) for failure in document.failures],
        "pages": [{"doc_id": doc_id, **_fields(page)} for page in document.pages],
        "elements": [_element_row(doc_id, element) for element in document.elements],
        "chunks": [_chunk_row(doc_id, chunk) for chunk in document.chunks],
        "documents": [_document_row(document, run_id)],
    }


def _fields(record: msgspec.Struct) -> Row:
    return {name: getattr(record, name) for name in record.__struct_fields__}


def _pairs(mapping: Mapping[str, str]) -> list[Row]:
    return [{"key": key, "value": value} for key, value in sorted(mapping.items())]


def _document_row(document: Document, run_id: str) -> Row:
    info, meta = document.info, document.meta
    return {
        **{name: getattr(info, name) for name in info.__struct_fields__ if name != "ref"},
        "uri": public_uri(info.ref.uri),
        "path": info.ref.path,
        "stamp": info.ref.stamp,
        "manifest": info.ref.manifest,
        "metadata": _pairs(info.ref.metadata),
        "status": document.status.value,
        "engine": document.engine,
        **{name: getattr(meta, name) for name in meta.__struct_fields__ if name != "properties"},
        "properties": _pairs(meta.properties),
        "outline": [_fields(entry) for entry in document.outline],
        "page_count": document.page_count,
        "pages": len(document.pages),
        "failed_pages": sum(page.status is PageStatus.FAILED for page in document.pages),
        "elements": len(document.elements),
        "hidden_elements": sum(element.type is BlockType.HIDDEN for element in document.elements),
        "chunks": len(document.chunks),
        "failures": len(document.failures),
        "retryable": any(failure.retryable for failure in document.failures),
        "run_id": run_id,
        "notes": list(document.notes),
    }


def _element_row(doc_id: str, element: Element) -> Row:
    return {
        "doc_id": doc_id,
        **_fields(element),
        "box": _box(element.box),
        "spans": [_span_row(span) for span in element.spans],
        "cells": [{**_fields(cell), "box": _box(cell.box)} for cell in element.cells],
        "references": [_fields(reference) for reference in element.references],
    }


def _span_row(placed: PageSpan) -> Row:
    # Spelled out: there are a hundred spans a page, and looking the fields up takes five times as long.
    span = placed.span
    box = span.box
    return {
        "page": placed.page,
        "line": placed.line,
        "text": span.text,
        "box": {"x0": box[0], "y0": box[1], "x1": box[2], "y1": box[3]} if box is not None else None,
        "font": span.font,
        "size": span.size,
        "style": span.style,
        "color": span.color,
        "hidden": span.hidden,
        "origin": span.origin,
        "confidence": span.confidence,
    }


def _chunk_row(doc_id: str, chunk: Chunk) -> Row:
    return {
        "doc_id": doc_id,
        **_fields(chunk),
        "boxes": [{"page": place.page, "box": _box(place.box)} for place in chunk.boxes],
        "sources": [_fields(source) for source in chunk.sources],
    }


def _box(box: Iterable[float] | None) -> Row | None:
    return None if box is None else dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))


def _failure_row(document: Document, failure: Failure) -> Row:
    return {
        **_fields(failure),
        "doc_id": document.info.doc_id,
        "uri": public_uri(document.info.ref.uri),
        "category": failure.category.value,
        "context": _pairs(failure.context),
    }


def document_from_rows(
    row: Row, pages: Iterable[Row], elements: Iterable[Row], failures: Iterable[Row], chunks: Iterable[Row] = ()
) -> Document:
    """The document that `document_rows` wrote."""
    plain = {**row, "metadata": _mapping(row["metadata"]), "properties": _mapping(row["properties"])}
    info = {**plain, "ref": plain}
    return msgspec.convert(
        {
            "info": info,
            "status": DocumentStatus(row["status"]),
            "meta": plain,
            "outline": [tuple(entry.values()) for entry in row["outline"]],
            "engine": row["engine"],
            "page_count": row["page_count"],
            "notes": row.get("notes") or (),
            "pages": [_page(page) for page in pages],
            "elements": [_element(element) for element in elements],
            "chunks": [_chunk(chunk) for chunk in chunks],
            "failures": [msgspec.convert({**f, "context": _mapping(f["context"])}, Failure) for f in failures],
        },
        Document,
    )


def _mapping(pairs: Iterable[Row]) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in pairs}


def _page(row: Row) -> Page:
    # Tables that older versions wrote lack what came later.
    return msgspec.convert({name: value for name, value in row.items() if value is not None}, Page)


def _element(row: Row) -> Element:
    spans = [(s["page"], _span(s), s["line"]) for s in row["spans"]]
    later = {name: row.get(name) or "" for name in ("parent_id", "caption_of", "caption_id")}
    references = [list(reference.values()) for reference in row.get("references") or ()]
    nested = {"box": _corners(row["box"]), "spans": spans, "cells": list(map(_cell, row["cells"]))}
    return msgspec.convert({**row, **later, **nested, "references": references}, Element)


def _cell(row: Row) -> list[Any]:
    names = ("row", "column", "text", "row_span", "column_span", "header")
    return [*(row[name] for name in names), _corners(row["box"]), row.get("page") or 0]


def _span(row: Row) -> list[Any]:
    names = ("font", "size", "style", "color", "hidden", "origin", "confidence")
    return [row["text"], _corners(row["box"]), *(row[name] for name in names)]


def _chunk(row: Row) -> Chunk:
    boxes = [(place["page"], _corners(place["box"])) for place in row["boxes"]]
    sources = [list(source.values()) for source in row["sources"]]
    return msgspec.convert({**row, "boxes": boxes, "sources": sources}, Chunk)


def _corners(box: Row | None) -> list[float] | None:
    return None if box is None else list(box.values())
