"""Staged data files: row batches collect in memory up to a bound, then become row groups of a rolling file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import IO, Any, Protocol

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.part import WrittenFile
from schemas.tables import avro_schema
from transforms.lake.format.columns import schema_of

SUFFIX = {"delta": ".parquet", "parquet": ".parquet", "arrow": ".arrow", "avro": ".avro"}


class Opener(Protocol):
    """Opens a path on any file system for writing."""

    def __call__(self, path: str) -> IO[bytes]:
        """A fresh binary file at `path`; its folders are made."""
        ...


class FormatWriter(Protocol):
    """Writes Arrow tables into one open file."""

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        ...

    def close(self) -> None:
        """Finish the file; the stream underneath stays open."""
        ...


class ParquetFile:
    """zstd Parquet with dictionary-coded repeated strings."""

    def __init__(self, sink: IO[bytes], name: str) -> None:
        self._writer = pq.ParquetWriter(sink, schema_of(name), compression="zstd", write_page_index=True)

    def write(self, table: pa.Table) -> None:
        """One row group."""
        self._writer.write_table(table, row_group_size=table.num_rows)

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


class ArrowFile:
    """Arrow IPC file, zstd buffers."""

    def __init__(self, sink: IO[bytes], name: str) -> None:
        self._writer = pa.ipc.new_file(sink, schema_of(name), options=pa.ipc.IpcWriteOptions(compression="zstd"))

    def write(self, table: pa.Table) -> None:
        """One record batch or more."""
        self._writer.write_table(table)

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


class AvroFile:
    """Avro object container, deflate blocks."""

    def __init__(self, sink: IO[bytes], name: str) -> None:
        self._sink, self._schema, self._fresh = sink, fastavro.parse_schema(avro_schema(name)), True
        self._writer = fastavro.write.Writer(sink, self._schema, codec="deflate")

    def write(self, table: pa.Table) -> None:
        """One block or more."""
        for row in table.to_pylist():
            self._writer.write(row)

    def close(self) -> None:
        """Write the last block."""
        self._writer.flush()


FORMATS: dict[str, Any] = {"delta": ParquetFile, "parquet": ParquetFile, "arrow": ArrowFile, "avro": AvroFile}


class TableFiles:
    """Rolling files of one table, written by one thread.

    At most `group_bytes` of rows wait in memory. A file is closed once it holds `file_bytes` on disk.
    """

    def __init__(self, name: str, prefix: str, format_name: str, opener: Opener, bounds: tuple[int, int, int]) -> None:
        self._name, self._prefix, self._format, self._open = name, prefix, format_name, opener
        self._file_bytes, self._group_rows, self._group_bytes = bounds
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = self._count = 0
        self._sink: IO[bytes] | None = None
        self._writer: FormatWriter | None = None
        self._written = 0
        self._path = ""

    def add(self, ipc: bytes) -> Iterator[WrittenFile]:
        """Take rows (an Arrow IPC stream); yields the file that this filled, if any."""
        table = pa.ipc.open_stream(ipc).read_all()
        self._waiting.append(table)
        self._rows += table.num_rows
        self._bytes += len(ipc)
        if self._rows >= self._group_rows or self._bytes >= self._group_bytes:
            self._flush()
            if self._sink is not None and self._sink.tell() >= self._file_bytes:
                yield from self.close()

    def close(self) -> Iterator[WrittenFile]:
        """Write what waits and finish the open file; yields it if there is one."""
        self._flush()
        if self._writer is None or self._sink is None:
            return
        self._writer.close()
        size = self._sink.tell()
        self._sink.close()
        yield WrittenFile(table=self._name, path=self._path, size=size, rows=self._written)
        self._writer, self._sink, self._written = None, None, 0

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._writer is None:
            self._path = f"{self._prefix}-{self._count:04d}{SUFFIX[self._format]}"
            self._sink = self._open(self._path)
            self._writer = FORMATS[self._format](self._sink, self._name)
            self._count += 1
        table = pa.concat_tables(self._waiting).combine_chunks()
        assert self._writer is not None
        self._writer.write(table)
        self._written += table.num_rows
        self._waiting, self._rows, self._bytes = [], 0, 0


def open_file(opener: Opener, path: str, name: str, format_name: str) -> AbstractContextManager[FormatWriter]:
    """One file written in one go."""
    return _OneFile(opener, path, name, format_name)


class _OneFile:
    def __init__(self, opener: Opener, path: str, name: str, format_name: str) -> None:
        self._sink = opener(path)
        self._writer: FormatWriter = FORMATS[format_name](self._sink, name)

    def __enter__(self) -> FormatWriter:
        return self._writer

    def __exit__(self, *_: object) -> None:
        self._writer.close()
        self._sink.close()
