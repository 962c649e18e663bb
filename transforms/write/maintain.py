"""Housekeeping of an output: restore an earlier run, compact small files, remove what no version needs."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError

from schemas.failures import ConfigurationError, OutputError
from schemas.plan import RunFacts, RunRecord
from schemas.tables import TABLES
from transforms.write.catalog import CLAIM, DeltaCatalog
from transforms.write.columns import adapted_row, incompatible, schema_of
from transforms.write.ledger import COMMITTED, RUNS_TABLE, Ledger, plain_record
from transforms.write.read import COPY_ROWS
from transforms.write.repair import restore
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

    The newest version is always kept. The caller holds the output's lock: files of a run at work look orphaned.
    """
    catalog = delta_catalog(ledger)
    if not dry_run:
        catalog.prepare()
        make_ready(ledger, _now_id())
    oldest = ((now or datetime.now(UTC)) - keep).isoformat()
    records = [record for record in ledger.read() if record.table_versions]
    young = [record for record in records[:-1] if record.finished >= oldest] + records[-1:]
    gone = []
    for name in (*TABLES, RUNS_TABLE):
        kept = sorted({record.table_versions[name] for record in young if name in record.table_versions})
        gone += [
            posixpath.join(ledger.root, name, path) for path in _vacuum(catalog.table(name), kept, dry_run=dry_run)
        ]
    return gone


def _vacuum(table: DeltaTable, kept: list[int], *, dry_run: bool) -> list[str]:
    kept = [version for version in kept if version <= table.version()]
    try:
        return list(
            table.vacuum(
                retention_hours=0,
                dry_run=dry_run,
                enforce_retention_duration=False,
                full=True,
                keep_versions=kept,
            )
        )
    except (DeltaError, OSError) as error:
        raise OutputError(f"{table.table_uri} cannot be vacuumed: {error}") from error


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
