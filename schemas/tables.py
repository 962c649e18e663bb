"""Arrow schemas of the output tables, and their Avro twins. A change of a column is a change of SCHEMA_VERSION.

Boxes are structs of points with the origin at the top-left of the page; pages count from 1; ids are 32 hex digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pyarrow as pa

SCHEMA_VERSION = 3

STRING = pa.string()
INT = pa.int32()
FLOAT = pa.float32()
TEXT_MAP = pa.list_(pa.struct([pa.field("key", STRING, False), pa.field("value", STRING, False)]))
BOX = pa.struct([pa.field(name, FLOAT, False) for name in ("x0", "y0", "x1", "y1")])


def _table(name: str, *fields: pa.Field) -> pa.Schema:
    return pa.schema(fields, metadata={"docbeam.table": name, "docbeam.schema_version": str(SCHEMA_VERSION)})


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


DOCUMENTS = _table(
    "documents",
    _required("doc_id", STRING),
    _required("uri", STRING),
    _required("path", STRING),
    _required("status", STRING),
    _required("content_hash", STRING),
    _required("fingerprint", STRING),
    _required("size", pa.int64()),
    _required("media_type", STRING),
    _required("declared_type", STRING),
    _required("type_mismatch", pa.bool_()),
    _required("etag", STRING),
    _required("last_modified", STRING),
    _required("engine", STRING),
    _required("title", STRING),
    _required("author", STRING),
    _required("language", STRING),
    _required("created", STRING),
    _required("modified", STRING),
    _required("properties", TEXT_MAP),
    _required("metadata", TEXT_MAP),
    _required(
        "outline",
        pa.list_(pa.struct([_required("level", INT), _required("title", STRING), _required("page", INT)])),
    ),
    _required("page_count", INT),
    _required("pages", INT),
    _required("failed_pages", INT),
    _required("elements", INT),
    _required("hidden_elements", INT),
    _required("chunks", INT),
    _required("failures", INT),
    _required("retryable", pa.bool_()),
    _required("attempts", INT),
    _required("quarantine", STRING),
    _required("stamp", STRING),
    _required("manifest", STRING),
    _required("run_id", STRING),
    # Nullable: outputs of schema 2 lack it.
    pa.field("notes", pa.list_(STRING)),
)

PAGES = _table(
    "pages",
    _required("doc_id", STRING),
    _required("page", INT),
    _required("status", STRING),
    _required("width", FLOAT),
    _required("height", FLOAT),
    _required("rotation", INT),
    _required("route", STRING),
    _required("reason", STRING),
    _required("chars", INT),
    _required("hidden_chars", INT),
    _required("images", INT),
    pa.field("confidence", FLOAT),
)

SPAN = pa.struct(
    [
        _required("page", INT),
        _required("line", INT),
        _required("text", STRING),
        pa.field("box", BOX),
        _required("font", STRING),
        _required("size", FLOAT),
        _required("style", INT),
        _required("color", INT),
        _required("hidden", STRING),
        _required("origin", STRING),
        _required("confidence", FLOAT),
    ]
)

CELL = pa.struct(
    [
        _required("row", INT),
        _required("column", INT),
        _required("text", STRING),
        _required("row_span", INT),
        _required("column_span", INT),
        _required("header", pa.bool_()),
        pa.field("box", BOX),
        pa.field("page", INT),
    ]
)

REFERENCE = pa.struct(
    [_required("start", INT), _required("end", INT), _required("kind", STRING), _required("element_id", STRING)]
)

ELEMENTS = _table(
    "elements",
    _required("doc_id", STRING),
    _required("element_id", STRING),
    _required("index", INT),
    _required("type", STRING),
    _required("text", STRING),
    _required("page", INT),
    pa.field("box", BOX),
    _required("level", INT),
    _required("marker", STRING),
    _required("section_path", pa.list_(STRING)),
    _required("confidence", FLOAT),
    _required("source", STRING),
    _required("spans", pa.list_(SPAN)),
    _required("cells", pa.list_(CELL)),
    # Nullable: outputs of schema 1 lack what follows.
    pa.field("parent_id", STRING),
    pa.field("caption_of", STRING),
    pa.field("caption_id", STRING),
    pa.field("references", pa.list_(REFERENCE)),
)

CHUNKS = _table(
    "chunks",
    _required("doc_id", STRING),
    _required("chunk_id", STRING),
    _required("index", INT),
    _required("text", STRING),
    _required("tokens", INT),
    _required("page_start", INT),
    _required("page_end", INT),
    _required("section_path", pa.list_(STRING)),
    _required("element_types", pa.list_(STRING)),
    _required("boxes", pa.list_(pa.struct([_required("page", INT), _required("box", BOX)]))),
    _required(
        "sources",
        pa.list_(
            pa.struct(
                [
                    _required("element_id", STRING),
                    _required("element_start", INT),
                    _required("element_end", INT),
                    _required("start", INT),
                    _required("end", INT),
                    _required("repeated", pa.bool_()),
                ]
            )
        ),
    ),
    _required("content_hash", STRING),
    _required("prev_chunk_id", STRING),
    _required("next_chunk_id", STRING),
)

FAILURES = _table(
    "failures",
    _required("doc_id", STRING),
    _required("uri", STRING),
    _required("page", INT),
    _required("stage", STRING),
    _required("category", STRING),
    _required("message", STRING),
    _required("hint", STRING),
    _required("retryable", pa.bool_()),
    _required("context", TEXT_MAP),
    _required("traceback", STRING),
)

_COUNTS = pa.list_(pa.struct([_required("name", STRING), _required("count", pa.int64())]))
REASON = pa.struct(
    [
        _required("category", STRING),
        _required("count", pa.int64()),
        *(_required(name, STRING) for name in ("example_uri", "example_message", "hint")),
        _required("types", _COUNTS),
    ]
)

RUNS = _table(
    "runs",
    _required("run_id", STRING),
    _required("kind", STRING),
    _required("started", STRING),
    _required("finished", STRING),
    _required("status", STRING),
    _required("options", pa.list_(pa.struct([_required(name, STRING) for name in ("key", "value", "origin")]))),
    _required("versions", TEXT_MAP),
    _required("counts", _COUNTS),
    _required("pages_per_second", FLOAT),
    _required("failures", pa.list_(pa.struct([_required("category", STRING), _required("count", pa.int64())]))),
    _required("listing_digest", STRING),
    _required("table_versions", pa.list_(pa.struct([_required("table", STRING), _required("version", pa.int64())]))),
    _required("message", STRING),
    # Nullable: outputs of schema 2 lack it.
    pa.field("reasons", pa.list_(REASON)),
    pa.field("number", pa.int64()),
)

#: In commit order: a reader that finds a document finds its chunks, so documents come last.
TABLES: Mapping[str, pa.Schema] = MappingProxyType(
    {"failures": FAILURES, "pages": PAGES, "elements": ELEMENTS, "chunks": CHUNKS, "documents": DOCUMENTS}
)


def avro_schema(name: str) -> dict[str, Any]:
    """The Avro record schema with the same columns as the Arrow table `name`."""
    schema = RUNS if name == "runs" else TABLES[name]
    return {"type": "record", "name": name, "namespace": "docbeam", "fields": _avro_fields(list(schema), name)}


def _avro_fields(fields: list[pa.Field], path: str) -> list[dict[str, Any]]:
    out = []
    for field in fields:
        kind = _avro_type(field.type, f"{path}_{field.name}")
        out.append(
            {"name": field.name, "type": ["null", kind], "default": None}
            if field.nullable
            else {"name": field.name, "type": kind}
        )
    return out


def _avro_type(kind: pa.DataType, path: str) -> Any:
    if pa.types.is_list(kind):
        return {"type": "array", "items": _avro_type(kind.value_type, path)}
    if pa.types.is_struct(kind):
        fields = [kind.field(i) for i in range(kind.num_fields)]
        return {"type": "record", "name": path, "fields": _avro_fields(fields, path)}
    return _AVRO_NAMES[kind]


_AVRO_NAMES: Mapping[pa.DataType, str] = MappingProxyType(
    {pa.string(): "string", pa.int32(): "int", pa.int64(): "long", pa.float32(): "float", pa.bool_(): "boolean"}
)
