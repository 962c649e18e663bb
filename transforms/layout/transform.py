"""The layout models in the graph: RunInference over parts, batches of pages across documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import ModelHandler, RunInference

from schemas.part import Part
from transforms.layout.batches import BatchBounds
from transforms.layout.networks import STAGE, Networks
from transforms.layout.parts import PartPreparer, see_parts
from transforms.layout.settings import Settings, load_networks
from transforms.sandbox.pool import PoolOptions
from transforms.steps.reopen import OpenSource
from transforms.steps.transform import count_batch, for_each_part


@dataclass(eq=False)
class SeePages(beam.PTransform):
    """Parts with needs -> the same parts with what the models saw as `layout`."""

    settings: Settings
    open_source: OpenSource
    pool: PoolOptions
    #: For the models' step only, such as the accelerator it needs.
    hints: Mapping[str, Any]

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Part]:
        """See the class."""
        preparer = PartPreparer(open_source=self.open_source, requests=dict(self.settings.requests))
        return (
            parts
            | "Prepare" >> for_each_part(STAGE, preparer, self.pool)
            | "See" >> RunInference(PagesHandler(self.settings, self.hints))
        )


class PagesHandler(ModelHandler[Part, Part, Networks]):
    """Parts in, parts out: Beam batches parts by their pages, the networks flatten them into batches of their own."""

    def __init__(self, settings: Settings, hints: Mapping[str, Any]) -> None:
        super().__init__(**_batching(settings.bounds, settings.batch_latency))
        self._settings, self._hints = settings, dict(hints)

    def load_model(self) -> Networks:
        """One per process, shared by its threads; sessions are made when the first page comes."""
        return load_networks(self._settings, count_batch)

    def run_inference(
        self, batch: Sequence[Part], model: Networks, inference_args: dict[str, Any] | None = None
    ) -> Iterable[Part]:
        """See `see_parts`. Never raises for a page: what a model fails on stays with geometry."""
        if batch:
            count_batch("documents", len({part.info.doc_id for part in batch}))
        return list(see_parts(batch, model))

    def get_num_bytes(self, batch: Sequence[Part]) -> int:
        """Bytes of the prepared pages."""
        return sum(len(part.layout) for part in batch)

    def get_metrics_namespace(self) -> str:
        """Beside the other metrics of the stage."""
        return STAGE

    def get_resource_hints(self) -> dict[str, Any]:
        """The accelerator."""
        return self._hints


def _batching(bounds: BatchBounds, latency: float) -> dict[str, Any]:
    """Batches of parts that fill the largest batch of pages; with a latency they may wait for later bundles."""
    pages = max(bounds.image_pages, bounds.graph_pages)
    kwargs: dict[str, Any] = {"min_batch_size": pages, "max_batch_size": pages, "element_size_fn": _pages}
    return kwargs | ({"max_batch_duration_secs": latency} if latency else {})


def _pages(part: Part) -> int:
    return max(1, len(part.needs))
