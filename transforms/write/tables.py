"""Reading an output again: datasets for queries, documents for exports, known versions for the next run."""

from __future__ import annotations

import glob
import itertools
import posixpath
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import fastavro
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from schemas.document import Document, DocumentStatus
from schemas.failures import ConfigurationError, DocumentError, OutputError
from transforms.runtime.stores import AnyStore, delta_options
from transforms.runtime.uris import is_local
from transforms.write.columns import present, schema_of
from transforms.write.files import SUFFIX
from transforms.write.rows import Row, document_from_rows

#: Child tables of a document, with the column that orders their rows.
ORDER = {"pages": "page", "elements": "index", "chunks": "index", "failures": "page"}
BATCH_ROWS = 2_000
Opener = Callable[[str], ds.Dataset]


def output_format(root: str) -> str:
    """The format an output was written in; raises ConfigurationError when `root` holds none of our tables."""
    folder = posixpath.join(root, "documents")
    if DeltaTable.is_deltatable(folder, delta_options(root)):
        return "delta"
    files = _files(folder)
    for name, suffix in SUFFIX.items():
        if name != "delta" and any(file.endswith(suffix) for file in files):
            return name
    raise ConfigurationError(f"{root} holds no docbeam output (no documents table); give the --output of an ingest")


def open_table(root: str, name: str, version: int | None = None) -> ds.Dataset:
    """The committed rows of a table, of Delta at a `version` if one is named.

    Several tables that belong together come from `transforms.write.snapshot`: runs commit one after the other.

    Raises ConfigurationError for a folder without tables, OutputError for tables that cannot be read.
    """
    kind, folder = output_format(root), posixpath.join(root, name)
    try:
        if kind == "delta":
            return DeltaTable(folder, version, storage_options=delta_options(root)).to_pyarrow_dataset()
        files = [file for file in _files(folder) if file.endswith(SUFFIX[kind])]
        if kind == "avro":
            rows = [row for path in files for row in _avro_rows(path)]
            return ds.dataset(pa.Table.from_pylist(rows, schema=schema_of(name)))
        return _dataset(files, kind, schema_of(name))
    except (DeltaError, DocumentError, OSError, pa.ArrowException) as error:
        raise OutputError(f"cannot read table {name!r} below {root}: {error}") from error


def _files(folder: str) -> list[str]:
    """Files directly in a folder, sorted; none when there is no such folder."""
    return [info.uri for info in AnyStore().match(f"{glob.escape(folder)}/*")]


def _dataset(files: list[str], kind: str, schema: pa.Schema) -> ds.Dataset:
    if all(map(is_local, files)):
        return ds.dataset(files, format=kind, schema=schema)
    # Arrow reads object stores, too, but with credentials and settings of its own.
    format = ds.ParquetFileFormat() if kind == "parquet" else ds.IpcFileFormat()
    store = AnyStore()
    return ds.FileSystemDataset([format.make_fragment(store.open(file)) for file in files], schema, format)


def _avro_rows(path: str) -> Iterator[Row]:
    with AnyStore().open(path) as stream:
        yield from fastavro.reader(stream)


def read_documents(root: str, open_named: Opener | None = None) -> Iterator[Document]:
    """Every document of an output, in order of id, one in memory at a time (sorting spills to disk).

    `open_named` opens the tables, those of a snapshot for instance. Documents that are gone are left out.
    """
    opener: Opener = open_named or (lambda name: open_table(root, name))
    with tempfile.TemporaryDirectory(prefix="docbeam-sort-") as spill, duckdb.connect() as database:
        database.execute("SET memory_limit = '1GB'; SET preserve_insertion_order = false")
        database.execute("SET temp_directory = $1", [spill])
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
