"""The graph, the command line, the options file and the run report.

Three functions are the library: `build` adds the graph to a Beam pipeline, `run` runs it on this machine,
`extract_document` reads one document without Beam.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beam_pipeline.extract import extract_document
    from beam_pipeline.graph.pipeline import build
    from beam_pipeline.jobs.local_run import run

__all__ = ["build", "extract_document", "run"]


def __getattr__(name: str) -> Any:
    # Beam takes seconds to import: only who asks for a function pays for what it needs.
    match name:
        case "build":
            return _imported("graph.pipeline").build
        case "extract_document":
            return _imported("extract").extract_document
        case "run":
            # No module may be called like an exported function: importing it would take the function's place.
            return _imported("jobs.local_run").run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _imported(module: str) -> Any:
    """One of our modules. Raises ImportError in one line where a project's own names hide ours."""
    if __name__ == "beam_pipeline":
        for name in ("runners", "schemas", "transforms"):
            _check_ours(name)
    return import_module(f"{__name__}.{module}")


def _check_ours(name: str) -> None:
    spec = find_spec(name)
    origin = spec.origin if spec else None
    if origin is None or Path(origin).resolve().parents[1] != Path(__file__).resolve().parents[1]:
        where = origin or "a folder without __init__.py"
        raise ImportError(f"{name!r} is {where}, not docbeam's: use `import docbeam`, which minds no other names")
