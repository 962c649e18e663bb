"""OCR engines: the Protocol, and which one a run uses. Plugins register under the entry point group `docbeam.ocr`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple, Protocol

from schemas.failures import ConfigurationError
from schemas.options import OcrOptions
from transforms.ocr.records import OcrLine, PageImage
from transforms.runtime.own_points import loaded

GROUP = "docbeam.ocr"
ONNX, TESSERACT, AUTO = "onnx", "tesseract", "auto"


class OcrEngine(Protocol):
    """Reads upright page images."""

    name: str
    #: Reads in the worker process, many pages at a time; else in the parser processes, page by page.
    batched: bool

    def check(self, options: OcrOptions) -> None:
        """Raises ConfigurationError, with the fix in it, when the engine cannot read as the options ask."""
        ...

    def data_path(self) -> str:
        """Where its language data or models lie, for people who look into a failure."""
        ...

    def read(self, images: Sequence[PageImage], languages: Sequence[str]) -> list[list[OcrLine]]:
        """The lines of each image, in pixels of the image. Raises DocumentError subclasses."""
        ...


class Choice(NamedTuple):
    """The engine of a run, and the sentence that tells people why."""

    engine: str
    sentence: str


@functools.cache
def engine_named(name: str) -> OcrEngine:
    """The installed engine of this name; raises ConfigurationError when there is none."""
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        known = ", ".join(sorted(points)) or "none"
        raise ConfigurationError(f"--ocr-engine {name!r} is not installed (installed: {known}); install its plugin")
    return _load(points[name])


def _load(point: EntryPoint) -> OcrEngine:
    try:
        engine: OcrEngine = loaded(point)()
    except ImportError as error:
        raise ConfigurationError(
            f"OCR engine {point.name!r} ({point.value}) cannot be imported: {error}; reinstall or remove it"
        ) from error
    return engine


def check_engine(options: OcrOptions, choice: Choice) -> None:
    """Find what is missing before a run starts; nothing is needed when OCR is off."""
    if options.mode != "never":
        engine_named(choice.engine).check(options)


def choose_engine(options: OcrOptions) -> Choice:
    """The engine that `options` name; for 'auto' onnx, which reads best, or for languages that it lacks Tesseract.

    Which it is depends on the languages alone where these can be read at all: hosts agree, whatever is installed.
    """
    if options.engine != AUTO:
        return Choice(options.engine, f"OCR by {options.engine}, as asked")
    missing = _why_not(ONNX, options)
    if missing and not _why_not(TESSERACT, options):
        return Choice(TESSERACT, f"OCR by tesseract: {missing}")
    return Choice(ONNX, "OCR by onnx, which reads best")


def _why_not(name: str, options: OcrOptions) -> str:
    try:
        engine_named(name).check(options)
    except ConfigurationError as error:
        return str(error)
    return ""
