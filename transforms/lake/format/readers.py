"""The rows of single data files, a bounded table at a time."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.lake.format.columns import schema_of
from transforms.stores.base import Storage

#: Rows in memory at a time.
COPY_ROWS = 5_000


def read_rows(
    storage: Storage, path: str, format_name: str, columns: list[str] | None = None, batch: int = COPY_ROWS
) -> Iterator[pa.Table]:
    """The rows of one data file. Of Parquet only the `columns` are read, those of them that the file has."""
    with storage.open(path) as stream:
        if format_name in ("delta", "parquet"):
            file = pq.ParquetFile(stream)
            wanted = None if columns is None else [name for name in columns if name in file.schema_arrow.names]
            for rows in file.iter_batches(batch, columns=wanted):
                yield pa.Table.from_batches([rows])
        elif format_name == "arrow":
            reader = pa.ipc.open_file(stream)
            for index in range(reader.num_record_batches):
                yield pa.Table.from_batches([reader.get_batch(index)])
        else:
            yield from _avro_rows(stream, posixpath.basename(posixpath.dirname(path)))


def _avro_rows(stream: object, table: str) -> Iterator[pa.Table]:
    rows = []
    for row in fastavro.reader(stream):
        rows.append(row)
        if len(rows) >= COPY_ROWS:
            yield pa.Table.from_pylist(rows, schema=schema_of(table))
            rows = []
    if rows:
        yield pa.Table.from_pylist(rows, schema=schema_of(table))
