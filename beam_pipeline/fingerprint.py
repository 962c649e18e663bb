"""The hash of everything besides the bytes that shapes a document's rows."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, entry_points, version

import msgspec

from schemas.ids import stable_id
from schemas.options import Options
from schemas.tables import SCHEMA_VERSION

OURS, EXTRACTORS = "docbeam", "docbeam.extractors"
#: Distributions whose version may change what is extracted.
ENGINES = ("docbeam", "pymupdf", "python-docx", "lxml", "markdown-it-py", "tiktoken")


@lru_cache(maxsize=8)
def fingerprint(options: Options) -> str:
    """32 hex digits. Limits, workers and paths are left out: they decide whether, not what."""
    shaping: dict[str, object] = {"page_range": options.extract.page_range, "chunk": msgspec.to_builtins(options.chunk)}
    if options.ocr.mode != "never":
        shaping["ocr"] = _ocr(options)
    if options.layout.mode != "never":
        shaping["layout"] = _layout(options)
    engines = {name: _version(name) for name in ENGINES} | _plugins()
    return stable_id(
        SCHEMA_VERSION, *(msgspec.json.encode(part, order="sorted").decode() for part in (shaping, engines))
    )


def _ocr(options: Options) -> dict[str, object]:
    """The engine by name: which one 'auto' is depends on the machine."""
    from transforms.ocr.settings import ocr_choice

    engine, models = ocr_choice(options).engine, _version("rapidocr")
    shaping: dict[str, object] = msgspec.to_builtins(options.ocr)
    return shaping | {"engine": engine, "models": models, "precision": options.run.precision}


def _layout(options: Options) -> dict[str, object]:
    """Not the device: results agree between devices within what assembly notices."""
    layout = options.layout
    return {
        "mode": layout.mode,
        "model": _digest(layout.model) if layout.model else "",
        "max_lines": layout.max_lines,
        "precision": options.run.precision,
        "runtime": _version("onnxruntime"),
    }


def _digest(model: str) -> str:
    from transforms.layout.settings import detector_files

    return detector_files(model).digest


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _plugins() -> dict[str, str]:
    """Extractors of other distributions, with their versions."""
    points = [point for point in entry_points(group=EXTRACTORS) if point.dist is not None]
    return {
        f"{point.name}={point.value}": point.dist.version for point in points if point.dist and point.dist.name != OURS
    }
