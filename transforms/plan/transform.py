"""Planning in the graph: one join of what is listed with what the output holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from schemas.part import Part
from schemas.plan import Changes, Known, Planned, Root
from schemas.source import SourceRef
from transforms.plan.blocks import CLUSTER, Packed, Packer, known_id, ref_id
from transforms.plan.join import Join
from transforms.plan.recall import STAGE, Recall
from transforms.sandbox.pool import PoolOptions, shared_pool
from transforms.steps.counts import count_planned, live_counts
from transforms.steps.transform import for_each_part

CHANGES = "changes"
RECALLED = "recalled"


class _Pack(beam.DoFn):
    """Records -> (key, block)."""

    def __init__(self, doc_id: Callable[[Any], bytes]) -> None:
        self._doc_id = doc_id

    def start_bundle(self) -> None:
        self._packer: Packer[Any] = Packer(CLUSTER, self._doc_id)

    def process(self, record: Any) -> Iterator[tuple[int, Packed]]:
        for block in self._packer.add(record):
            yield block[0] % CLUSTER.shards, block

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for block in self._packer.rest():
            keyed = block[0] % CLUSTER.shards, block
            yield WindowedValue(keyed, GlobalWindow().max_timestamp(), [GlobalWindow()])


class _Join(beam.DoFn):
    def __init__(self, join: Join, run_id: str) -> None:
        self._join, self._run_id = join, run_id

    def setup(self) -> None:
        self._counts = live_counts(self._run_id)

    def process(
        self, group: tuple[int, dict[str, Iterable[Packed]]], roots: Iterable[Root]
    ) -> Iterator[Planned | beam.pvalue.TaggedOutput]:
        for outcome in self._join.outcomes(group[1]["listed"], group[1]["known"], roots):
            if isinstance(outcome, Planned):
                yield outcome
            else:
                self._tell(outcome)
                yield beam.pvalue.TaggedOutput(CHANGES, outcome)

    def _tell(self, changes: Changes) -> None:
        count_planned(self._counts, changes)
        for name, amount in changes.counts.items():
            beam.metrics.Metrics.counter("plan", name).inc(amount)


@dataclass(eq=False)
class PlanDocuments(beam.PTransform):
    """(listed, known, roots) -> {'work': what to fetch, large documents first, 'changes': what changes without it}.

    The join is a CoGroupByKey of blocks of documents: see `transforms.plan.blocks`.
    """

    join: Join
    run_id: str

    def expand(
        self, sides: tuple[beam.PCollection[SourceRef], beam.PCollection[Known], beam.PCollection[Root]]
    ) -> beam.pvalue.DoOutputsTuple:
        """See the class."""
        refs, known, roots = sides
        return (
            {
                "listed": refs | "PackListed" >> beam.ParDo(_Pack(ref_id)),
                "known": known | "PackKnown" >> beam.ParDo(_Pack(known_id)),
            }
            | "Join" >> beam.CoGroupByKey()
            | "Decide"
            >> beam.ParDo(_Join(self.join, self.run_id), beam.pvalue.AsList(roots)).with_outputs(CHANGES, main="work")
        )


#: Work that this process planned, by run, as long as its HandOver lives. The threads of the local runner share it; the
#: workers of other runners do not.
_HANDED_OVER: WeakValueDictionary[str, deque[Planned | Part]] = WeakValueDictionary()


class _TakeOver(beam.DoFn):
    def __init__(self, run_id: str) -> None:
        self._run_id = run_id

    def process(self, _: object) -> Iterator[Planned | Part]:
        work = _HANDED_OVER[self._run_id]
        while work:
            yield work.popleft()


@dataclass(eq=False)
class HandOver(beam.PTransform):
    """PBegin -> documents to work on that were planned before the graph, in the process that runs it.

    Parts among them are fetched already. `work` is empty afterwards: what is on its way need not be kept here, too.
    """

    work: deque[Planned | Part]
    run_id: str

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[Planned | Part]:
        """See the class."""
        _HANDED_OVER[self.run_id] = self.work
        return begin | beam.Impulse() | beam.ParDo(_TakeOver(self.run_id))


class _RecallUnfetched(beam.DoFn):
    def __init__(self, recall: Recall, fingerprint: str, pool: PoolOptions) -> None:
        self._recall, self._fingerprint, self._pool_options = recall, fingerprint, pool

    def setup(self) -> None:
        self._pool = shared_pool(self._pool_options)

    def process(self, planned: Planned | Part) -> list[Planned | Part]:
        if isinstance(planned, Part):
            return [planned]
        return [self._recall.unfetched(planned, self._fingerprint, self._pool) or planned]


@dataclass(eq=False)
class RecallUnfetched(beam.PTransform):
    """Planned documents -> the same, or parts with the Document of those that need not be fetched again."""

    recall: Recall
    fingerprint: str
    pool: PoolOptions

    def expand(self, planned: beam.PCollection[Planned | Part]) -> beam.PCollection[Planned | Part]:
        """See the class."""
        return planned | beam.ParDo(_RecallUnfetched(self.recall, self.fingerprint, self.pool))


@dataclass(eq=False)
class RecallDocuments(beam.PTransform):
    """Fetched parts -> {'parts': those to extract, 'recalled': those with the Document that an earlier run kept}."""

    recall: Recall
    pool: PoolOptions

    def expand(self, parts: beam.PCollection[Part]) -> beam.pvalue.DoOutputsTuple:
        """See the class."""
        return (
            parts
            | "Recall" >> for_each_part(STAGE, self.recall.recall, self.pool)
            | "Found" >> beam.ParDo(_by_payload).with_outputs(RECALLED, main="parts")
        )


@dataclass(eq=False)
class KeepDocuments(beam.PTransform):
    """Parts with a Document -> the same, kept for later runs."""

    recall: Recall
    pool: PoolOptions

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Part]:
        """See the class."""
        return parts | for_each_part(STAGE, self.recall.keep, self.pool)


def _by_payload(part: Part) -> list[Part | beam.pvalue.TaggedOutput]:
    return [beam.pvalue.TaggedOutput(RECALLED, part) if part.payload else part]
