"""Housekeeping of an output: restore an earlier run, compact small files, remove what no version needs."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError

from schemas.failures import ConfigurationError, OutputError
from schemas.plan import RunFacts, RunRecord
from schemas.tables import TABLES
from transforms.lake.format.columns import adapted_row, incompatible, schema_of
from transforms.lake.format.readers import COPY_ROWS
from transforms.lake.log.catalog import CLAIM, DeltaCatalog
from transforms.lake.log.ledger import COMMITTED, RUNS_TABLE, Ledger, plain_record
from transforms.lake.log.repair import restore
from transforms.stores.outputs import is_data_file, is_deltas_file
from transforms.write.takeover import make_ready


def delta_catalog(ledger: Ledger) -> DeltaCatalog:
    """The catalog; ConfigurationError for formats without versions."""
    if not isinstance(ledger.catalog, DeltaCatalog):
        raise ConfigurationError(f"{ledger.root} is of format {ledger.format}: only delta outputs have versions")
    return ledger.catalog


def restore_run(ledger: Ledger, record: RunRecord, facts: RunFacts) -> dict[str, int]:
    """Make the tables say what they said after a run. Earlier versions stay. Returns the new versions."""
    catalog = delta_catalog(ledger)
    if not record.table_versions:
        raise ConfigurationError(f"run {record.run_id} changed nothing: it {record.status}")
    catalog.claim(facts.run_id, make_ready(ledger, facts.run_id).seen)
    restore(ledger, record.table_versions)
    versions = catalog.versions()
    ledger.append(plain_record(facts, COMMITTED, versions, f"restored run {record.run_id}"))
    return versions


def compact(ledger: Ledger, facts: RunFacts, file_bytes: int, row_group_rows: int) -> dict[str, Any]:
    """Join small files into files of about `file_bytes`; rows stay what they are. Returns files before and after."""
    catalog = delta_catalog(ledger)
    catalog.claim(facts.run_id, make_ready(ledger, facts.run_id).seen)
    done = {}
    for name in (*TABLES, RUNS_TABLE):
        table = catalog.table(name)
        properties = WriterProperties(compression="ZSTD", max_row_group_size=row_group_rows)
        mark = {CLAIM: facts.run_id} if name == RUNS_TABLE else {"docbeam.run_id": facts.run_id}
        try:
            metrics = table.optimize.compact(
                target_size=file_bytes,
                max_concurrent_tasks=1,
                writer_properties=properties,
                commit_properties=CommitProperties(custom_metadata=mark),
            )
        except (DeltaError, OSError) as error:
            raise OutputError(f"table {name!r} cannot be compacted: {error}") from error
        done[name] = {"added": metrics["numFilesAdded"], "removed": metrics["numFilesRemoved"]}
    ledger.append(plain_record(facts, COMMITTED, catalog.versions()))
    return done


def vacuum(ledger: Ledger, keep: timedelta, now: datetime | None = None, *, dry_run: bool = False) -> list[str]:
    """Remove data files that no version younger than `keep` needs, and what dead runs left. Returns their paths.

    The newest version is always kept, and every file that no run made. The caller holds the output's lock: files of
    a run at work look orphaned.
    """
    catalog = delta_catalog(ledger)
    if not dry_run:
        catalog.prepare()
        make_ready(ledger, _now_id())
    young = _newest_since(((now or datetime.now(UTC)) - keep).isoformat(), ledger.read())
    gone = []
    for name in (*TABLES, RUNS_TABLE):
        kept = sorted({record.table_versions[name] for record in young if name in record.table_versions})
        gone += [posixpath.join(ledger.root, name, path) for path in _unneeded(ledger, name, kept)]
    if not dry_run:
        ledger.storage.delete_all(gone)
    return gone


def _newest_since(oldest: str, records: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs, in the order of the log, whose versions were the newest at some time since `oldest`.

    What follows the last one is not asked: whatever the clock says, its versions are the newest now.
    """
    found = [record for record in records if record.table_versions]
    ends = [record.finished for record in found[1:]]
    return [record for record, end in zip(found, ends, strict=False) if end >= oldest] + found[-1:]


def _unneeded(ledger: Ledger, name: str, kept: list[int]) -> list[str]:
    """Files of a table that are in none of these versions nor the newest, and that we wrote.

    A file is ours when the log tells of it, when a run gave it its name, or when it is what a killed `compact` made: it
    has a name of Delta's, and the table's columns. Everything else in the folder is left alone.
    """
    table = delta_catalog(ledger).table(name)
    kept = [version for version in kept if version <= table.version()]
    # Delta also names files that an earlier vacuum removed.
    there = {posixpath.basename(path) for path in ledger.storage.list(posixpath.join(ledger.root, name))}
    unneeded = there.intersection(_vacuumable(table, kept, full=True))
    logged = unneeded.intersection(_vacuumable(table, kept, full=False))
    others = [file for file in unneeded - logged if is_data_file(file) or _is_killed_compaction(ledger, name, file)]
    return sorted([*logged, *others])


def _vacuumable(table: DeltaTable, kept: list[int], *, full: bool) -> list[str]:
    """What Delta would remove: of the files that its log tells of, or of all in the folder."""
    try:
        return list(table.vacuum(0, dry_run=True, enforce_retention_duration=False, full=full, keep_versions=kept))
    except (DeltaError, OSError) as error:
        raise OutputError(f"{table.table_uri} cannot be vacuumed: {error}") from error


def _is_killed_compaction(ledger: Ledger, name: str, file: str) -> bool:
    if not is_deltas_file(file):
        return False
    with ledger.storage.open(posixpath.join(ledger.root, name, file)) as stream:
        try:
            found = pq.read_schema(stream).names
        except pa.ArrowException:
            # Not whole: such files have a name of their own.
            return "#" in file
    return bool(found == pa.schema(delta_catalog(ledger).table(name).schema().to_arrow()).names)


def _now_id() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-vacuum"


def migrate(ledger: Ledger, facts: RunFacts) -> list[str]:
    """Rewrite the tables whose columns are of other types than today's. Returns their names."""
    catalog = delta_catalog(ledger)
    changed = []
    for name in (*TABLES, RUNS_TABLE):
        present = pa.schema(catalog.table(name).schema().to_arrow()) if catalog.exists(name) else schema_of(name)
        if incompatible(present, name):
            _rewrite(catalog.table(name), name)
            changed.append(name)
    if changed:
        catalog.prepare()
        ledger.append(plain_record(facts, COMMITTED, catalog.versions(), f"migrated {', '.join(changed)}"))
    return changed


def _rewrite(table: DeltaTable, name: str) -> None:
    schema = schema_of(name)
    old = table.to_pyarrow_dataset().to_batches(batch_size=COPY_ROWS)
    rows = (pa.RecordBatch.from_pylist([adapted_row(row, schema) for row in b.to_pylist()], schema) for b in old)
    try:
        write_deltalake(
            table, pa.RecordBatchReader.from_batches(schema, rows), mode="overwrite", schema_mode="overwrite"
        )
    except (DeltaError, OSError, pa.ArrowException) as error:
        raise OutputError(f"table {name!r} cannot be migrated: {error}") from error
