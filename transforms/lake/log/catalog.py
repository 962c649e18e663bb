"""Which data files make up a table, and the atomic change of that list."""

from __future__ import annotations

import json
import posixpath
import time
from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from schemas.failures import ConfigurationError, OutputError
from schemas.part import WrittenFile
from schemas.tables import TABLES
from transforms.lake.format.columns import grown, incompatible, schema_of
from transforms.lake.format.files import SUFFIX
from transforms.lake.log.delta import commit_info, delta_table, delta_uri, is_delta
from transforms.lake.marker import mark
from transforms.stores.base import Storage
from transforms.stores.delta import delta_options
from transforms.stores.outputs import may_be_data_file
from transforms.stores.staging import FOLDER

STAGING = FOLDER
#: Metadata of the commit by which a run claims the output.
CLAIM = "docbeam.claim"
_WRITER = "docbeam-writer"


class Catalog(Protocol):
    """The committed files of the tables below one root."""

    def prepare(self) -> None:
        """Make empty tables where there are none.

        Raises OutputError when the root cannot be written.
        """
        ...

    def exists(self, table: str) -> bool:
        """Whether the table is there."""
        ...

    def files(self, table: str) -> list[str]:
        """Full paths of the committed data files of a table."""
        ...

    def versions(self) -> dict[str, int]:
        """The newest version of every table; empty for formats without versions."""
        ...

    def committed(self, table: str, run_id: str) -> bool:
        """Whether this run's commit of the table already happened."""
        ...

    def commit(
        self, table: str, run_id: str, added: Sequence[WrittenFile], removed: Sequence[str], step: str = ""
    ) -> int:
        """Make `added` (already at their final paths) visible and `removed` invisible; returns the new version.

        `step` tells several commits of one run to one table apart.
        """
        ...

    def open_claim(self) -> tuple[str, int] | None:
        """(run, version of the runs table) of the run that is committing, or died while it was."""
        ...

    def claim(self, run_id: str, seen: int) -> None:
        """Become the one who commits; OutputError when another run was here since `seen` claims."""
        ...

    def next_number(self) -> int:
        """What numbers the next row of the runs table: rows that come later have higher ones, whatever clocks say."""
        ...


class DeltaCatalog:
    """Delta tables, one commit per run and table; the run id is the application transaction."""

    def __init__(self, root: str, storage_options: dict[str, str] | None = None) -> None:
        self._root, self._options = root, storage_options

    def _table(self, table: str) -> DeltaTable:
        return delta_table(self._root, table, options=self._options)

    def prepare(self) -> None:
        """Create the tables and columns that are missing.

        Raises ConfigurationError when a column is of another type than today's.
        """
        mark(self._root, "delta")
        for name in (*TABLES, "runs"):
            self._prepare_table(name)

    def _prepare_table(self, name: str) -> None:
        try:
            if not self.exists(name):
                uri = delta_uri(self._root, name)
                DeltaTable.create(uri, schema=schema_of(name), mode="ignore", storage_options=self._options)
                return
            table = self._table(name)
            present = pa.schema(table.schema().to_arrow())
            if wrong := incompatible(present, name):
                raise ConfigurationError(f"{'; '.join(wrong)}; run `docbeam migrate {self._root}`")
            if schema := grown(present, name):
                write_deltalake(table, schema.empty_table(), mode="append", schema_mode="merge")
        except (DeltaError, OSError, pa.ArrowException) as error:
            raise OutputError(f"cannot create table {name!r} below {self._root}: {error}") from error

    def exists(self, table: str) -> bool:
        """Whether there is a Delta table."""
        return is_delta(self._root, table, self._options)

    def versions(self) -> dict[str, int]:
        """The newest version of every table that exists."""
        return {name: int(self._table(name).version()) for name in TABLES if self.exists(name)}

    def table(self, table: str, version: int | None = None) -> DeltaTable:
        """The Delta table, at an earlier version if one is named."""
        delta = self._table(table)
        if version is not None and version != delta.version():
            try:
                delta.load_as_version(version)
            except (DeltaError, OSError) as error:
                raise OutputError(f"version {version} of table {table!r} is gone: {error}") from error
        return delta

    def files(self, table: str) -> list[str]:
        """Active files of the newest version."""
        return [posixpath.join(self._root, table, path) for path in self._actions(table)]

    def _actions(self, table: str) -> dict[str, int]:
        actions = pa.table(self._table(table).get_add_actions(flatten=True))
        return dict(zip(actions["path"].to_pylist(), actions["size_bytes"].to_pylist(), strict=True))

    def committed(self, table: str, run_id: str) -> bool:
        """Whether the table's log holds this run's transaction."""
        return self._table(table).transaction_version(_app_id(run_id)) is not None

    def commit(
        self, table: str, run_id: str, added: Sequence[WrittenFile], removed: Sequence[str], step: str = ""
    ) -> int:
        """One transaction of add and remove actions."""
        delta, now = self._table(table), int(time.time() * 1000)
        sizes = self._actions(table)
        actions = [
            *(_add_action(file, now) for file in added),
            *(RemoveAction(name, True, now, sizes[name], {}) for name in map(posixpath.basename, removed)),
        ]
        properties = CommitProperties(
            custom_metadata={"docbeam.run_id": run_id}, app_transactions=[Transaction(_app_id(run_id + step), 1)]
        )
        try:
            delta.create_write_transaction(actions, "append", delta.schema(), commit_properties=properties)
        except DeltaError as error:
            raise OutputError(f"commit of table {table!r} below {self._root} failed: {error}") from error
        return int(self._table(table).version())

    def writer(self) -> int:
        """How many runs have claimed the output for their commits so far."""
        return self._table("runs").transaction_version(_WRITER) or 0

    def claim(self, run_id: str, seen: int) -> None:
        """Become the one who commits; OutputError when another run was here since `seen` claims."""
        delta = self._table("runs")
        lost = OutputError(f"another run committed to {self._root} meanwhile; nothing was changed: run again")
        if (delta.transaction_version(_WRITER) or 0) != seen:
            raise lost
        properties = CommitProperties(
            custom_metadata={CLAIM: run_id}, app_transactions=[Transaction(_WRITER, seen + 1)]
        )
        try:
            delta.create_write_transaction([], "append", delta.schema(), commit_properties=properties)
        except CommitFailedError as error:
            raise lost from error
        except DeltaError as error:
            raise OutputError(f"cannot write the runs table below {self._root}: {error}") from error

    def next_number(self) -> int:
        """The version of the runs table that the row will make."""
        return int(self._table("runs").version()) + 1

    def open_claim(self) -> tuple[str, int] | None:
        """(run, version of the runs table) of a claim that no row of the runs table followed."""
        if not self.exists("runs"):
            return None
        version = int(self._table("runs").version())
        run_id = commit_info(self._root, "runs", version).get(CLAIM)
        return (str(run_id), version) if run_id else None


def _app_id(run_id: str) -> str:
    return f"docbeam-{run_id}"


def _add_action(file: WrittenFile, now: int) -> AddAction:
    return AddAction(posixpath.basename(file.path), file.size, {}, now, True, json.dumps({"numRecords": file.rows}))


class PlainCatalog:
    """Folders of plain files: those in a table's folder are the table. Files appear by renaming whole files."""

    def __init__(self, root: str, format_name: str, storage: Storage) -> None:
        self._root, self._format, self._suffix, self._storage = root, format_name, SUFFIX[format_name], storage

    def prepare(self) -> None:
        """Mark the output. Folders appear with their first file."""
        mark(self._root, self._format)

    def exists(self, table: str) -> bool:
        """Whether there are files."""
        return bool(self.files(table))

    def versions(self) -> dict[str, int]:
        """None."""
        return {}

    def open_claim(self) -> tuple[str, int] | None:
        """Never known."""
        return None

    def claim(self, run_id: str, seen: int) -> None:
        """Nothing to claim: one writer at a time is all that protects plain files."""

    def next_number(self) -> int:
        """Each row is a file, and none ever goes."""
        return len(self.files("runs")) + 1

    def files(self, table: str) -> list[str]:
        """Data files in the table's folder."""
        paths = self._storage.list(posixpath.join(self._root, table))
        return [p for p in paths if p.endswith(self._suffix) and may_be_data_file(posixpath.basename(p))]

    def committed(self, table: str, run_id: str) -> bool:
        """Never known; committing again moves nothing twice."""
        return False

    def commit(
        self, table: str, run_id: str, added: Sequence[WrittenFile], removed: Sequence[str], step: str = ""
    ) -> int:
        """The added files are in place already; delete the superseded ones."""
        for path in removed:
            self._storage.delete(path)
        return 0


def open_catalog(root: str, format_name: str, storage: Storage) -> Catalog:
    """The catalog of an output."""
    return (
        DeltaCatalog(root, delta_options(root)) if format_name == "delta" else PlainCatalog(root, format_name, storage)
    )
