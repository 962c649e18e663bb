"""An output before it is changed: what killed runs left behind is undone, taken over or removed."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence

import msgspec

from schemas.part import WrittenFile
from schemas.plan import Changes
from schemas.tables import SCHEMA_VERSION, TABLES
from transforms.lake.format.readers import read_rows
from transforms.lake.log.catalog import STAGING
from transforms.lake.log.ledger import KILLED, Ledger, newest
from transforms.lake.log.repair import settle
from transforms.runtime.guard import Raised, captured
from transforms.stores.staging import dead_runs
from transforms.write.commit import Committer, gathered
from transforms.write.losses import too_much_gone
from transforms.write.records import Portion, StagedRun, read_portions, read_run


class Ready(msgspec.Struct, frozen=True):
    """What a run finds when it begins."""

    #: How often the output was claimed so far, for the run's commit.
    seen: int
    #: Documents that killed runs had finished, and that are in the tables now.
    taken_over: int = 0


def make_ready(ledger: Ledger, run_id: str) -> Ready:
    """Leave nothing of dead runs but their finished documents, in the tables. The caller holds the output's lock.

    Every command that changes an output begins so: what is staged follows the tables as they are.
    """
    seen, taken = settle(ledger, f"{run_id}-before"), 0
    for dead in dead_runs(ledger.root):
        if _is_on_record(ledger, dead):
            # It died when only its staging was left to remove.
            continue
        taken += _taken_over(ledger, dead)
        _remove_unnamed(ledger, dead)
        seen = settle(ledger, f"{run_id}-before")
    return Ready(seen, taken)


def base_of(ledger: Ledger) -> str:
    """The run that made the tables what they are; repairs change nothing."""
    made = newest([record for record in ledger.read() if record.kind != "repair"])
    return made.run_id if made else ""


def _taken_over(ledger: Ledger, run_id: str) -> int:
    """Commit what a dead run finished; how many documents that is."""
    staged = read_run(ledger.root, run_id)
    if staged is None or not _fits(ledger, staged):
        return 0
    found = [changes for portion in read_portions(ledger.root, run_id) if (changes := _whole(ledger, run_id, portion))]
    changes = gathered(found)
    changes.held = staged.held
    if not changes.doc_ids or too_much_gone(changes, staged.max_removed):
        return 0
    count = len(changes.doc_ids)
    seen = settle(ledger, f"{run_id}-before")
    target = Committer(
        root=ledger.root,
        format=ledger.format,
        facts=staged.facts,
        storage=ledger.storage,
        catalog=ledger.catalog,
        seen=seen,
        # It may have died at its commit, which was undone: the log keeps the transactions.
        attempt=f"-{seen}",
        status=KILLED,
        message=f"killed; {kept_of(count, staged.planned)}",
    )
    target.commit(changes)
    return count


def kept_of(count: int, planned: int) -> str:
    """'1,204 of 10,000 documents are kept'."""
    return f"{count:,} of {planned:,} documents are kept" if planned != 1 else f"{count:,} of 1 document is kept"


def _fits(ledger: Ledger, staged: StagedRun) -> bool:
    """Whether the rows of a dead run may follow the tables: nobody else changed them since it began."""
    alike = staged.format == ledger.format and staged.schema_version == SCHEMA_VERSION
    return alike and base_of(ledger) == staged.base


def _is_on_record(ledger: Ledger, run_id: str) -> bool:
    return any(record.run_id == run_id for record in ledger.read())


def _whole(ledger: Ledger, run_id: str, portion: Portion) -> Changes | None:
    """What a portion changes; None unless its files are there and hold what it says."""
    files = [_placed(ledger, run_id, file) for file in portion.files]
    found = captured(lambda: _ids(ledger, files))
    if isinstance(found, Raised) or found is None or found != set(portion.doc_ids):
        return None
    return Changes(files=files, doc_ids=list(portion.doc_ids), emptied=list(portion.emptied), losing=portion.losing)


def _placed(ledger: Ledger, run_id: str, file: WrittenFile) -> WrittenFile:
    """The file where it lies: a commit that died may have moved it already."""
    staged = posixpath.join(ledger.root, STAGING, run_id, file.table, file.path)
    path = staged if os.path.exists(staged) else posixpath.join(ledger.root, file.table, file.path)
    return msgspec.structs.replace(file, path=path)


def _ids(ledger: Ledger, files: Sequence[WrittenFile]) -> set[str] | None:
    """The documents of some files; None when a file is not as large as it was."""
    listed: set[str] = set()
    for file in files:
        ids = [key for rows in read_rows(ledger.storage, file.path, ledger.format, ["doc_id"]) for key in _keys(rows)]
        if (os.path.getsize(file.path), len(ids)) != (file.size, file.rows):
            return None
        listed.update(ids if file.table == "documents" else ())
    return listed


def _keys(rows: object) -> list[str]:
    return rows["doc_id"].to_pylist()  # type: ignore[index,no-any-return]


def _remove_unnamed(ledger: Ledger, run_id: str) -> None:
    """Remove files that a dead run brought to the tables, and that no table names."""
    if ledger.format != "delta":
        return
    for name in TABLES:
        named = {posixpath.basename(path) for path in ledger.catalog.files(name)}
        folder = os.path.join(ledger.root, name)
        for file in os.listdir(folder):
            if file.startswith(f"part-{run_id}-") and file not in named:
                os.unlink(os.path.join(folder, file))
