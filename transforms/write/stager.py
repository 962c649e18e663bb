"""Rows of documents become staged files, one writer at a time."""

from __future__ import annotations

import posixpath
import uuid

from schemas.options import WriteOptions
from schemas.part import TableBatch
from schemas.plan import Changes
from schemas.tables import TABLES
from transforms.lake.format.files import TableFiles
from transforms.lake.log.catalog import STAGING
from transforms.stores.any import storage_of
from transforms.stores.base import output_errors

#: Bytes of rows of one table that wait in memory in one thread.
GROUP_BYTES = 2 << 20


class Stager:
    """Files of one bundle of documents. Raises OutputError when they cannot be written."""

    def __init__(self, options: WriteOptions, run_id: str) -> None:
        self._output, self._changes = options.output, Changes()
        folder, bundle = posixpath.join(options.output, STAGING, run_id), uuid.uuid4().hex[:12]
        create, bounds = storage_of(options.output).create, (options.file_bytes, options.row_group_rows, GROUP_BYTES)
        self._files = {
            name: TableFiles(
                name, posixpath.join(folder, name, f"part-{run_id}-{bundle}"), options.format, create, bounds
            )
            for name in TABLES
        }

    def holds(self, doc_id: str) -> bool:
        """Whether a document came already."""
        return doc_id in self._changes.doc_ids

    def add(self, batch: TableBatch) -> None:
        """Take the rows of a document."""
        with output_errors(self._output):
            for name, rows in batch.tables.items():
                self._changes.files += self._files[name].add(rows)
        self._changes.doc_ids.append(batch.doc_id)
        self._changes.losing += batch.lost
        if not batch.chunks:
            self._changes.emptied.append(batch.doc_id)

    def close(self) -> Changes:
        """Finish the files; what they change, with all before them since the last time. More may follow."""
        with output_errors(self._output):
            for files in self._files.values():
                self._changes.files += files.close()
        changes, self._changes = self._changes, Changes()
        return changes
