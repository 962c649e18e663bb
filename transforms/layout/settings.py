"""What the layout stage needs to know, worked out once from the options where the graph is built."""

from __future__ import annotations

import os
from functools import cache

import msgspec

from schemas.options import Options, RunOptions
from transforms.layout import pymupdf_models
from transforms.layout.batches import BatchBounds
from transforms.layout.devices import Chosen, Device, Precision, resolve_device
from transforms.layout.model import ModelOptions, OnBatch, measured_bounds
from transforms.layout.networks import BuiltIn, Model, Networks
from transforms.layout.records import PrepareRequest, Tier

TIERS: tuple[Tier, ...] = ("full", "graph")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Travels to the workers."""

    device: Device
    precision: Precision
    bounds: BatchBounds
    #: What the parser processes prepare, by tier.
    requests: tuple[tuple[str, PrepareRequest], ...]
    batch_latency: float = 0.0


def layout_settings(options: Options) -> Settings:
    """Raises ConfigurationError for a device, a precision or a model that cannot be had."""
    layout, run = options.layout, options.run
    pages = layout.batch_pages
    chosen = _device(run)
    bounds = BatchBounds(image_pages=pages, graph_pages=pages, table_crops=pages) if pages else measured_bounds(chosen)
    requests = tuple((tier, pymupdf_models.prepare_request(tier, max_nodes=layout.max_lines)) for tier in TIERS)
    return Settings(
        device=run.device,
        precision=run.precision,
        bounds=bounds,
        requests=requests,
        batch_latency=layout.batch_latency,
    )


def _device(run: RunOptions) -> Chosen:
    # The machine that posts a job to a cluster may lack what the workers have.
    if run.runner != "direct" and run.device != "auto":
        return Chosen(run.device, run.precision, "asked for on the workers")
    return resolve_device(run.device, run.precision)


@cache
def load_networks(settings: Settings, on_batch: OnBatch | None = None) -> Networks:
    """The models of this process: one copy, however many steps of the graph use them."""

    def load(tier: Tier) -> Model:
        options = ModelOptions(tier=tier, device=settings.device, precision=settings.precision, bounds=settings.bounds)
        return BuiltIn(options, on_batch)

    return Networks(load, len(os.sched_getaffinity(0)))
