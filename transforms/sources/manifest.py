"""Manifests: files that name documents, one per row, with metadata in the further columns."""

from __future__ import annotations

import codecs
import csv
import io
import os
import posixpath
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TextIO, cast

import fastavro
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.failures import ConfigurationError, DocumentError, InputMissing
from schemas.source import SourceRef
from transforms.stores.base import Store
from transforms.stores.uris import entry_path, is_http, is_local, join, local_path, parent, redact

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
                if "uri" in row and not any(map(_is_told, row.values())):
                    # Spreadsheets leave such rows behind.
                    continue
                yield _reference(row, f"manifest {redact(uri)}, {place}", parent(uri), uri)
    except DocumentError as error:
        raise InputMissing(f"manifest {redact(uri)} cannot be read: {error}") from error
    except (UnicodeDecodeError, csv.Error, pa.ArrowInvalid, msgspec.DecodeError, ValueError, EOFError) as error:
        raise ConfigurationError(f"manifest {redact(uri)} is damaged or of another format: {error}") from error


def read_names(stream: BinaryIO, *, null: bool = False) -> Iterator[SourceRef]:
    """Documents named by the lines of `stream`, as in a .txt manifest; relative to the working directory.

    `null`: each name ends in NUL instead, and is taken as it is, as `find -print0` writes it.
    """
    rows = _null_rows(stream) if null else _read_txt(stream)
    for place, row in rows:
        yield _reference(row, f"standard input, {place}", ".")


def _null_rows(stream: BinaryIO) -> Iterator[Row]:
    names = stream.read().split(b"\0")
    yield from ((f"name {number}", {"uri": os.fsdecode(name)}) for number, name in enumerate(names, 1) if name)


def _reference(row: dict[str, Any], place: str, base: str, manifest: str = "") -> SourceRef:
    if "uri" not in row:
        columns = ", ".join(repr(name) for name in row) or "none"
        raise ConfigurationError(f"{place}: no column 'uri' (columns: {columns})")
    entry = row["uri"]
    if not isinstance(entry, str) or not entry.strip():
        raise ConfigurationError(f"{place}: column 'uri' is empty or not text")
    entry = _named(entry, base)
    metadata = {
        str(name): _text(value) for name, value in row.items() if name not in ("uri", None) and value is not None
    }
    return SourceRef(uri=join(base, entry), path=entry_path(entry), metadata=metadata, manifest=manifest)


def _is_told(value: object) -> bool:
    """Whether a cell holds anything."""
    return bool(value.strip()) if isinstance(value, str) else value is not None and value != []


def _named(entry: str, base: str) -> str:
    """The entry as it is meant: names of files may begin and end in blanks, URLs do not."""
    plain = entry.strip()
    if plain == entry or is_http(plain):
        return plain
    uri = join(base, entry)
    if not is_local(uri) or os.path.lexists(local_path(uri)):
        return entry
    return plain if os.path.lexists(local_path(join(base, plain))) else entry


def _text(value: object) -> str:
    plain = msgspec.to_builtins(value, enc_hook=str)
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def _read_txt(stream: BinaryIO) -> Iterator[Row]:
    # Names of files are bytes, whatever these mean; only line feeds end them.
    for number, line in enumerate(_decoded(stream, errors="surrogateescape", newline="\n"), 1):
        entry = line.removesuffix("\n").removesuffix("\r")
        if entry.strip() and not entry.lstrip().startswith("#"):
            yield f"line {number}", {"uri": entry}


def _decoded(stream: BinaryIO, errors: str, newline: str) -> TextIO:
    """The stream as text. Spreadsheets that save "Unicode text" mean UTF-16, with a mark that says so."""
    begin = io.BufferedReader(cast(io.RawIOBase, stream)) if not hasattr(stream, "peek") else stream
    mark = cast(io.BufferedReader, begin).peek(2)[:2]
    encoding = "utf-16" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    return io.TextIOWrapper(begin, encoding=encoding, errors=errors, newline=newline)


def _read_csv(stream: BinaryIO) -> Iterator[Row]:
    reader = csv.DictReader(_decoded(stream, errors="strict", newline=""))
    if "uri" not in (reader.fieldnames or ()):
        yield "line 1", dict.fromkeys(reader.fieldnames or ())
    for row in reader:
        first = next(iter(row.values()), "")
        if not (isinstance(first, str) and first.startswith("# ")):
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
