"""What a commit does to rows that are there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.document import Document, DocumentInfo, DocumentStatus
from schemas.plan import Touch
from transforms.lake.format.rows import document_rows

Row = dict[str, Any]
#: Rows of a data file -> what stays of them.
Edit = Callable[[pa.Table], pa.Table]
_COUNTS = ("page_count", "pages", "failed_pages", "elements", "hidden_elements", "chunks", "failures", "attempts")


def is_in(rows: pa.Table, doc_ids: Set[str]) -> pa.Array:
    """Which rows belong to these documents."""
    return pc.is_in(rows["doc_id"], pa.array(sorted(doc_ids), pa.string()))


def without(rows: pa.Table, doc_ids: Set[str]) -> pa.Table:
    """The rows of other documents."""
    return rows.filter(pc.invert(is_in(rows, doc_ids))) if doc_ids else rows


def changed(rows: pa.Table, doc_ids: Set[str], change: Callable[[Row], Row]) -> pa.Table:
    """The rows, those of these documents changed."""
    hit = is_in(rows, doc_ids)
    if not pc.any(hit).as_py():
        return rows
    new = pa.Table.from_pylist([change(row) for row in rows.filter(hit).to_pylist()], schema=rows.schema)
    return pa.concat_tables([rows.filter(pc.invert(hit)), new])


def touched_row(row: Row, touch: Touch) -> Row:
    """The row of `documents` with what its listing and its source say today."""
    ref = touch.ref
    listed = {
        "path": ref.path,
        "manifest": ref.manifest,
        "metadata": [{"key": key, "value": value} for key, value in sorted(ref.metadata.items())],
    }
    was_stale = row["status"] == DocumentStatus.STALE
    if touch.failure is not None:
        stale = {"status": DocumentStatus.STALE.value, "retryable": True, "attempts": row["attempts"] + 1}
        return {**row, **listed, **stale, "failures": row["failures"] + (not was_stale)}
    news = {"stamp": ref.stamp, "etag": touch.etag, "last_modified": touch.last_modified}
    known = {name: value for name, value in news.items() if value is not None}
    return {**row, **listed, **known, **(_recovered(row) if was_stale else {})}


def _recovered(row: Row) -> Row:
    failures = row["failures"] - 1
    status = DocumentStatus.PARTIAL if failures else DocumentStatus.OK
    return {"failures": failures, "status": status.value, "retryable": failures > 0, "attempts": 0}


def tombstone(row: Row, run_id: str) -> Row:
    """What is left of a document that is gone."""
    nothing = dict.fromkeys(_COUNTS, 0) | {
        "content_hash": "",
        "stamp": "",
        "quarantine": "",
        "outline": [],
        "notes": [],
    }
    return {**row, **nothing, "status": DocumentStatus.DELETED.value, "retryable": False, "run_id": run_id}


def without_fetch_failures(rows: pa.Table, doc_ids: Set[str]) -> pa.Table:
    """The failures, less those of earlier runs to fetch these documents."""
    hit = pc.and_(is_in(rows, doc_ids), pc.is_in(rows["stage"], pa.array(["fetch", "list"])))
    return rows.filter(pc.invert(hit)) if doc_ids else rows


def failure_rows(touched: Mapping[str, Touch], run_id: str) -> list[Row]:
    """Rows of `failures` for documents that could not be read this time."""
    found: list[Row] = []
    for doc_id, touch in touched.items():
        if touch.failure is not None:
            info = DocumentInfo(doc_id=doc_id, ref=touch.ref)
            document = Document(info=info, status=DocumentStatus.STALE, failures=[touch.failure])
            found += document_rows(document, run_id)["failures"]
    return found
