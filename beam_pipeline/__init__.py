"""The graph, the command line, the options file and the run report.

Three functions are the library: `build` adds the graph to a Beam pipeline, `run` runs it on this machine,
`extract_document` reads one document without Beam.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beam_pipeline.extract import extract_document
    from beam_pipeline.local_run import run
    from beam_pipeline.pipeline import build

__all__ = ["build", "extract_document", "run"]


def __getattr__(name: str) -> Any:
    # Beam takes seconds to import: only who asks for a function pays for what it needs.
    match name:
        case "build":
            return import_module("beam_pipeline.pipeline").build
        case "extract_document":
            return import_module("beam_pipeline.extract").extract_document
        case "run":
            # No module may be called like an exported function: importing it would take the function's place.
            return import_module("beam_pipeline.local_run").run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
