"""Tables that belong together: those of the newest finished run, whatever is being committed, or of an earlier one."""

from __future__ import annotations

import msgspec
import pyarrow.dataset as ds

from schemas.failures import ConfigurationError, OutputError
from schemas.plan import RunRecord
from schemas.tables import TABLES
from transforms.lake.datasets import open_table, output_format
from transforms.lake.format.columns import conform
from transforms.lake.log.catalog import CLAIM
from transforms.lake.log.delta import commit_info, delta_table, is_delta
from transforms.lake.log.ledger import RUNS_TABLE, find_run, in_order, newest, run_at_version
from transforms.lake.roots import output_root

_TRIES = 20


class Snapshot(msgspec.Struct, frozen=True):
    """A version of every table; empty for formats without versions."""

    root: str
    versions: dict[str, int]

    def open(self, name: str) -> ds.Dataset:
        """The rows of a table."""
        return open_table(self.root, name, self.versions.get(name))


def read_runs(root: str) -> list[RunRecord]:
    """The runs table, oldest run first; empty for outputs that have none."""
    root = output_root(root)
    kind = output_format(root)
    if kind == "delta" and not is_delta(root, RUNS_TABLE):
        return []
    return in_order(conform(open_table(root, RUNS_TABLE).to_table(), RUNS_TABLE).to_pylist())


def snapshot(root: str, as_of: str = "", version: int | None = None) -> Snapshot:
    """The tables after a run (`as_of`), at a version of `documents`, or now: what the newest finished run left.

    Raises ConfigurationError for a run or version that is not on record.
    """
    root = output_root(root)
    if output_format(root) != "delta":
        if as_of or version is not None:
            raise ConfigurationError(f"{root} is of a format without versions: only delta outputs keep earlier ones")
        return Snapshot(root, {})
    if as_of or version is not None:
        records = read_runs(root)
        record = find_run(records, as_of) if as_of else run_at_version(records, version or 0)
        if not record.table_versions:
            raise ConfigurationError(f"run {record.run_id} changed nothing: it {record.status}")
        return Snapshot(root, record.table_versions)
    return _now(root)


def _now(root: str) -> Snapshot:
    for _ in range(_TRIES):
        before = _runs_state(root)
        if before is not None and before[1]:
            record = newest(read_runs(root))
            if record is not None:
                return Snapshot(root, record.table_versions)
        versions = {name: _version(root, name) for name in TABLES}
        if _runs_state(root) == before:
            return Snapshot(root, versions)
    raise OutputError(f"{root} changes faster than it can be read; read it again later")


def _runs_state(root: str) -> tuple[int, bool] | None:
    """Version of the runs table, and whether a commit is under way (or died on its way)."""
    if not is_delta(root, RUNS_TABLE):
        return None
    version = int(delta_table(root, RUNS_TABLE).version())
    return version, CLAIM in commit_info(root, RUNS_TABLE, version)


def _version(root: str, name: str) -> int:
    return int(delta_table(root, name).version())
