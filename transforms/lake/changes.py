"""What differs between two states of an output, for those who keep an index of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import msgspec

from transforms.lake.snapshot import Snapshot
from transforms.lake.sql import connect


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One document or chunk that differs.

    A chunk keeps its id as long as its text is the same. Of those that are new and gone, such at the same position of
    their document are told as one that changed. What was embedded before need not be again: its `content_hash` tells.
    """

    #: 'document' or 'chunk'.
    kind: str
    #: 'added', 'changed', 'removed'; chunks also 'moved': the text is the same, what else the row says is not.
    change: str
    doc_id: str
    uri: str = ""
    #: Position of a chunk in its document.
    index: int | None = None
    chunk_id: str = ""
    #: Where it differs.
    old_chunk_id: str = ""
    #: SHA-256 of the text, as in the chunks table; that of the text before where it differs.
    content_hash: str = ""
    old_content_hash: str = ""
    #: Of chunks that were added or changed.
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
#: What differs of a chunk that kept its id, and so its text.
_MOVING = ("index", "page_start", "page_end", "section_path", "element_types", "boxes", "sources", "tokens")
_NEIGHBOURS = ("prev_chunk_id", "next_chunk_id")
_DIFFERS = " OR ".join(f'o."{name}" IS DISTINCT FROM n."{name}"' for name in (*_MOVING, *_NEIGHBOURS))
_CHUNKS = f"""
    WITH fresh AS (SELECT * FROM new_chunks ANTI JOIN old_chunks USING (doc_id, chunk_id)),
         gone AS (SELECT * FROM old_chunks ANTI JOIN new_chunks USING (doc_id, chunk_id))
    SELECT CASE WHEN o.doc_id IS NULL THEN 'added' WHEN n.doc_id IS NULL THEN 'removed'
                WHEN o.content_hash = n.content_hash THEN 'moved' ELSE 'changed' END,
           coalesce(n.doc_id, o.doc_id) AS doc_id, coalesce(n."index", o."index") AS position,
           coalesce(n.chunk_id, ''), coalesce(o.chunk_id, ''), coalesce(n.content_hash, ''),
           coalesce(o.content_hash, ''), coalesce(n.text, '')
    FROM gone o FULL JOIN fresh n ON o.doc_id = n.doc_id AND o."index" = n."index"
    UNION ALL
    SELECT 'moved', doc_id, n."index", chunk_id, chunk_id, n.content_hash, o.content_hash, ''
    FROM new_chunks n JOIN old_chunks o USING (doc_id, chunk_id)
    WHERE {_DIFFERS}
    ORDER BY 2, 3, 1
"""
_BATCH = 1_000


def changes(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    """Documents, then chunks, that were added, changed or removed between two states."""
    with connect() as database:
        for prefix, state in (("old", old), ("new", new)):
            for name in ("documents", "chunks"):
                database.register(f"{prefix}_{name}", state.open(name))
        for change, doc_id, uri in _rows(database, _DOCUMENTS):
            yield Change(kind="document", change=change, doc_id=doc_id, uri=uri)
        for row in _rows(database, _CHUNKS):
            yield _chunk(*row)


def _chunk(change: str, doc_id: str, index: int, *rest: str) -> Change:
    chunk_id, old_id, digest, old_digest, text = rest
    # What is told twice says nothing.
    before = {"old_chunk_id": old_id * (old_id != chunk_id), "old_content_hash": old_digest * (old_digest != digest)}
    words = text if change in ("added", "changed") else ""
    return Change("chunk", change, doc_id, index=index, chunk_id=chunk_id, content_hash=digest, text=words, **before)


def _rows(database: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[Any, ...]]:
    answer = database.execute(sql)
    while batch := answer.fetchmany(_BATCH):
        yield from batch
