"""Manifests: files that name documents, one per row, with metadata in the further columns."""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, TextIO

import fastavro
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.failures import ConfigurationError, DocumentError, InputMissing
from schemas.source import SourceRef
from transforms.runtime.stores import Store
from transforms.runtime.uris import entry_path, join, parent, redact

#: A row and where it stands ("line 3", "row 7").
Row = tuple[str, dict[str, Any]]
_BATCH_ROWS = 1024


def read_manifest(uri: str, store: Store) -> Iterator[SourceRef]:
    """Documents that the manifest `uri` names, in its order. Relative entries start at the manifest's folder."""
    read = _READERS.get(posixpath.splitext(uri)[1].lower())
    if read is None:
        raise ConfigurationError(f"manifest {redact(uri)}: its name must end in one of {', '.join(_READERS)}")
    try:
        with store.open(uri) as stream:
            for place, row in read(stream):
                yield _reference(row, f"manifest {redact(uri)}, {place}", parent(uri), uri)
    except DocumentError as error:
        raise InputMissing(f"manifest {redact(uri)} cannot be read: {error}") from error
    except (UnicodeDecodeError, csv.Error, pa.ArrowInvalid, msgspec.DecodeError, ValueError, EOFError) as error:
        raise ConfigurationError(f"manifest {redact(uri)} is damaged or of another format: {error}") from error


def read_stdin_lines(stream: TextIO) -> Iterator[SourceRef]:
    """Documents named by the lines of `stream`, as in a .txt manifest; relative to the working directory."""
    for place, row in _text_rows(stream):
        yield _reference(row, f"standard input, {place}", ".")


def _reference(row: dict[str, Any], place: str, base: str, manifest: str = "") -> SourceRef:
    if "uri" not in row:
        columns = ", ".join(repr(name) for name in row) or "none"
        raise ConfigurationError(f"{place}: no column 'uri' (columns: {columns})")
    entry = row["uri"]
    if not isinstance(entry, str) or not entry.strip():
        raise ConfigurationError(f"{place}: column 'uri' is empty or not text")
    entry = entry.strip()
    metadata = {
        str(name): _text(value) for name, value in row.items() if name not in ("uri", None) and value is not None
    }
    return SourceRef(uri=join(base, entry), path=entry_path(entry), metadata=metadata, manifest=manifest)


def _text(value: object) -> str:
    plain = msgspec.to_builtins(value, enc_hook=str)
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def _text_rows(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        entry = line.strip().removeprefix("\ufeff")
        if entry and not entry.startswith("#"):
            yield f"line {number}", {"uri": entry}


def _read_txt(stream: BinaryIO) -> Iterator[Row]:
    return _text_rows(io.TextIOWrapper(stream, encoding="utf-8-sig"))


def _read_csv(stream: BinaryIO) -> Iterator[Row]:
    reader = csv.DictReader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""))
    if "uri" not in (reader.fieldnames or ()):
        yield "line 1", dict.fromkeys(reader.fieldnames or ())
    for row in reader:
        yield f"line {reader.line_num}", row


def _read_jsonl(stream: BinaryIO) -> Iterator[Row]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"), type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise ValueError(f"line {number}: {error}") from error
        yield f"line {number}", row


def _read_avro(stream: BinaryIO) -> Iterator[Row]:
    for number, row in enumerate(fastavro.reader(stream), 1):
        if not isinstance(row, dict):
            raise ValueError("its schema is not a record")
        yield f"row {number}", row


def _read_parquet(stream: BinaryIO) -> Iterator[Row]:
    number = 0
    file = pq.ParquetFile(stream)
    if "uri" not in file.schema_arrow.names:
        yield "schema", dict.fromkeys(file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=_BATCH_ROWS):
        for row in batch.to_pylist():
            number += 1
            yield f"row {number}", row


_READERS: dict[str, Callable[[BinaryIO], Iterator[Row]]] = {
    ".txt": _read_txt,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".avro": _read_avro,
    ".parquet": _read_parquet,
}
