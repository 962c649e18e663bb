"""What differs between two states of an output, for those who keep an index of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import msgspec

from transforms.write.snapshot import Snapshot


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One document or chunk that differs. Chunks are matched by document and position."""

    #: 'document' or 'chunk'.
    kind: str
    #: 'added', 'changed', 'removed'.
    change: str
    doc_id: str
    uri: str = ""
    #: Position of a chunk in its document.
    index: int | None = None
    chunk_id: str = ""
    old_chunk_id: str = ""
    text: str = ""


_DOCUMENTS = """
    SELECT CASE WHEN o.doc_id IS NULL THEN 'added' WHEN n.doc_id IS NULL THEN 'removed' ELSE 'changed' END,
           coalesce(n.doc_id, o.doc_id) AS doc_id, coalesce(n.uri, o.uri)
    FROM (SELECT * FROM old_documents WHERE status != 'deleted') o
    FULL JOIN (SELECT * FROM new_documents WHERE status != 'deleted') n USING (doc_id)
    WHERE o.doc_id IS NULL OR n.doc_id IS NULL
       OR (o.content_hash, o.fingerprint, o.status) IS DISTINCT FROM (n.content_hash, n.fingerprint, n.status)
    ORDER BY 2
"""
_CHUNKS = """
    SELECT CASE WHEN o.doc_id IS NULL THEN 'added' WHEN n.doc_id IS NULL THEN 'removed' ELSE 'changed' END,
           coalesce(n.doc_id, o.doc_id) AS doc_id, coalesce(n."index", o."index") AS position,
           coalesce(n.chunk_id, ''), coalesce(o.chunk_id, ''), coalesce(n.text, '')
    FROM old_chunks o FULL JOIN new_chunks n ON o.doc_id = n.doc_id AND o."index" = n."index"
    WHERE o.doc_id IS NULL OR n.doc_id IS NULL OR o.chunk_id != n.chunk_id OR o.content_hash != n.content_hash
    ORDER BY 2, 3
"""
_BATCH = 1_000


def changes(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    """Documents, then chunks, that were added, changed or removed between two states."""
    with duckdb.connect() as database:
        for prefix, state in (("old", old), ("new", new)):
            for name in ("documents", "chunks"):
                database.register(f"{prefix}_{name}", state.open(name))
        for change, doc_id, uri in _rows(database, _DOCUMENTS):
            yield Change(kind="document", change=change, doc_id=doc_id, uri=uri)
        for change, doc_id, index, chunk_id, old_id, text in _rows(database, _CHUNKS):
            yield Change("chunk", change, doc_id, "", index, chunk_id, old_id if old_id != chunk_id else "", text)


def _rows(database: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[Any, ...]]:
    answer = database.execute(sql)
    while batch := answer.fetchmany(_BATCH):
        yield from batch
