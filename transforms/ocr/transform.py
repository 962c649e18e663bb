"""OCR in the graph: pages to read leave their document, are read a few at a time on any worker, and return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import ModelHandler, RunInference

from schemas.part import Part
from transforms.ocr.engines import OcrEngine
from transforms.ocr.parts import STAGE, ScanReader, join_scans, merge_part, read_parts, split_scans
from transforms.ocr.settings import Settings, load_engine
from transforms.sandbox.pool import PoolOptions
from transforms.steps.reopen import OpenSource
from transforms.steps.transform import JoinParts, SpreadParts, count_batch, for_each_part


@dataclass(eq=False)
class SortScans(beam.PTransform):
    """Extracted parts -> {'text': parts that need no OCR, 'scans': parts with pages to read}."""

    def expand(self, parts: beam.PCollection[Part]) -> beam.pvalue.DoOutputsTuple:
        """See the class."""
        return parts | beam.ParDo(_by_scans).with_outputs("scans", main="text")


@dataclass(eq=False)
class ReadScans(beam.PTransform):
    """Extracted parts with `scans` -> the same documents with these pages read."""

    settings: Settings
    open_source: OpenSource
    pool: PoolOptions
    #: For the engine's step only, such as the accelerator it needs.
    hints: Mapping[str, Any]

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Part]:
        """See the class."""
        settings = self.settings
        reader = ScanReader(
            options=settings.options,
            engine=settings.engine,
            batched=settings.batched,
            open_source=self.open_source,
        )
        groups = (
            parts
            | "Split" >> beam.FlatMap(split_scans)
            | "Spread" >> SpreadParts()
            | "Prepare" >> for_each_part(STAGE, reader, self.pool)
        )
        if settings.batched:
            merge = partial(merge_part, engine=settings.engine, options=settings.options)
            groups = (
                groups
                | "Read" >> RunInference(ScansHandler(settings, self.hints))
                | "Merge" >> for_each_part(STAGE, merge, self.pool)
            )
        return groups | "Join" >> JoinParts(join_scans)


class ScansHandler(ModelHandler[Part, Part, OcrEngine]):
    """Parts in, parts out: page images of any documents are read together."""

    def __init__(self, settings: Settings, hints: Mapping[str, Any]) -> None:
        pages = settings.batch_pages
        super().__init__(min_batch_size=pages, max_batch_size=pages, element_size_fn=_pages)
        self._settings, self._hints = settings, dict(hints)

    def load_model(self) -> OcrEngine:
        """One per process; networks are loaded when the first page comes."""
        return load_engine(self._settings, count_batch)

    def run_inference(
        self, batch: Sequence[Part], model: OcrEngine, inference_args: dict[str, Any] | None = None
    ) -> Iterable[Part]:
        """See `read_parts`. Never raises for a page."""
        return list(read_parts(batch, model, self._settings.options))

    def get_num_bytes(self, batch: Sequence[Part]) -> int:
        """Bytes of the page images."""
        return sum(len(part.layout) for part in batch)

    def get_metrics_namespace(self) -> str:
        """Beside the other metrics of the stage."""
        return STAGE

    def get_resource_hints(self) -> dict[str, Any]:
        """The accelerator."""
        return self._hints


def _by_scans(part: Part) -> list[Part | beam.pvalue.TaggedOutput]:
    wanted = part.scans and part.failure is None
    return [beam.pvalue.TaggedOutput("scans", part) if wanted else part]


def _pages(part: Part) -> int:
    return max(1, len(part.scans))
