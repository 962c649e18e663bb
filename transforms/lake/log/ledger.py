"""The runs table: what each run did, and which versions of the tables belong together."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa

from schemas.failures import ConfigurationError
from schemas.part import WrittenFile
from schemas.plan import RunFacts, RunRecord
from schemas.report import FailureReason
from schemas.tables import RUNS
from transforms.lake.format.columns import conform
from transforms.lake.format.files import SUFFIX, open_file
from transforms.lake.format.readers import read_rows
from transforms.lake.log.catalog import Catalog
from transforms.stores.base import Storage

RUNS_TABLE = "runs"
#: The kind of row that says what was there before a run that found no row.
BASELINE = "baseline"
COMMITTED, KILLED, INTERRUPTED, FAILED = "committed", "killed", "interrupted", "failed"


class Ledger(msgspec.Struct, frozen=True):
    """The runs table of an output."""

    root: str
    format: str
    storage: Storage
    catalog: Catalog

    def read(self) -> list[RunRecord]:
        """All runs, oldest first."""
        if not self.catalog.exists(RUNS_TABLE):
            return []
        rows = [
            row
            for path in self.catalog.files(RUNS_TABLE)
            for table in read_rows(self.storage, path, self.format)
            for row in conform(table, RUNS_TABLE).to_pylist()
        ]
        return in_order(rows)

    def append(self, record: RunRecord) -> None:
        """Add a run. For Delta this ends the run's claim: its versions are now the ones to read."""
        record = msgspec.structs.replace(record, number=self.catalog.next_number())
        path = posixpath.join(self.root, RUNS_TABLE, f"part-{record.run_id}-{record.kind}{SUFFIX[self.format]}")
        table = pa.Table.from_pylist([_row(record)], schema=RUNS)
        with open_file(self.storage.create, path, RUNS_TABLE, self.format) as writer:
            writer.write(table)
        with self.storage.open(path) as written:
            size = written.seek(0, 2)
        file = WrittenFile(table=RUNS_TABLE, path=path, size=size, rows=1)
        self.catalog.commit(RUNS_TABLE, record.run_id, [file], [], record.kind)

    def newest(self) -> RunRecord | None:
        """The newest run whose versions of the tables are on record."""
        return newest(self.read())


def in_order(rows: Iterable[dict[str, Any]]) -> list[RunRecord]:
    """Rows of the runs table as records, oldest first: by their numbers, since clocks step back.

    Rows from before there were numbers come first, by the clock; but versions of tables never fall, whatever it said.
    """
    found = sorted(map(_record, rows), key=lambda r: (r.number is not None, r.number or 0, r.finished, r.run_id))
    places = [place for place, record in enumerate(found) if record.table_versions]
    by_versions = sorted((found[place] for place in places), key=lambda record: sum(record.table_versions.values()))
    for place, record in zip(places, by_versions, strict=True):
        found[place] = record
    return found


def newest(records: Sequence[RunRecord]) -> RunRecord | None:
    """The newest run whose versions of the tables are on record."""
    return next((record for record in reversed(records) if record.table_versions), None)


def find_run(records: Sequence[RunRecord], run: str) -> RunRecord:
    """The run of this id, or of an id that starts so; ConfigurationError when there is none or several."""
    found = [record for record in records if record.run_id == run]
    begin = [record for record in records if record.run_id.startswith(run)]
    # What was there before the first run has its id with an ending: who shortens the id means the run.
    found = found or [record for record in begin if record.kind != BASELINE] or begin
    if len(found) != 1:
        what = f"{len(found)} runs begin with" if found else "no run"
        raise ConfigurationError(f"{what} {run!r}; `docbeam runs list OUTPUT` lists them")
    return found[0]


def run_at_version(records: Sequence[RunRecord], version: int) -> RunRecord:
    """The newest run after which `documents` was at this version or an older one."""
    found = [record for record in records if record.table_versions.get("documents", version + 1) <= version]
    if not found:
        raise ConfigurationError(f"no run is on record for version {version}; `docbeam runs list OUTPUT` lists them")
    return found[-1]


def utc_now() -> str:
    """ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def plain_record(facts: RunFacts, status: str, versions: dict[str, int], message: str = "") -> RunRecord:
    """The record of a run that ends now, without figures."""
    return RunRecord(
        run_id=facts.run_id,
        kind=facts.kind,
        started=facts.started or utc_now(),
        finished=utc_now(),
        status=status,
        options=facts.options,
        versions=facts.versions,
        table_versions=versions,
        message=message,
    )


def _row(record: RunRecord) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in record.__struct_fields__}
    return {
        **row,
        "options": [dict(zip(("key", "value", "origin"), option, strict=True)) for option in record.options],
        "versions": _pairs(record.versions, "key", "value"),
        "counts": _pairs(record.counts, "name", "count"),
        "failures": _pairs(record.failures, "category", "count"),
        "table_versions": _pairs(record.table_versions, "table", "version"),
        "reasons": [
            {**msgspec.structs.asdict(reason), "types": _pairs(reason.types, "name", "count")}
            for reason in record.reasons
        ],
    }


def _pairs(mapping: dict[str, Any], key: str, value: str) -> list[dict[str, Any]]:
    return [{key: name, value: mapping[name]} for name in sorted(mapping)]


def _record(row: dict[str, Any]) -> RunRecord:
    return RunRecord(
        **{
            **row,
            "options": tuple((item["key"], item["value"], item["origin"]) for item in row["options"]),
            "versions": _mapping(row["versions"]),
            "counts": _mapping(row["counts"]),
            "failures": _mapping(row["failures"]),
            "table_versions": _mapping(row["table_versions"]),
            "reasons": tuple(_reason(reason) for reason in row["reasons"] or ()),
        }
    )


def _reason(row: dict[str, Any]) -> FailureReason:
    types = sorted(_mapping(row["types"]).items(), key=lambda item: (-item[1], item[0]))
    return FailureReason(**{**row, "types": dict(types)})


def _mapping(pairs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return dict(tuple(pair.values()) for pair in pairs)
