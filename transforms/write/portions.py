"""What a run on this machine has staged, in portions: documents whose rows are whole, whatever ends the run.

A portion's files are closed, and a record beside them tells what is in them. A run that is interrupted commits its
portions, and those of a run that was killed are taken over by the next one (`transforms.write.takeover`).
"""

from __future__ import annotations

import posixpath
import threading
import time
from collections.abc import Callable
from weakref import WeakValueDictionary

from schemas.options import WriteOptions
from schemas.part import TableBatch
from schemas.plan import Changes
from transforms.stores.any import storage_of
from transforms.stores.base import output_errors
from transforms.stores.staging import FOLDER, held_lock
from transforms.stores.uris import is_local
from transforms.write.records import StagedRun, write_portion, write_run
from transforms.write.stager import Stager

#: A portion ends after this share of the time that the run has taken so far, between these seconds: a killed run loses
#: no more, and ten hours leave some hundred files a table.
SHARE, SHORTEST, LONGEST = 0.1, 15.0, 600.0


class Portions:
    """Where all threads of a run put the rows of its documents."""

    def __init__(self, options: WriteOptions, staged: StagedRun, clock: Callable[[], float] = time.monotonic) -> None:
        self._options, self.run_id, self._clock = options, staged.facts.run_id, clock
        self.held = staged.held
        self._recorded = is_local(options.output)
        with output_errors(options.output):
            self._held = held_lock(options.output, self.run_id) if self._recorded else None
            if self._recorded:
                write_run(options.output, staged)
        self._stager, self._lock = Stager(options, self.run_id), threading.Lock()
        self._whole: list[Changes] = []
        self._touched = Changes()
        #: Whether the open files may hold half a document: an interrupt can come anywhere.
        self._torn = self._stopped = False
        self._began = self._sealed = clock()
        _HERE[self.run_id] = self

    def add(self, batch: TableBatch) -> bool:
        """Take the rows of a document; False when the run is being torn down, and takes nothing more."""
        with self._lock:
            if self._stopped:
                return False
            self._torn = True
            self._stager.add(batch)
            self._torn = False
            if self._is_due():
                self._seal()
        return True

    def note(self, changes: Changes) -> None:
        """Take what changes without files."""
        with self._lock:
            self._touched.touched += changes.touched

    def close(self) -> list[Changes]:
        """End the last portion; everything that changes."""
        with self._lock:
            self._stopped = True
            self._seal()
            return [*self._whole, self._touched]

    def stop(self) -> list[Changes]:
        """Take nothing more, and write nothing more; the portions that are whole."""
        with self._lock:
            if not self._stopped and not self._torn:
                self._stopped = True
                self._seal()
            self._stopped = True
            return self._whole

    def let_go(self) -> None:
        """Remove what is staged, unless portions wait there for the next run to take them over."""
        if not self._whole or not self._recorded:
            storage_of(self._options.output).delete(posixpath.join(self._options.output, FOLDER, self.run_id))
        if self._held is not None:
            self._held.close()

    def settle(self) -> None:
        """The portions are in the tables, or shall not be."""
        self._whole = []

    def _is_due(self) -> bool:
        now = self._clock()
        return self._recorded and is_due(now - self._began, now - self._sealed)

    def _seal(self) -> None:
        self._torn = True
        changes = self._stager.close()
        if changes.doc_ids:
            self._whole.append(changes)
            if self._recorded:
                with output_errors(self._options.output):
                    write_portion(self._options.output, self.run_id, len(self._whole), changes)
        self._torn, self._sealed = False, self._clock()


def is_due(taken: float, age: float) -> bool:
    """Whether a portion of this age ends, in a run that has taken so many seconds."""
    return age >= min(max(SHARE * taken, SHORTEST), LONGEST)


#: The runs of this process. Threads of the local runner find theirs here; the workers of other runners find none.
_HERE: WeakValueDictionary[str, Portions] = WeakValueDictionary()


def portions_here(run_id: str) -> Portions | None:
    """The portions of a run of this process; None where its work was sent elsewhere."""
    return _HERE.get(run_id)
