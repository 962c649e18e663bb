"""What an output knows of its documents, for planning the next run."""

from __future__ import annotations

from collections.abc import Iterator, Set

import pyarrow as pa

from schemas.plan import Known
from schemas.stamps import content_mark, listed_mark
from schemas.versions import Fingerprints
from transforms.lake.format.columns import conform
from transforms.lake.format.edits import is_in
from transforms.lake.format.readers import read_rows
from transforms.lake.log.catalog import open_catalog
from transforms.stores.base import Storage

#: Columns of `documents` that planning reads.
COLUMNS = (
    "doc_id",
    "uri",
    "status",
    "content_hash",
    "fingerprint",
    "stamp",
    "etag",
    "last_modified",
    "manifest",
    "retryable",
    "attempts",
    "quarantine",
    "run_id",
    "failures",
    "media_type",
    "path",
    "metadata",
)


def known_files(root: str, format_name: str, storage: Storage) -> list[str]:
    """Data files of the documents table; none for an output that does not exist yet."""
    catalog = open_catalog(root, format_name, storage)
    return catalog.files("documents") if catalog.exists("documents") else []


def known_rows(
    path: str, format_name: str, storage: Storage, versions: Fingerprints, doc_ids: Set[str] | None = None
) -> Iterator[Known]:
    """The documents of one data file, or those of them that are in `doc_ids`."""
    for table in read_rows(storage, path, format_name, list(COLUMNS), 10_000):
        yield from _rows(table if doc_ids is None else table.filter(is_in(table, doc_ids)), versions)


def _rows(table: pa.Table, versions: Fingerprints) -> Iterator[Known]:
    columns = [_values(table, name) for name in COLUMNS]
    for row in zip(*columns, strict=True):
        doc_id, uri, status, digest, fingerprint, *facts, path, metadata = row
        made = versions.current.get(fingerprint)
        yield Known(
            bytes.fromhex(doc_id),
            uri,
            status,
            content_mark(digest),
            made is not None,
            facts[0],
            listed_mark(path, facts[3], {pair["key"]: pair["value"] for pair in metadata}),
            *[*facts[1:], made.reader if made is not None else ""],
        )


def _values(table: pa.Table, name: str) -> list[object]:
    if name not in table.column_names:
        table = conform(table, "documents")
    return table[name].to_pylist()  # type: ignore[no-any-return]
