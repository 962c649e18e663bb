"""The end of a run: staged files move into their tables, and one commit per table makes them visible."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence, Set

import fastavro
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.part import WrittenFile
from schemas.tables import TABLES
from transforms.write.catalog import STAGING, Catalog, Storage
from transforms.write.files import SUFFIX, open_file

#: Rows in memory at a time while surviving rows of a file are copied.
COPY_ROWS = 5_000


class Committer(msgspec.Struct, frozen=True, kw_only=True):
    """What a commit needs to know about the output."""

    root: str
    format: str
    run_id: str
    storage: Storage
    catalog: Catalog

    def commit(self, files: Sequence[WrittenFile], doc_ids: Set[str]) -> dict[str, int]:
        """New version by table. Older rows of `doc_ids` disappear in the same commits that bring the new ones.

        A table whose commit already happened (a retried bundle) is left alone. Tables come in the order of
        `schemas.tables.TABLES`: documents last, so that a listed document always has its chunks.
        """
        versions = {}
        for table in TABLES:
            if not self.catalog.committed(table, self.run_id):
                versions[table] = self._commit_table(table, [f for f in files if f.table == table], doc_ids)
        self.storage.delete(posixpath.join(self.root, STAGING, self.run_id))
        return versions

    def _commit_table(self, table: str, files: Sequence[WrittenFile], doc_ids: Set[str]) -> int:
        staged = [self._publish(file) for file in files]
        fresh = {file.path for file in staged}
        old = [path for path in self.catalog.files(table) if path not in fresh]
        survivors, removed = [], []
        for number, path in enumerate(old):
            if holds_any(self.storage, path, self.format, doc_ids):
                removed.append(path)
                survivors += list(self._copy_others(table, number, path, doc_ids))
        return self.catalog.commit(table, self.run_id, [*staged, *survivors], removed)

    def _publish(self, file: WrittenFile) -> WrittenFile:
        target = posixpath.join(self.root, file.table, posixpath.basename(file.path))
        self.storage.move(file.path, target)
        return msgspec.structs.replace(file, path=target)

    def _copy_others(self, table: str, number: int, path: str, doc_ids: Set[str]) -> Iterator[WrittenFile]:
        """A new file with the rows of `path` that belong to other documents; none when there are no such rows."""
        kept = (without(rows, doc_ids) for rows in read_rows(self.storage, path, self.format))
        first = next((rows for rows in kept if rows.num_rows), None)
        if first is None:
            return
        name = f"part-{self.run_id}-kept-{number:05d}{SUFFIX[self.format]}"
        staged = posixpath.join(self.root, STAGING, self.run_id, table, name)
        count = first.num_rows
        with open_file(self.storage.create, staged, table, self.format) as writer:
            writer.write(first)
            for rows in kept:
                if rows.num_rows:
                    writer.write(rows)
                    count += rows.num_rows
        with self.storage.open(staged) as written:
            size = written.seek(0, 2)
        yield self._publish(WrittenFile(table=table, path=staged, size=size, rows=count))


def holds_any(storage: Storage, path: str, format_name: str, doc_ids: Set[str]) -> bool:
    """Whether a data file holds rows of any of these documents. Parquet: only the id column is read."""
    columns = ["doc_id"]
    return any(not doc_ids.isdisjoint(t["doc_id"].to_pylist()) for t in read_rows(storage, path, format_name, columns))


def read_rows(storage: Storage, path: str, format_name: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """The rows of one data file, a bounded table at a time."""
    with storage.open(path) as stream:
        if format_name in ("delta", "parquet"):
            for batch in pq.ParquetFile(stream).iter_batches(COPY_ROWS, columns=columns):
                yield pa.Table.from_batches([batch])
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
            yield pa.Table.from_pylist(rows, schema=TABLES[table])
            rows = []
    if rows:
        yield pa.Table.from_pylist(rows, schema=TABLES[table])


def without(rows: pa.Table, doc_ids: Set[str]) -> pa.Table:
    """The rows of other documents."""
    return rows.filter(pc.invert(pc.is_in(rows["doc_id"], pa.array(sorted(doc_ids), pa.string()))))
