"""Reading an output again: datasets for queries, documents for exports, known versions for the next run."""

from __future__ import annotations

import glob
import os
import posixpath
from collections.abc import Iterator, Sequence

import fastavro
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake.exceptions import DeltaError

from schemas.failures import ConfigurationError, DocumentError, OutputError
from transforms.lake.format.columns import schema_of
from transforms.lake.format.files import SUFFIX
from transforms.lake.format.rows import Row
from transforms.lake.log.delta import delta_table
from transforms.lake.marker import format_of
from transforms.stores.any import AnyStore
from transforms.stores.uris import is_local, scheme


def output_format(root: str) -> str:
    """The format an output was written in; raises ConfigurationError when `root` holds none of our tables."""
    if found := format_of(root):
        return found
    raise ConfigurationError(f"{root} holds no docbeam output (no documents table); give the --output of an ingest")


def open_table(root: str, name: str, version: int | None = None) -> ds.Dataset:
    """The committed rows of a table, of Delta at a `version` if one is named.

    Several tables that belong together come from `transforms.lake.snapshot`: runs commit one after the other.

    Raises ConfigurationError for a folder without tables, OutputError for tables that cannot be read.
    """
    kind, folder = output_format(root), posixpath.join(root, name)
    try:
        if kind == "delta":
            found: ds.Dataset = delta_table(root, name, version).to_pyarrow_dataset()
            refuse_lost_files(root, name, found.files)
            return found
        files = [file for file in _files(folder) if file.endswith(SUFFIX[kind])]
        if kind == "avro":
            rows = [row for path in files for row in _avro_rows(path)]
            return ds.dataset(pa.Table.from_pylist(rows, schema=schema_of(name)))
        return _dataset(files, kind, schema_of(name))
    except (DeltaError, DocumentError, OSError, pa.ArrowException) as error:
        raise OutputError(f"cannot read table {name!r} below {root}: {error}") from error


def refuse_lost_files(root: str, name: str, files: Sequence[str]) -> None:
    """Raise OutputError where files of a Delta table are gone from a local output; each reader would say it its way."""
    if not is_local(root) or not files:
        return
    lost = set(map(posixpath.basename, files)).difference(os.listdir(posixpath.join(root, name)))
    if lost:
        raise OutputError(
            f"{len(lost)} of {len(files)} files of table {name!r} below {root} are gone at this version: vacuum "
            "removes what is older than its --keep-days; read a newer run (`docbeam runs list OUTPUT`)"
        )


def _files(folder: str) -> list[str]:
    """Files directly in a folder, sorted; none when there is no such folder."""
    return [info.uri for info in AnyStore().match(f"{glob.escape(folder)}/*")]


def _dataset(files: list[str], kind: str, schema: pa.Schema) -> ds.Dataset:
    if not any(map(scheme, files)):
        return ds.dataset(files, format=kind, schema=schema)
    # Arrow reads object stores, too, but with credentials and settings of its own; and no names that are not UTF-8.
    format = ds.ParquetFileFormat() if kind == "parquet" else ds.IpcFileFormat()
    store = AnyStore()
    return ds.FileSystemDataset([format.make_fragment(store.open(file)) for file in files], schema, format)


def _avro_rows(path: str) -> Iterator[Row]:
    with AnyStore().open(path) as stream:
        yield from fastavro.reader(stream)
