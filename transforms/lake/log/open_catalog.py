"""Delta tables that stay open from one commit to the next: their logs are read once, then only what is new of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from schemas.failures import OutputError
from schemas.part import WrittenFile
from transforms.lake.log.catalog import DeltaCatalog
from transforms.runtime.once import made_once
from transforms.stores.delta import delta_options


class KeptCatalog(DeltaCatalog):
    """For somebody who commits often. It notices what others do when it is told to `refresh`, and only then."""

    def __init__(self, root: str, storage_options: dict[str, str] | None = None) -> None:
        super().__init__(root, storage_options)
        #: Held for a whole commit: a worker that lost its engine may still be at one while its successor begins.
        self.lock = threading.Lock()
        #: The run whose commits must still have the claim when they happen; '' for none.
        self.claimed_by = ""
        self._open: dict[str, DeltaTable] = {}
        self._fresh: set[str] = set()
        self._known: dict[tuple[str, str], bool] = {}

    def refresh(self) -> None:
        """Look at every table again when it is asked for next."""
        self._fresh.clear()
        self._known.clear()

    def exists(self, table: str) -> bool:
        """See `Catalog.exists`."""
        return table in self._open or super().exists(table)

    def committed(self, table: str, run_id: str) -> bool:
        """See `Catalog.committed`; each question costs a look at the log."""
        if (table, run_id) not in self._known:
            self._known[table, run_id] = super().committed(table, run_id)
        return self._known[table, run_id]

    def commit(
        self, table: str, run_id: str, added: Sequence[WrittenFile], removed: Sequence[str], step: str = ""
    ) -> int:
        """See `Catalog.commit`. Raises OutputError when somebody else took the claim, believing us dead."""
        if run_id == self.claimed_by:
            self._changed("runs")
            claim = self.open_claim()
            if claim is None or claim[0] != run_id:
                raise OutputError(f"{run_id} took too long to commit to {self._root}: others went on without it")
        try:
            super().commit(table, run_id, added, removed, step)
        finally:
            self._changed(table)
        return int(self._table(table).version())

    def claim(self, run_id: str, seen: int) -> None:
        """See `Catalog.claim`."""
        try:
            super().claim(run_id, seen)
            self.claimed_by = run_id
        finally:
            self._changed("runs")

    def _changed(self, table: str) -> None:
        self._fresh.discard(table)
        self._known = {key: value for key, value in self._known.items() if key[0] != table}

    def _table(self, table: str) -> DeltaTable:
        try:
            if table not in self._open:
                self._open[table] = super()._table(table)
            elif table not in self._fresh:
                self._open[table].update_incremental()
        except (DeltaError, OSError) as error:
            raise OutputError(f"cannot read the log of table {table!r} below {self._root}: {error}") from error
        self._fresh.add(table)
        return self._open[table]


@made_once
def kept_catalog(root: str, step: str) -> KeptCatalog:
    """The tables of an output, as a step of this process keeps them open."""
    return KeptCatalog(root, delta_options(root))
