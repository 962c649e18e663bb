"""What the layout stage needs to know, worked out once from the options where the graph is built."""

from __future__ import annotations

from functools import cache

import msgspec

from schemas.failures import ConfigurationError
from schemas.options import Device, Options, RunOptions
from transforms.inference.sessions import Chosen, Execution, Precision, resolve_device
from transforms.layout.batches import BatchBounds
from transforms.layout.builtin import weights
from transforms.layout.builtin.model import ModelOptions, OnBatch, measured_bounds
from transforms.layout.detector.detector import Detector
from transforms.layout.detector.spec import DetectorFiles, load_detector, prepare_request
from transforms.layout.networks import DETECTOR, BuiltIn, Model, Networks, Own
from transforms.layout.records import PrepareRequest, Tier
from transforms.runtime.cores import usable_cores
from transforms.runtime.once import made_once
from transforms.stores.any import AnyStore

TIERS: tuple[Tier, ...] = ("full", "graph")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Travels to the workers."""

    device: Device
    precision: Precision
    bounds: BatchBounds
    #: What the parser processes prepare, by tier.
    requests: tuple[tuple[str, PrepareRequest], ...]
    batch_latency: float = 0.0
    #: URI and digest of the user's detector, which then sees the pages of every tier; '' for the built-in networks.
    detector: str = ""
    digest: str = ""
    #: Pages per run of the detector; 0 for what suits the device.
    batch_pages: int = 0


def layout_settings(options: Options) -> Settings:
    """Raises ConfigurationError for a device, a precision or a model that cannot be had."""
    layout, run = options.layout, options.run
    pages = layout.batch_pages
    chosen = _device(run)
    bounds = BatchBounds(image_pages=pages, graph_pages=pages, table_crops=pages) if pages else measured_bounds(chosen)
    found = detector_files(layout.model) if layout.model else None
    if found:
        # A model that does not fit its description stops the run here, not on the workers.
        Detector(found.spec, found.model, Execution(device=run.device, precision=run.precision))
    return Settings(
        device=run.device,
        precision=run.precision,
        bounds=bounds,
        requests=tuple((tier, _request(tier, layout.max_lines, found)) for tier in TIERS),
        batch_latency=layout.batch_latency,
        detector=layout.model,
        digest=found.digest if found else "",
        batch_pages=pages,
    )


def _request(tier: Tier, max_lines: int, found: DetectorFiles | None) -> PrepareRequest:
    return prepare_request(found.spec) if found else weights.prepare_request(tier, max_nodes=max_lines)


@cache
def detector_files(uri: str) -> DetectorFiles:
    """The user's detector and its description. Raises ConfigurationError."""
    return load_detector(uri, _read)


def _read(uri: str) -> bytes:
    with AnyStore().open(uri) as stream:
        return stream.read()


def _device(run: RunOptions) -> Chosen:
    # The machine that posts a job to a cluster may lack what the workers have.
    if run.runner != "direct" and run.device != "auto":
        return Chosen(run.device, run.precision, "asked for on the workers")
    return resolve_device(run.device, run.precision)


@made_once
def load_networks(settings: Settings, on_batch: OnBatch | None = None) -> Networks:
    """The models of this process: one copy, however many steps of the graph use them."""

    def load(tier: Tier) -> Model:
        options = ModelOptions(tier=tier, device=settings.device, precision=settings.precision, bounds=settings.bounds)
        return BuiltIn(options, on_batch)

    def load_own(_: Tier) -> Model:
        return own

    permits = usable_cores()
    if not settings.detector:
        return Networks(load, permits)
    own = Own(_detector(settings), on_batch)
    return Networks(load_own, permits, DETECTOR)


def _detector(settings: Settings) -> Detector:
    found = detector_files(settings.detector)
    if found.digest != settings.digest:
        raise ConfigurationError(f"{settings.detector} changed while the run was starting; start it again")
    execution = Execution(device=settings.device, precision=settings.precision)
    return Detector(found.spec, found.model, execution, settings.batch_pages)
