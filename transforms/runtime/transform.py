"""The step that every stage is built from: call a plain function for each part, under the guard, beside the pool."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import apache_beam as beam
import msgspec

from schemas.failures import Failure
from schemas.part import Part
from transforms.runtime.guard import guarded
from transforms.runtime.pool import ParserPool, PoolOptions, shared_pool


class PartFunction(Protocol):
    """A stage's work on one part; native code runs through `pool.call`."""

    def __call__(self, part: Part, pool: ParserPool) -> Iterable[Part]:
        """The parts that come of it. May raise anything: the guard turns it into the part's failure."""
        ...


class _DoPart(beam.DoFn):  # type: ignore[misc]
    def __init__(self, stage: str, function: PartFunction, options: PoolOptions) -> None:
        self._stage, self._function, self._options = stage, function, options
        self._failures = beam.metrics.Metrics.counter(stage, "failures")
        self._done = beam.metrics.Metrics.counter(stage, "done")

    def setup(self) -> None:
        self._pool = shared_pool(self._options)

    def process(self, part: Part) -> Iterable[Part]:
        if part.failure is not None:
            return [part]
        result = guarded(self._stage, lambda: list(self._function(part, self._pool)))
        if isinstance(result, Failure):
            self._failures.inc()
            return [msgspec.structs.replace(part, payload=b"", failure=result)]
        self._done.inc()
        return result


def for_each_part(stage: str, function: PartFunction, options: PoolOptions) -> beam.PTransform:
    """PCollection[Part] -> PCollection[Part]. Failed parts pass through untouched."""
    return beam.ParDo(_DoPart(stage, function, options))
