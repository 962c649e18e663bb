"""The graph, the command line, the options file and the run report.

Three functions are the library: `build` adds the graph to a Beam pipeline, `ingest` runs it on this machine (it is
`run` of the module of that name), `extract_document` reads one document without Beam.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beam_pipeline.extract import extract_document
    from beam_pipeline.pipeline import build
    from beam_pipeline.run import run as ingest

__all__ = ["build", "extract_document", "ingest"]


def __getattr__(name: str) -> Any:
    # Beam takes seconds to import: only who asks for a function pays for what it needs.
    match name:
        case "build":
            return import_module("beam_pipeline.pipeline").build
        case "extract_document":
            return import_module("beam_pipeline.extract").extract_document
        case "ingest":
            # Not exported as `run`: importing the module would put the module in the function's place.
            return import_module("beam_pipeline.run").run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
