"""Extraction in the graph: small documents stay in their bundle, page ranges of large ones spread over the workers."""

from __future__ import annotations

from dataclasses import dataclass

import apache_beam as beam

from schemas.options import ExtractOptions
from schemas.part import Part
from transforms.extract.child import Judge
from transforms.extract.missing import STAGE
from transforms.extract.parts import PartExtractor, needs_reading
from transforms.sandbox.pool import PoolOptions
from transforms.steps.reopen import OpenSource
from transforms.steps.transform import SpreadParts, for_each_part


@dataclass(eq=False)
class ExtractWhole(beam.PTransform):
    """Fetched parts -> {'whole': extracted parts, 'ranges': unread page ranges of large documents}."""

    options: ExtractOptions
    open_source: OpenSource
    pool: PoolOptions
    judge: Judge | None = None

    def expand(self, parts: beam.PCollection[Part]) -> beam.pvalue.DoOutputsTuple:
        """See the class."""
        extractor = PartExtractor(options=self.options, open_source=self.open_source, judge=self.judge)
        return (
            parts
            | "Read" >> for_each_part(STAGE, extractor.whole, self.pool)
            | "Split" >> beam.ParDo(_by_size).with_outputs("ranges", main="whole")
        )


@dataclass(eq=False)
class ExtractRanges(beam.PTransform):
    """Unread page ranges -> extracted ranges, on any worker."""

    options: ExtractOptions
    open_source: OpenSource
    pool: PoolOptions
    judge: Judge | None = None

    def expand(self, ranges: beam.PCollection[Part]) -> beam.PCollection[Part]:
        """See the class."""
        extractor = PartExtractor(options=self.options, open_source=self.open_source, judge=self.judge)
        return ranges | "Spread" >> SpreadParts() | "Read" >> for_each_part(STAGE, extractor.page_range, self.pool)


def _by_size(part: Part) -> list[Part | beam.pvalue.TaggedOutput]:
    return [beam.pvalue.TaggedOutput("ranges", part) if needs_reading(part) else part]
