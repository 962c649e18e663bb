"""The end of a run: staged files move into their tables, and one commit per table makes them visible."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set

import msgspec
import pyarrow as pa

from schemas.failures import OutputError
from schemas.options import WriteOptions
from schemas.part import WrittenFile
from schemas.plan import Changes, RunFacts
from schemas.tables import TABLES
from transforms.lake.format import edits
from transforms.lake.format.columns import conform
from transforms.lake.format.edits import Edit
from transforms.lake.format.files import SUFFIX, open_file
from transforms.lake.format.readers import read_rows
from transforms.lake.log.catalog import STAGING, Catalog, open_catalog
from transforms.lake.log.ledger import COMMITTED, Ledger
from transforms.lake.log.repair import settle
from transforms.lake.tally import run_record, with_left_alone
from transforms.runtime.activity import activity
from transforms.runtime.threads import Threads
from transforms.stores.any import storage_of
from transforms.stores.base import Storage
from transforms.write.losses import refuse_losses

#: Files of earlier runs that are rewritten at a time.
REWRITERS = 4


class Committer(msgspec.Struct, frozen=True, kw_only=True):
    """What a commit needs to know about the output."""

    root: str
    format: str
    facts: RunFacts
    storage: Storage
    catalog: Catalog
    #: Claims of other runs when this one was planned; None to take the output as it is.
    seen: int | None = None
    #: Tells the transactions of commits apart that happen again after they were undone.
    attempt: str = ""
    tombstones: bool = False
    #: How the run ended, and what is to be said of it, when it did not come to its end.
    status: str = COMMITTED
    message: str = ""

    @property
    def run_id(self) -> str:
        """The run that commits."""
        return self.facts.run_id

    def commit(self, changes: Changes) -> dict[str, int]:
        """New version by table, of those that changed.

        A table whose commit already happened (a retried bundle) is left alone. Documents that lose their chunks leave
        `documents` first and all others come there last: whoever reads a listed document finds its chunks. The row of
        the runs table is the very last: it names the versions that belong together.
        """
        if changes.sent != changes.received:
            raise OutputError(
                f"of {changes.sent} listed documents {changes.received} reached the plan: the engine lost or repeated "
                "some; nothing was changed: run again"
            )
        ledger = Ledger(self.root, self.format, self.storage, self.catalog)
        if self.catalog.committed("runs", self.run_id + self.facts.kind):
            return {}
        self._claim(ledger)
        record = run_record(self.facts, changes, self._rows)
        versions = self._commit_tables(changes)
        record = with_left_alone(record, changes, self._table_rows)
        ending = {"status": self.status, "message": self.message, "table_versions": self.catalog.versions()}
        ledger.append(msgspec.structs.replace(record, **ending))
        self.storage.delete(posixpath.join(self.root, STAGING, self.run_id))
        return versions

    def _claim(self, ledger: Ledger) -> None:
        """Nobody else commits until this run's row is in the runs table."""
        claim = self.catalog.open_claim()
        # A retried bundle has its claim already.
        if claim is None or claim[0] != self.run_id:
            seen = settle(ledger, f"{self.run_id}-before") if self.seen is None else self.seen
            self.catalog.claim(self.run_id, seen)

    def _commit_tables(self, changes: Changes) -> dict[str, int]:
        versions: dict[str, int] = {}
        leaving = {*changes.emptied, *changes.removed}
        if leaving and not self._committed("documents"):
            self._commit_table("documents", [], leaving, self._leave(changes), "-leaving")
        for table in TABLES:
            if not self._committed(table):
                files = [file for file in changes.files if file.table == table]
                if table == "failures":
                    files += self._fetch_failures(changes)
                version = self._commit_table(table, files, *self._edit(table, changes))
                versions |= {} if version is None else {table: version}
        return versions

    def _committed(self, table: str) -> bool:
        return self.catalog.committed(table, self.run_id + self.attempt)

    def _leave(self, changes: Changes) -> Edit:
        """Documents without chunks go, or become tombstones, before their chunks do."""
        buried = {*changes.removed} if self.tombstones else set()
        leaving = {*changes.emptied, *changes.removed} - buried

        def edit(rows: pa.Table) -> pa.Table:
            return edits.changed(edits.without(rows, leaving), buried, lambda row: edits.tombstone(row, self.run_id))

        return edit

    def _edit(self, table: str, changes: Changes) -> tuple[Set[str], Edit]:
        """Whose rows of a table change, and how."""
        gone = {*changes.doc_ids, *changes.removed}
        touched = {touch.doc_id: touch for touch in changes.touched}
        if table == "failures":
            ids = frozenset(touched)
            return gone | ids, lambda rows: edits.without_fetch_failures(edits.without(rows, gone), ids)
        if table != "documents":
            return gone, lambda rows: edits.without(rows, gone)
        replaced = frozenset(changes.doc_ids)

        def edit(rows: pa.Table) -> pa.Table:
            rows = edits.without(rows, replaced)
            return edits.changed(rows, touched.keys(), lambda row: edits.touched_row(row, touched[row["doc_id"]]))

        return replaced | touched.keys(), edit

    def _commit_table(
        self, table: str, files: Sequence[WrittenFile], doc_ids: Set[str], edit: Edit, step: str = ""
    ) -> int | None:
        """The new version; None when nothing changed."""
        staged = [self._publish(file) for file in files]
        fresh = {file.path for file in staged}
        old = [path for path in self.catalog.files(table) if path not in fresh] if doc_ids else []

        def rewritten(numbered: tuple[int, str]) -> list[WrittenFile] | None:
            number, path = numbered
            if not holds_any(self.storage, path, self.format, doc_ids):
                return None
            return list(self._rewrite(table, f"{step[1:] or 'kept'}-{number:05d}", path, edit))

        with Threads(REWRITERS) as threads:
            kept = dict(zip(old, threads.imap(rewritten, enumerate(old)), strict=True))
        removed = [path for path in old if kept[path] is not None]
        survivors = [file for files in kept.values() for file in files or ()]
        if not staged and not removed:
            return None
        return self.catalog.commit(table, self.run_id, [*staged, *survivors], removed, self.attempt + step)

    def _publish(self, file: WrittenFile) -> WrittenFile:
        target = posixpath.join(self.root, file.table, posixpath.basename(file.path))
        if target != file.path:
            self.storage.move(file.path, target)
        return msgspec.structs.replace(file, path=target)

    def _rewrite(self, table: str, name: str, path: str, edit: Edit) -> Iterator[WrittenFile]:
        """A new file with the edited rows of `path`; none when no rows are left."""
        kept = (edit(conform(rows, table)) for rows in read_rows(self.storage, path, self.format))
        yield from self._new_file(table, name, (rows for rows in kept if rows.num_rows))

    def _new_file(self, table: str, name: str, batches: Iterable[pa.Table]) -> Iterator[WrittenFile]:
        batches = iter(batches)
        first = next(batches, None)
        if first is None:
            return
        file = f"part-{self.run_id}{self.attempt}-{name}{SUFFIX[self.format]}"
        staged = posixpath.join(self.root, STAGING, self.run_id, table, file)
        count = first.num_rows
        with open_file(self.storage.create, staged, table, self.format) as writer:
            writer.write(first)
            for rows in batches:
                writer.write(rows)
                count += rows.num_rows
        with self.storage.open(staged) as written:
            size = written.seek(0, 2)
        yield self._publish(WrittenFile(table=table, path=staged, size=size, rows=count))

    def _fetch_failures(self, changes: Changes) -> list[WrittenFile]:
        rows = edits.failure_rows({touch.doc_id: touch for touch in changes.touched}, self.run_id)
        table = pa.Table.from_pylist(rows, schema=TABLES["failures"])
        return list(self._new_file("failures", "unread", [table] if rows else []))

    def _rows(self, file: WrittenFile, columns: list[str]) -> Iterator[pa.Table]:
        """Rows of a file of this run, staged or already in place."""
        target = posixpath.join(self.root, file.table, posixpath.basename(file.path))
        path = target if self._committed(file.table) else file.path
        return read_rows(self.storage, path, self.format, columns)

    def _table_rows(self, table: str, columns: list[str]) -> Iterator[pa.Table]:
        """Rows of a table as it is now."""
        for path in self.catalog.files(table):
            yield from read_rows(self.storage, path, self.format, columns)


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """The commit of a run to come: plain facts, which travel to whoever commits."""

    options: WriteOptions
    facts: RunFacts
    #: See `Committer`.
    seen: int | None = None
    tombstones: bool = False
    #: The largest share of documents that may lose their rows because they are gone.
    max_removed: float = 1.0

    def __call__(self, some: Iterable[Changes]) -> dict[str, int]:
        """Make the tables ready, and commit all changes; see `Committer.commit`. Raises TooMuchGone before."""
        changes = gathered(some)
        refuse_losses(changes, self.max_removed)
        target = committer(self.options, self.facts, self.seen, tombstones=self.tombstones)
        with activity().at("commit"):
            target.catalog.prepare()
            return target.commit(changes)

    def kept(self, some: Iterable[Changes], status: str, message: str) -> None:
        """Commit what a run finished that did not come to its end. Raises OutputError when it died at its commit."""
        target = committer(self.options, self.facts, self.seen)
        changes = gathered(some)
        refuse_losses(changes, self.max_removed)
        if target.catalog.open_claim() is not None:
            raise OutputError(f"a commit to {self.options.output} did not come to its end: the next run undoes it")
        msgspec.structs.replace(target, status=status, message=message).commit(changes)


def committer(
    options: WriteOptions, facts: RunFacts, seen: int | None = None, *, tombstones: bool = False
) -> Committer:
    """The committer of a run."""
    storage = storage_of(options.output)
    return Committer(
        root=options.output,
        format=options.format,
        facts=facts,
        storage=storage,
        catalog=open_catalog(options.output, options.format, storage),
        seen=seen,
        tombstones=tombstones,
    )


def gathered(some: Iterable[Changes]) -> Changes:
    """The changes of all bundles as one."""
    whole = Changes()
    for part in some:
        whole.files += part.files
        whole.doc_ids += part.doc_ids
        whole.emptied += part.emptied
        whole.removed += part.removed
        whole.touched += part.touched
        whole.not_good += part.not_good
        whole.counts = dict(Counter(whole.counts) + Counter(part.counts))
        whole.listing_digest = (whole.listing_digest + part.listing_digest) % (1 << 128)
        whole.listed += part.listed
        whole.sent += part.sent
        whole.received += part.received
        whole.held += part.held
        whole.losing += part.losing
    return whole


def holds_any(storage: Storage, path: str, format_name: str, doc_ids: Set[str]) -> bool:
    """Whether a data file holds rows of any of these documents. Parquet: only the id column is read."""
    columns = ["doc_id"]
    return any(
        not doc_ids.isdisjoint(table["doc_id"].to_pylist())
        for table in read_rows(storage, path, format_name, columns, 100_000)
    )
