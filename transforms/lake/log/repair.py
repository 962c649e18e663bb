"""Outputs whose last writer died between two commits: back to the versions that the runs table names."""

from __future__ import annotations

from deltalake import CommitProperties
from deltalake.exceptions import DeltaError

from schemas.failures import OutputError
from schemas.plan import RunFacts
from transforms.lake.log.catalog import DeltaCatalog
from transforms.lake.log.delta import log_entry, told
from transforms.lake.log.ledger import BASELINE, COMMITTED, RUNS_TABLE, Ledger, plain_record, utc_now
from transforms.stores.any import age
from transforms.stores.uris import is_local

#: On an object store nobody can see whether a writer lives: it has this long for its commits.
LEASE_SECONDS = 1800.0


def settle(ledger: Ledger, run_id: str, lease: float = LEASE_SECONDS) -> int:
    """Undo what a dead run committed in part, so that every table is at a version on record.

    Returns how many claims there were so far: what `DeltaCatalog.claim` wants to know. The caller holds the lock of a
    local output. Raises OutputError while the claim of a run on an object store may still be alive.
    """
    catalog = ledger.catalog
    if not isinstance(catalog, DeltaCatalog):
        return 0
    newest = ledger.newest()
    if newest is None:
        ledger.append(plain_record(RunFacts(run_id=run_id, kind=BASELINE), COMMITTED, catalog.versions()))
        return catalog.writer()
    _require_all(ledger, newest.table_versions)
    claim = catalog.open_claim()
    if claim is None:
        return catalog.writer()
    if not is_local(ledger.root) and age(ledger.root, log_entry(ledger.root, RUNS_TABLE, claim[1])) < lease:
        raise OutputError(f"run {claim[0]} is committing to {ledger.root}: wait for it and run again")
    restore(ledger, newest.table_versions)
    facts = RunFacts(run_id=run_id, kind="repair", started=utc_now())
    message = f"run {claim[0]} died between two commits; the tables are those of run {newest.run_id} again"
    ledger.append(plain_record(facts, COMMITTED, catalog.versions(), message))
    return catalog.writer()


def _require_all(ledger: Ledger, recorded: dict[str, int]) -> None:
    """Raise OutputError for a table that somebody removed: made anew it would be empty, and its documents unchanged.

    In stores, where five looks cost a second, nobody removes one by accident.
    """
    present = ledger.catalog.versions() if is_local(ledger.root) else recorded
    lost = [name for name, version in recorded.items() if present.get(name, -1) < version]
    if lost:
        raise OutputError(
            f"{ledger.root} lost its table {', '.join(lost)}, or somebody put an older one there: bring the folder "
            "back, or ingest into a new output"
        )


def restore(ledger: Ledger, versions: dict[str, int]) -> None:
    """Make every table say what it said at these versions; each that differs gets a new version."""
    catalog = ledger.catalog
    if not isinstance(catalog, DeltaCatalog):
        raise OutputError(f"{ledger.root} is of a format without versions; only delta outputs can be restored")
    order = ["documents", *(name for name in versions if name != "documents")]
    for name in order:
        table = catalog.table(name)
        if table.version() != versions[name]:
            try:
                table.restore(
                    versions[name], commit_properties=CommitProperties(custom_metadata={"docbeam.restore": "1"})
                )
            except (DeltaError, OSError) as error:
                why = f"cannot be restored: {told(error)}; vacuum removes files of versions older than its --keep-days"
                raise OutputError(f"version {versions[name]} of table {name!r} {why}") from error
