"""Fetching in the graph: sources become parts; what the output already holds is counted and dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import apache_beam as beam

from schemas.part import Part
from schemas.source import SourceRef
from transforms.fetch.parts import STAGE, OpenSource, fetched_part, is_unchanged
from transforms.runtime.counts import live_counts


class _Fetch(beam.DoFn):  # type: ignore[misc]
    def __init__(self, open_source: OpenSource, fingerprint: str, run_id: str) -> None:
        self._open, self._fingerprint, self._run_id = open_source, fingerprint, run_id
        self._unchanged = beam.metrics.Metrics.counter(STAGE, "unchanged")

    def setup(self) -> None:
        self._counts = live_counts(self._run_id)

    def process(self, ref: SourceRef, known: Mapping[str, str]) -> Iterable[Part]:
        part = fetched_part(ref, self._open, self._fingerprint)
        if is_unchanged(part, known):
            self._unchanged.inc()
            self._counts.add(documents=1, documents_unchanged=1)
            return []
        return [part]


@dataclass(eq=False)
class FetchDocuments(beam.PTransform):  # type: ignore[misc]
    """Sources -> parts (fetched or failed) for all documents that are new, changed or worth another try.

    `known` is a side input: document id -> content hash of what the output holds under this fingerprint.
    """

    open_source: OpenSource
    known: beam.pvalue.AsDict
    fingerprint: str
    run_id: str

    def expand(self, sources: beam.PCollection[SourceRef]) -> beam.PCollection[Part]:
        """See the class."""
        return sources | beam.ParDo(_Fetch(self.open_source, self.fingerprint, self.run_id), self.known)
