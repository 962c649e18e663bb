"""The end of a window of a stream: what bundles staged since the last one becomes one version of the tables.

A stream's commits repeat when its engine goes back to a checkpoint, and not always with the same bundles. Hence three
protections: a commit of the very same bundles has the same transaction and does nothing; a bundle that is in the
tables already is left out; and whatever a document had in the tables is replaced.
"""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from schemas.failures import OutputError
from schemas.ids import stable_id
from schemas.part import WrittenFile
from schemas.plan import Changes
from schemas.tables import TABLES
from transforms.lake.index import DocumentIndex
from transforms.lake.log.delta import log_entry
from transforms.lake.log.ledger import RUNS_TABLE, Ledger, utc_now
from transforms.lake.log.open_catalog import KeptCatalog
from transforms.lake.log.repair import LEASE_SECONDS, settle
from transforms.stores.any import age
from transforms.write.commit import Committer, gathered

#: A claim of our own stream that is not this very commit's belongs to a worker that died, or that nobody waits for any
#: more; it is given up this long after its last commit to any table. Should it still live, it notices.
OWN_LEASE_SECONDS = 20.0
#: Somebody else who commits is waited for this long.
PATIENCE_SECONDS = 300.0
_POLL_SECONDS = 1.0
_TRIES = 5


class WindowCommitter(msgspec.Struct, frozen=True, kw_only=True):
    """Commits windows of one stream, one after the other."""

    committer: Committer
    catalog: KeptCatalog
    index: DocumentIndex
    sleep: Callable[[float], None] = time.sleep

    def commit(self, waiting: Iterable[Changes]) -> Iterator[dict[str, int]]:
        """The new versions of each commit. Bundles that hold the same document are committed one after the other."""
        for bundles in generations(waiting):
            with self.catalog.lock:
                versions = self._commit(bundles)
            if versions:
                yield versions

    def _commit(self, bundles: Sequence[Changes]) -> dict[str, int]:
        facts = self.committer.facts
        run_id = f"{facts.run_id}-{transaction(bundles)}"
        catalog = self.catalog
        catalog.refresh()
        if catalog.committed("runs", run_id + facts.kind):
            return {}
        own = msgspec.structs.replace(facts, run_id=run_id, started=utc_now())
        seen, torn = self._claimed(run_id)
        # From here on nobody else changes the tables.
        catalog.refresh()
        changes = gathered(self._published(bundles))
        # What a torn commit removed first would not be found again.
        whole = changes if torn else self._narrowed(changes)
        # The log keeps the transactions of a commit that was undone: the same bundles under a new claim are new ones.
        attempt = f"-{catalog.writer()}"
        target = msgspec.structs.replace(self.committer, facts=own, seen=seen, attempt=attempt, catalog=catalog)
        return target.commit(whole)

    def _narrowed(self, changes: Changes) -> Changes:
        """Without documents that are new: looking for their old rows would read every file of every table."""
        target = self.committer
        own = {*changes.doc_ids, *(touch.doc_id for touch in changes.touched)}
        present = self.index.present(own, self.catalog, target.storage, target.format)
        return msgspec.structs.replace(
            changes,
            doc_ids=[doc_id for doc_id in changes.doc_ids if doc_id in present],
            emptied=[doc_id for doc_id in changes.emptied if doc_id in present],
            touched=[touch for touch in changes.touched if touch.doc_id in present],
        )

    def _claimed(self, run_id: str) -> tuple[int, bool]:
        """Become the one who commits, once nobody else does: the claims before, and whether a commit died."""
        ledger = Ledger(self.committer.root, self.committer.format, self.committer.storage, self.catalog)
        for _ in range(_TRIES):
            claim = self._open_claim(run_id)
            if claim is not None and claim[0] == run_id:
                self.catalog.claimed_by = run_id
                return self.catalog.writer(), True
            if claim is not None:
                settle(ledger, f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{run_id[-6:]}-before", self._lease(claim[0]))
                self.catalog.refresh()
            seen = self.catalog.writer()
            try:
                self.catalog.claim(run_id, seen)
            except OutputError:
                continue
            # Whatever a dead worker may have left is looked for in every table.
            return seen, claim is not None
        raise OutputError(f"others commit to {self.committer.root} all the time: let one stream write to an output")

    def _open_claim(self, run_id: str) -> tuple[str, int] | None:
        """The claim of somebody who died, of whom patience ended with, or our own; None when there is none."""
        waited = 0.0
        while (claim := self.catalog.open_claim()) is not None and claim[0] != run_id:
            if self._silence() >= self._lease(claim[0]) or waited >= PATIENCE_SECONDS:
                return claim
            self.sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS
            self.catalog.refresh()
        return claim

    def _silence(self) -> float:
        """Seconds since whoever claimed the output was last heard of."""
        root, tables = self.committer.root, (*TABLES, RUNS_TABLE)
        newest = (log_entry(root, name, self.catalog.table(name).version()) for name in tables)
        return min(age(root, path) for path in newest)

    def _lease(self, claimant: str) -> float:
        return OWN_LEASE_SECONDS if claimant.startswith(self.committer.facts.run_id) else LEASE_SECONDS

    def _published(self, bundles: Sequence[Changes]) -> list[Changes]:
        """The bundles that are not in the tables, their files beside those of the tables."""
        active = {posixpath.basename(path) for path in self.catalog.files("documents")}
        missing = [c for c in bundles if not any(posixpath.basename(file.path) in active for file in c.files)]
        folders = {posixpath.dirname(file.path) for changes in missing for file in changes.files}
        storage = self.committer.storage
        # A commit that died may have moved some already.
        staged = {path for folder in sorted(folders) for path in storage.list(folder)}
        places = {file.path: self._place(file) for changes in missing for file in changes.files}
        storage.move_all({path: place for path, place in places.items() if path in staged})
        return [
            msgspec.structs.replace(c, files=[msgspec.structs.replace(f, path=places[f.path]) for f in c.files])
            for c in missing
        ]

    def _place(self, file: WrittenFile) -> str:
        return posixpath.join(self.committer.root, file.table, posixpath.basename(file.path))


def transaction(bundles: Iterable[Changes]) -> str:
    """What tells commits of different bundles apart: staged files have unique names."""
    paths = sorted(file.path for changes in bundles for file in changes.files)
    touched = sorted(f"{t.doc_id}{t.ref.stamp}{t.failure}" for changes in bundles for t in changes.touched)
    return stable_id(*paths, "", *touched)[:12]


def generations(waiting: Iterable[Changes]) -> Iterator[list[Changes]]:
    """The bundles in order, in groups within which no document comes twice: a commit replaces older rows only."""
    groups: list[tuple[list[Changes], set[str]]] = []
    for changes in waiting:
        own = {*changes.doc_ids, *(touch.doc_id for touch in changes.touched)}
        # After the last group that holds one of them.
        at = next((n + 1 for n in reversed(range(len(groups))) if not own.isdisjoint(groups[n][1])), 0)
        if at == len(groups):
            groups.append(([], set()))
        groups[at][0].append(changes)
        groups[at][1].update(own)
    return (group for group, _ in groups)
