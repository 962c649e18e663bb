"""Fetching in the graph: planned sources become parts; what turns out unchanged only brings its row up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import apache_beam as beam

from schemas.part import Part
from schemas.plan import Planned
from transforms.fetch.parts import STAGE, OpenSource, settled
from transforms.steps.counts import count_settled, live_counts

TOUCHED = "touched"


class _Fetch(beam.DoFn):
    def __init__(self, open_source: OpenSource, fingerprint: str, run_id: str) -> None:
        self._open, self._fingerprint, self._run_id = open_source, fingerprint, run_id
        self._unchanged = beam.metrics.Metrics.counter(STAGE, "unchanged")

    def setup(self) -> None:
        self._counts = live_counts(self._run_id)

    def process(self, planned: Planned | Part) -> Iterable[Part | beam.pvalue.TaggedOutput]:
        if isinstance(planned, Part):
            return [planned]
        result = settled(planned, self._open, self._fingerprint)
        if isinstance(result, Part):
            return [result]
        count_settled(self._counts, result)
        if result is None or result.failure is None:
            self._unchanged.inc()
        return [] if result is None else [beam.pvalue.TaggedOutput(TOUCHED, result)]


@dataclass(eq=False)
class FetchDocuments(beam.PTransform):
    """Planned sources -> {'parts': documents to work on, fetched or failed, 'touched': unchanged ones with news}.

    Parts among them need no fetching.
    """

    open_source: OpenSource
    fingerprint: str
    run_id: str

    def expand(self, planned: beam.PCollection[Planned | Part]) -> beam.pvalue.DoOutputsTuple:
        """See the class."""
        return planned | beam.ParDo(_Fetch(self.open_source, self.fingerprint, self.run_id)).with_outputs(
            TOUCHED, main="parts"
        )
