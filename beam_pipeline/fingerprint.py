"""The hashes of everything besides the bytes that shapes documents' rows.

Each document has that of its route: installing an OCR engine, or another version of python-docx, concerns the documents
that it reads. docs/operations.md has the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from itertools import product
from types import MappingProxyType
from typing import TypeVar

import msgspec

from schemas.ids import stable_id
from schemas.options import ChunkOptions, LayoutMode, OcrMode, Options
from schemas.tables import SCHEMA_VERSION
from schemas.versions import Fingerprints, Made

OURS, EXTRACTORS, OCR_ENGINES = "docbeam", "docbeam.extractors", "docbeam.ocr"
#: Distributions whose version may change what is extracted, by family of documents; the family '' is of unknown types.
ENGINES_OF = MappingProxyType(
    {
        "pdf": ("pymupdf",),
        "image": ("pillow",),
        "docx": ("python-docx", "lxml"),
        "html": ("lxml", "charset-normalizer"),
        "markdown": ("markdown-it-py", "mdit-py-plugins", "charset-normalizer"),
        "text": ("charset-normalizer",),
        "": (),
    }
)
#: Those of all documents.
COMMON = ("docbeam", "tiktoken")
ENGINES = (*COMMON, *dict.fromkeys(name for names in ENGINES_OF.values() for name in names))
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_MACROS = "application/vnd.ms-word"
FAMILIES = MappingProxyType(
    {
        "application/pdf": "pdf",
        **{f"image/{name}": "image" for name in ("bmp", "gif", "jpeg", "png", "tiff", "webp")},
        **{f"{_WORD}.{name}": "docx" for name in ("document", "template")},
        **{f"{_MACROS}.{n}.macro{e}nabled.12": "docx" for n, e in product(("document", "template"), "eE")},
        **dict.fromkeys(("text/html", "application/xhtml+xml"), "html"),
        **dict.fromkeys(("text/markdown", "text/x-markdown"), "markdown"),
        **dict.fromkeys(("text/plain", "text/x-rst"), "text"),
        **dict.fromkeys(("text/csv", "application/csv", "text/tab-separated-values"), "text"),
    }
)
#: Families whose pages OCR may read, and a layout model may see. Extractors of others may hand out pages, too.
SCANNED, SHOWN = frozenset({"pdf", "image", ""}), frozenset({"pdf"})
#: Modes in order: each looks at all pages that those before it look at.
OCR_MODES: tuple[OcrMode, ...] = ("never", "auto", "redo", "always")
LAYOUT_MODES: tuple[LayoutMode, ...] = ("never", "auto", "always")
#: What 'auto' may choose.
_READERS = ("onnx", "tesseract")
T = TypeVar("T")


@lru_cache(maxsize=8)
def fingerprint(options: Options) -> str:
    """32 hex digits for all that may shape any document here: what workers must agree on."""
    everything = Made(_reader(options), options.layout.mode != "never")
    return stable_id(_common(options), *map(_engines, ENGINES_OF), *_route(options, everything, "pdf"))


@lru_cache(maxsize=8)
def fingerprints(options: Options) -> Fingerprints:
    """Those that rows get and may have. Raises ConfigurationError for an OCR engine that cannot read as asked."""
    common, engines = _common(options), {family: _engines(family) for family in ENGINES_OF}

    def of(like: Options, family: str, made: Made) -> str:
        return stable_id("fingerprint", family, common, engines[family], *_route(like, made, family))

    own = {
        (family, scans, seen): of(options, family, _made(options, family, scans=scans, seen=seen))
        for family, scans, seen in product(ENGINES_OF, (False, True), (False, True))
    }
    current = {of(like, family, made): made for family in ENGINES_OF for like, made in _as_good(options, family)}
    return Fingerprints(families=dict(FAMILIES), own=own, current=current, reader=_reader(options))


def extraction_fingerprint(options: Options) -> str:
    """That of everything but the chunk options."""
    return fingerprint(msgspec.structs.replace(options, chunk=ChunkOptions()))


def _made(options: Options, family: str, *, scans: bool, seen: bool) -> Made:
    """What shapes documents of a family, as far as such a thing may."""
    may_see = family in SHOWN and options.layout.mode != "never"
    return Made(_reader(options) if scans and family in SCANNED else "", seen and may_see)


def _as_good(options: Options, family: str) -> Iterator[tuple[Options, Made]]:
    """What may have made rows that these options would make again.

    What no page was given to does not matter; and where a mode that looks at more pages gave it none, one that looks at
    fewer would give it none either. 'auto' is as good as whatever it chose on another machine.
    """
    ocr, layout = options.ocr, options.layout
    readers = [""] + ([] if ocr.mode == "never" else list(_READERS if ocr.engine == "auto" else [ocr.engine]))
    for reader, seen in product(readers if family in SCANNED else [""], (False, True)):
        if seen and (family not in SHOWN or layout.mode == "never"):
            continue
        ocr_modes = (ocr.mode,) if reader else _from(OCR_MODES, ocr.mode)
        layout_modes = (layout.mode,) if seen else _from(LAYOUT_MODES, layout.mode)
        for ocr_mode, layout_mode in product(ocr_modes, layout_modes):
            like = msgspec.structs.replace(
                options,
                ocr=msgspec.structs.replace(ocr, mode=ocr_mode),
                layout=msgspec.structs.replace(layout, mode=layout_mode),
            )
            yield like, Made(reader, seen)


def _from(modes: Sequence[T], mode: T) -> Sequence[T]:
    return modes[modes.index(mode) :]


def _route(options: Options, made: Made, family: str) -> list[str]:
    """The modes that chose what looked at the pages, and what did."""
    ocr = [options.ocr.mode, _json(_ocr(options, made.reader))] if family in SCANNED else []
    return ocr + ([options.layout.mode, _json(_layout(options, made))] if family in SHOWN else [])


def _common(options: Options) -> str:
    return _json(
        {
            "schema": SCHEMA_VERSION,
            "page_range": options.extract.page_range,
            "chunk": msgspec.to_builtins(options.chunk),
            "engines": {name: version_of(name) for name in COMMON},
            "plugins": _plugins(EXTRACTORS),
        }
    )


def _engines(family: str) -> str:
    return _json({name: version_of(name) for name in ENGINES_OF[family]})


def _ocr(options: Options, reader: str) -> dict[str, object]:
    """What shapes a page that this engine reads; {} for none."""
    if not reader:
        return {}
    shaping: dict[str, object] = {**msgspec.to_builtins(options.ocr), "engine": reader}
    if reader == "onnx":
        return shaping | {"models": version_of("rapidocr"), "precision": options.run.precision}
    return shaping | {"plugin": _plugins(OCR_ENGINES).get(reader, "")}


def _layout(options: Options, made: Made) -> dict[str, object]:
    """What shapes a page that a model saw. Not the device: results agree within what assembly notices."""
    if not made.seen:
        return {}
    layout = options.layout
    return {
        "model": _digest(layout.model) if layout.model else "",
        "max_lines": layout.max_lines,
        "precision": options.run.precision,
        "runtime": version_of("onnxruntime"),
    }


def _reader(options: Options) -> str:
    """The OCR engine of a run: which one 'auto' is depends on the machine."""
    if options.ocr.mode == "never":
        return ""
    from transforms.ocr.settings import ocr_choice

    return ocr_choice(options).engine


def _digest(model: str) -> str:
    from transforms.layout.settings import detector_files

    return detector_files(model).digest


def _json(shaping: object) -> str:
    return msgspec.json.encode(shaping, order="sorted").decode()


def version_of(distribution: str) -> str:
    """Of an installed distribution; '' of others."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _plugins(group: str) -> dict[str, str]:
    """Entry points of other distributions, by name, with what they load and their versions."""
    points = [(point, point.dist) for point in entry_points(group=group)]
    return {point.name: f"{point.value} {dist.version}" for point, dist in points if dist and dist.name != OURS}
