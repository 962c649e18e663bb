"""Documents of an output, put together from the rows of its tables."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pyarrow.dataset as ds

from schemas.document import Document, DocumentStatus
from transforms.lake.datasets import open_table
from transforms.lake.format.columns import present
from transforms.lake.format.rows import Row, document_from_rows
from transforms.lake.sql import connect

#: Child tables of a document, with the column that orders their rows.
ORDER = {"pages": "page", "elements": "index", "chunks": "index", "failures": "page"}
BATCH_ROWS = 2_000
Opener = Callable[[str], ds.Dataset]


def read_documents(root: str, open_named: Opener | None = None) -> Iterator[Document]:
    """Every document of an output, in order of id, one in memory at a time (sorting spills to disk).

    `open_named` opens the tables, those of a snapshot for instance. Documents that are gone are left out.
    """
    opener: Opener = open_named or (lambda name: open_table(root, name))
    with tempfile.TemporaryDirectory(prefix="docbeam-sort-") as spill, connect(spill) as database:
        database.execute("SET memory_limit = '1GB'; SET preserve_insertion_order = false")
        groups = {name: _groups(database.cursor(), opener, name) for name in ORDER}
        documents = _sorted_rows(database.cursor(), opener, "documents", "doc_id")
        waiting: dict[str, tuple[str, list[Row]] | None] = {name: next(group, None) for name, group in groups.items()}
        for document in documents:
            children: dict[str, list[Row]] = {}
            for name, group in groups.items():
                head = waiting[name]
                # Rows of documents that are not listed (a torn run) are skipped.
                while head is not None and head[0] < document["doc_id"]:
                    head = next(group, None)
                children[name] = head[1] if head is not None and head[0] == document["doc_id"] else []
                waiting[name] = head
            if document["status"] != DocumentStatus.DELETED:
                yield document_from_rows(document, **children)


def _sorted_rows(database: duckdb.DuckDBPyConnection, opener: Opener, name: str, order: str) -> Iterator[Row]:
    database.register("source_table", opener(name))
    reader = database.sql(f"SELECT * FROM source_table ORDER BY {order}").to_arrow_reader(BATCH_ROWS)
    for batch in reader:
        yield from (present(row, name) for row in batch.to_pylist())


def _groups(database: duckdb.DuckDBPyConnection, opener: Opener, name: str) -> Iterator[tuple[str, list[Row]]]:
    rows = _sorted_rows(database, opener, name, f'doc_id, "{ORDER[name]}"')
    for doc_id, group in itertools.groupby(rows, key=_doc_id):
        yield doc_id, [{key: value for key, value in row.items() if key != "doc_id"} for row in group]


def _doc_id(row: dict[str, Any]) -> str:
    return str(row["doc_id"])
