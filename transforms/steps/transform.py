"""The step that every stage is built from: call a plain function for each part, under the guard, beside the pool."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.metrics import MetricsFilter
from apache_beam.metrics.metric import MetricResults
from apache_beam.runners.runner import PipelineResult

from schemas.part import Part
from transforms.sandbox.pool import PoolOptions, shared_pool
from transforms.steps.parts import PartFunction, worked

#: Namespace of the counters of batch sizes: 'image.8' counts the runs of the image network with 8 pages.
BATCHES = "docbeam.batches"


class _DoPart(beam.DoFn):
    def __init__(self, stage: str, function: PartFunction, options: PoolOptions) -> None:
        self._stage, self._function, self._options = stage, function, options
        self._failures = beam.metrics.Metrics.counter(stage, "failures")
        self._done = beam.metrics.Metrics.counter(stage, "done")

    def setup(self) -> None:
        self._pool = shared_pool(self._options)

    def process(self, part: Part) -> Iterable[Part]:
        result = worked(self._stage, self._function, part, self._pool)
        if part.failure is None:
            (self._failures if result and result[0].failure else self._done).inc()
        return result


def for_each_part(stage: str, function: PartFunction, options: PoolOptions) -> beam.PTransform:
    """PCollection[Part] -> PCollection[Part]. Failed parts pass through untouched."""
    return beam.ParDo(_DoPart(stage, function, options))


def squeeze(part: Part) -> bytes:
    """A part for a shuffle, compressed: the local runner keeps what waits there in memory, clusters send it about.

    Pickled, since messages of failures may quote names that are no Unicode.
    """
    return zlib.compress(pickle.dumps(part, pickle.HIGHEST_PROTOCOL), 1)


def unsqueeze(data: bytes) -> Part:
    """The part again."""
    part: Part = pickle.loads(zlib.decompress(data))
    return part


@dataclass(eq=False)
class SpreadParts(beam.PTransform):
    """The same parts, on any worker."""

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Part]:
        """See the class."""
        return parts | "Squeeze" >> beam.Map(squeeze) | beam.Reshuffle() | "Unsqueeze" >> beam.Map(unsqueeze)


@dataclass(eq=False)
class JoinParts(beam.PTransform):
    """Parts of documents -> one part per document."""

    join: Callable[[Iterable[Part]], Part]

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Part]:
        """See the class."""
        return (
            parts
            | "KeyByDocument" >> beam.Map(lambda part: (part.info.doc_id, squeeze(part)))
            | "Group" >> beam.GroupByKey()
            | "Join" >> beam.MapTuple(lambda _, group: self.join(unsqueeze(data) for data in group))
        )


def count_batch(network: str, size: int) -> None:
    """Note a run of a network with so many pages, tables or lines. Call it from a step of the graph."""
    beam.metrics.Metrics.counter(BATCHES, f"{network}.{size}").inc()


def batch_sizes(result: PipelineResult) -> dict[str, dict[int, int]]:
    """How often each network ran with how many pages, from the metrics of a finished run."""
    sizes: dict[str, dict[int, int]] = {}
    counters = result.metrics().query(MetricsFilter().with_namespace(BATCHES))[MetricResults.COUNTERS]
    for counter in counters:
        network, _, size = counter.key.metric.name.rpartition(".")
        of_network = sizes.setdefault(network, {})
        of_network[int(size)] = of_network.get(int(size), 0) + counter.result
    return sizes
