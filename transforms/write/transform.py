"""Writing in the graph: rows collect in staged files per bundle; one commit per table ends the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from schemas.options import WriteOptions
from schemas.part import Part, TableBatch
from schemas.plan import Changes, Known
from schemas.versions import Fingerprints
from transforms.lake.known import known_files, known_rows
from transforms.sandbox.pool import PoolOptions, shared_pool
from transforms.steps.counts import count_settled, count_written, live_counts
from transforms.stores.any import storage_of
from transforms.stores.base import output_errors
from transforms.stores.staging import hold
from transforms.write.commit import Commit
from transforms.write.parts import kept, rows_of_part
from transforms.write.portions import portions_here
from transforms.write.stager import Stager


class _StageRows(beam.DoFn):
    """Part -> what each bundle adds to the commit."""

    def __init__(
        self, options: WriteOptions, run_id: str, pool: PoolOptions, versions: Fingerprints, lasting: bool
    ) -> None:
        self._options, self._run_id, self._pool_options, self._lasting = options, run_id, pool, lasting
        self._versions = versions

    def setup(self) -> None:
        self._pool = shared_pool(self._pool_options)
        self._counts = live_counts(self._run_id)
        self._portions = portions_here(self._run_id)
        if not self._lasting and self._portions is None:
            with output_errors(self._options.output):
                hold(self._options.output, self._run_id)

    def start_bundle(self) -> None:
        self._stager = Stager(self._options, self._run_id)

    def process(self, part: Part) -> Iterator[Changes]:
        if (touch := kept(part)) is not None:
            count_settled(self._counts, touch)
            yield Changes(touched=[touch])
            return
        batch = rows_of_part(part, self._run_id, self._pool, self._versions)
        if self._portions is not None:
            # All bundles of this process stage together; what they staged is not news to the graph.
            if self._portions.add(batch):
                self._count(batch)
            return
        if self._stager.holds(batch.doc_id):
            # In a stream a document may come again: its versions go into files of their own, and replace each other.
            yield self._stager.close()
            self.start_bundle()
        self._stager.add(batch)
        self._count(batch)

    def _count(self, batch: TableBatch) -> None:
        for name, amount in count_written(self._counts, batch).items():
            beam.metrics.Metrics.counter("write", name).inc(amount)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        changes = self._stager.close()
        if changes.doc_ids:
            yield WindowedValue(changes, GlobalWindow().max_timestamp(), [GlobalWindow()])


@dataclass(eq=False)
class StageTables(beam.PTransform):
    """Parts -> staged files and whose rows they replace, one element per bundle."""

    options: WriteOptions
    run_id: str
    pool: PoolOptions
    versions: Fingerprints
    #: Whether the files wait for their commit although the process that wrote them ends.
    lasting: bool = False

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Changes]:
        """See the class."""
        return parts | beam.ParDo(_StageRows(self.options, self.run_id, self.pool, self.versions, self.lasting))


@dataclass(eq=False)
class KeepHere(beam.PTransform):
    """What bundles of this process's run change besides staged files -> nothing: its portions take it."""

    run_id: str

    def expand(self, changes: beam.PCollection[Changes]) -> beam.PCollection[None]:
        """See the class."""
        return changes | beam.FlatMap(_noted, self.run_id)


def _noted(changes: Changes, run_id: str) -> Iterator[None]:
    portions = portions_here(run_id)
    assert portions is not None
    portions.note(changes)
    return iter(())


@dataclass(eq=False)
class ReadKnown(beam.PTransform):
    """PBegin -> what the output holds of each document, as planning needs it. Files are read side by side."""

    options: WriteOptions
    versions: Fingerprints

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[Known]:
        """See the class."""
        root, kind = self.options.output, self.options.format
        return (
            begin
            | "Output" >> beam.Create([root])
            | "Files" >> beam.FlatMap(lambda path: known_files(path, kind, storage_of(path)))
            | "SpreadFiles" >> beam.Reshuffle()
            | "Rows" >> beam.FlatMap(known_rows, kind, storage_of(root), self.versions)
        )


@dataclass(eq=False)
class CommitTables(beam.PTransform):
    """Everything that a run changes -> the new version of each table that did, once: dict by table name."""

    commit: Commit

    def expand(self, changes: beam.PCollection[Changes]) -> beam.PCollection[dict[str, int]]:
        """See the class."""
        return (
            changes
            | "ToOneKey" >> beam.Map(lambda some: (None, some))
            | "Gather" >> beam.GroupByKey()
            | "Commit" >> beam.MapTuple(lambda _, some: self.commit(some))
        )
