"""Writing in the graph: rows collect in staged files per bundle; one commit per table ends the run."""

from __future__ import annotations

import posixpath
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import apache_beam as beam
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from schemas.failures import OutputError
from schemas.options import WriteOptions
from schemas.part import Part, TableBatch
from schemas.plan import Changes, Known, RunFacts
from schemas.tables import TABLES
from transforms.runtime.beam_stores import require_file_system
from transforms.runtime.counts import live_counts
from transforms.runtime.pool import PoolOptions, shared_pool
from transforms.runtime.uris import is_local
from transforms.write.catalog import STAGING, open_catalog
from transforms.write.commit import Committer, gathered
from transforms.write.files import TableFiles
from transforms.write.known import known_files, known_rows
from transforms.write.staging import hold
from transforms.write.task import rows_of_part

#: Bytes of rows of one table that wait in memory in one thread.
GROUP_BYTES = 2 << 20


class BeamStorage:
    """`Storage` on every file system that Beam knows."""

    def create(self, path: str) -> IO[bytes]:
        """See `Storage.create`."""
        with output_errors(path):
            return FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED)  # type: ignore[no-any-return]

    def open(self, path: str) -> IO[bytes]:
        """See `Storage.open`."""
        with output_errors(path):
            return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)  # type: ignore[no-any-return]

    def move(self, source: str, target: str) -> None:
        """See `Storage.move`."""
        with output_errors(target):
            if not FileSystems.exists(source) and FileSystems.exists(target):
                return
            folder = posixpath.dirname(target)
            if "://" not in folder and not FileSystems.exists(folder):
                FileSystems.mkdirs(folder)
            FileSystems.rename([source], [target])

    def move_all(self, places: Mapping[str, str]) -> None:
        """See `Storage.move_all`."""
        if places:
            with output_errors(next(iter(places.values()))):
                FileSystems.rename(list(places), list(places.values()))

    def delete(self, path: str) -> None:
        """See `Storage.delete`."""
        with output_errors(path):
            if "://" in path:
                # A folder of an object store is nothing but a prefix of names.
                found = FileSystems.match([path, posixpath.join(path, "**")])
                names = [meta.path for match in found for meta in match.metadata_list]
                if names:
                    FileSystems.delete(names)
            elif FileSystems.exists(path):
                FileSystems.delete([path])

    def list(self, prefix: str) -> list[str]:
        """See `Storage.list`."""
        with output_errors(prefix):
            found = FileSystems.match([posixpath.join(prefix, "*")])[0].metadata_list
        return sorted(meta.path for meta in found)


class output_errors:
    """Turn errors of the file system into OutputError: nothing can be right when the output is broken."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        if not is_local(self._path):
            require_file_system(self._path)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, BeamIOError | OSError):
            raise OutputError(f"cannot write {self._path}: {error}; check the path and its permissions") from error


class _StageRows(beam.DoFn):  # type: ignore[misc]
    """Part -> what each bundle adds to the commit."""

    def __init__(self, options: WriteOptions, run_id: str, pool: PoolOptions, lasting: bool) -> None:
        self._options, self._run_id, self._pool_options, self._lasting = options, run_id, pool, lasting

    def setup(self) -> None:
        self._pool = shared_pool(self._pool_options)
        self._counts = live_counts(self._run_id)
        if not self._lasting:
            with output_errors(self._options.output):
                hold(self._options.output, self._run_id)

    def start_bundle(self) -> None:
        self._open()

    def _open(self) -> None:
        bundle = uuid.uuid4().hex[:12]
        staging = posixpath.join(self._options.output, STAGING, self._run_id)
        bounds = (self._options.file_bytes, self._options.row_group_rows, GROUP_BYTES)
        storage = BeamStorage()
        self._files = {
            name: TableFiles(
                name,
                posixpath.join(staging, name, f"part-{self._run_id}-{bundle}"),
                self._options.format,
                storage.create,
                bounds,
            )
            for name in TABLES
        }
        self._changes = Changes()

    def process(self, part: Part) -> Iterator[Changes]:
        batch = rows_of_part(part, self._run_id, self._pool)
        if batch.doc_id in self._changes.doc_ids:
            # In a stream a document may come again: its versions go into files of their own, and replace each other.
            yield self._closed()
            self._open()
        self._take(batch)

    def _take(self, batch: TableBatch) -> None:
        with output_errors(self._options.output):
            for name, rows in batch.tables.items():
                self._changes.files += self._files[name].add(rows)
        self._changes.doc_ids.append(batch.doc_id)
        if not batch.chunks:
            self._changes.emptied.append(batch.doc_id)
        counts = {f"documents_{batch.status}": 1, "pages": batch.pages, "chunks": batch.chunks}
        self._counts.add(documents=1, failures=batch.failures, **counts)
        for name, amount in counts.items():
            beam.metrics.Metrics.counter("write", name).inc(amount)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        changes = self._closed()
        if changes.doc_ids:
            yield WindowedValue(changes, GlobalWindow().max_timestamp(), [GlobalWindow()])

    def _closed(self) -> Changes:
        with output_errors(self._options.output):
            for files in self._files.values():
                self._changes.files += files.close()
        return self._changes


@dataclass(eq=False)
class StageTables(beam.PTransform):  # type: ignore[misc]
    """Parts -> staged files and whose rows they replace, one element per bundle."""

    options: WriteOptions
    run_id: str
    pool: PoolOptions
    #: Whether the files wait for their commit although the process that wrote them ends.
    lasting: bool = False

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Changes]:
        """See the class."""
        return parts | beam.ParDo(_StageRows(self.options, self.run_id, self.pool, self.lasting))


@dataclass(eq=False)
class ReadKnown(beam.PTransform):  # type: ignore[misc]
    """PBegin -> what the output holds of each document, as planning needs it. Files are read side by side."""

    options: WriteOptions
    fingerprint: str

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[Known]:
        """See the class."""
        root, kind = self.options.output, self.options.format
        return (
            begin
            | "Output" >> beam.Create([root])
            | "Files" >> beam.FlatMap(lambda path: known_files(path, kind, BeamStorage()))
            | "SpreadFiles" >> beam.Reshuffle()
            | "Rows" >> beam.FlatMap(known_rows, kind, BeamStorage(), self.fingerprint)
        )


@dataclass(eq=False)
class CommitTables(beam.PTransform):  # type: ignore[misc]
    """Everything that a run changes -> the new version of each table that did, once: dict by table name."""

    options: WriteOptions
    facts: RunFacts
    #: Claims of other runs when this one was planned.
    seen: int | None = None
    tombstones: bool = False

    def expand(self, changes: beam.PCollection[Changes]) -> beam.PCollection[dict[str, int]]:
        """See the class."""
        return (
            changes
            | "ToOneKey" >> beam.Map(lambda some: (None, some))
            | "Gather" >> beam.GroupByKey()
            | "Commit" >> beam.MapTuple(lambda _, some: self.commit(some))
        )

    def commit(self, some: Iterable[Changes]) -> dict[str, int]:
        """The same without a graph."""
        target = committer(self.options, self.facts, self.seen, tombstones=self.tombstones)
        target.catalog.prepare()
        return target.commit(gathered(some))


def committer(
    options: WriteOptions, facts: RunFacts, seen: int | None = None, *, tombstones: bool = False
) -> Committer:
    """The committer of a run."""
    storage: Any = BeamStorage()
    return Committer(
        root=options.output,
        format=options.format,
        facts=facts,
        storage=storage,
        catalog=open_catalog(options.output, options.format, storage),
        seen=seen,
        tombstones=tombstones,
    )
