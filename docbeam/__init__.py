"""docbeam for programs: everything public under one name.

    import docbeam

    document = docbeam.extract_document("report.pdf")
    print(document.to_markdown())

`docbeam.run` runs everything on this machine, `docbeam.build` adds the graph to a Beam pipeline, `docbeam.Options` and
its sections say how. Names are imported when they are first used; Beam comes with the functions that need it.

A project may have a `schemas.py`, a `transforms` folder and so on of its own: see `docbeam.own_names`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from docbeam.own_names import install

if TYPE_CHECKING:
    from beam_pipeline.extract import ExtractedDocument, extract_document
    from beam_pipeline.graph.pipeline import build
    from beam_pipeline.jobs.local_run import run
    from schemas.content import BlockType, Cell, PageStatus
    from schemas.document import Chunk, Document, DocumentStatus, Element, Page
    from schemas.failures import Category, ConfigurationError, DocbeamError, DocumentError, Failure, OutputError
    from schemas.geometry import Box
    from schemas.options import (
        ChunkOptions,
        ExtractOptions,
        FetchOptions,
        LayoutOptions,
        OcrOptions,
        Options,
        PlanOptions,
        RunOptions,
        SourceOptions,
        Strategy,
        StreamOptions,
        WriteOptions,
    )
    from schemas.report import RunReport

__all__ = [
    "BlockType",
    "Box",
    "Category",
    "Cell",
    "Chunk",
    "ChunkOptions",
    "ConfigurationError",
    "DocbeamError",
    "Document",
    "DocumentError",
    "DocumentStatus",
    "Element",
    "ExtractOptions",
    "ExtractedDocument",
    "Failure",
    "FetchOptions",
    "LayoutOptions",
    "OcrOptions",
    "Options",
    "OutputError",
    "Page",
    "PageStatus",
    "PlanOptions",
    "RunOptions",
    "RunReport",
    "SourceOptions",
    "Strategy",
    "StreamOptions",
    "WriteOptions",
    "build",
    "extract_document",
    "run",
]

_FUNCTIONS = {
    "ExtractedDocument": "beam_pipeline.extract",
    "build": "beam_pipeline.graph.pipeline",
    "extract_document": "beam_pipeline.extract",
    "run": "beam_pipeline.jobs.local_run",
}
#: Modules of `schemas` that have the records.
_RECORDS = ("options", "document", "content", "failures", "geometry", "report")

install()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'docbeam' has no attribute {name!r}")
    homes = [_FUNCTIONS[name]] if name in _FUNCTIONS else [f"schemas.{module}" for module in _RECORDS]
    found = (vars(import_module(f"docbeam.{home}")).get(name) for home in homes)
    value = globals()[name] = next(value for value in found if value is not None)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
