"""What the OCR stage needs to know, worked out once from the options where the graph is built."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from schemas.options import Device, OcrOptions, Options
from transforms.ocr.engines import ONNX, Choice, OcrEngine, check_engine, choose_engine, engine_named
from transforms.ocr.parts import GROUP_PAGES
from transforms.runtime.once import made_once

if TYPE_CHECKING:
    from transforms.ocr.onnx.engine import OnBatch

#: Pages whose images wait together for an engine that reads in batches. A CPU gains nothing from large ones, and a page
#: takes it seconds: few at a time show that it works.
CPU_PAGES, GPU_PAGES = GROUP_PAGES, 32


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Travels to the workers."""

    options: OcrOptions
    engine: str
    #: Whether the engine reads in the worker process, in batches of `batch_pages`.
    batched: bool
    batch_pages: int
    device: Device
    precision: str


def ocr_choice(options: Options) -> Choice:
    """The engine of a run; raises ConfigurationError when it cannot read as asked."""
    return _choice(options.ocr)


@cache
def _choice(options: OcrOptions) -> Choice:
    # Asking Tesseract for its languages starts a process.
    choice = choose_engine(options)
    check_engine(options, choice)
    return choice


def ocr_settings(options: Options) -> Settings:
    """Raises ConfigurationError for an engine that is not here or cannot read the languages."""
    engine = ocr_choice(options).engine
    return Settings(
        options=options.ocr,
        engine=engine,
        batched=engine_named(engine).batched,
        batch_pages=GPU_PAGES if has_gpu(options.run.device) else CPU_PAGES,
        device=options.run.device,
        precision=options.run.precision,
    )


def has_gpu(device: str) -> bool:
    """Whether models would run on a GPU here."""
    spec = None if device in ("cpu", "openvino") else find_spec("onnxruntime")
    folders = spec.submodule_search_locations or [] if spec else []
    # Its provider is a library of its own; importing onnxruntime only to ask takes a while.
    return any(any(Path(folder, "capi").glob("*onnxruntime_providers_cuda.*")) for folder in folders)


@made_once
def load_engine(settings: Settings, on_batch: OnBatch | None = None) -> OcrEngine:
    """The engine of this process."""
    if settings.engine == ONNX:
        from transforms.ocr.onnx.engine import OnnxOcr

        return OnnxOcr(settings.device, settings.precision, on_batch=on_batch)
    return engine_named(settings.engine)
