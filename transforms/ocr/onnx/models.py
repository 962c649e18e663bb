"""The PP-OCR models inside the RapidOCR wheel: where they are, and how they are made fast.

Nothing of `rapidocr` is imported or run: only its data files are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from schemas.failures import ConfigurationError
from schemas.options import Device
from transforms.inference.message import parse
from transforms.ocr.onnx import languages as onnx_languages
from transforms.ocr.onnx import weights

SUPPORTED = "3.10"
DETECTION, RECOGNITION = "PP-OCRv6_det_small", "PP-OCRv6_rec_small"
ANGLE = "ch_ppocr_mobile_v2.0_cls_mobile"
#: What the recognition model may write at each step: class 0 is nothing, the last is a space.
NOTHING, SPACE = "", " "


class Alphabet(msgspec.Struct, frozen=True):
    """The characters of a recognition model's output columns; the first is NOTHING."""

    characters: tuple[str, ...]
    #: Columns of the shipped model.
    columns: tuple[int, ...]


@cache
def characters() -> tuple[str, ...]:
    """What the recognition model can write, NOTHING first."""
    listed = weights.metadata(parse(_read(RECOGNITION))).get("character", "")
    if not listed:
        raise ConfigurationError(_mismatch("the recognition model does not name its characters"))
    return (NOTHING, *listed.split("\n"), SPACE)


def alphabet(languages: Sequence[str]) -> Alphabet:
    """The part of the recognition model's characters that these languages need."""
    known = characters()
    columns = [0, *(i + 1 for i in onnx_languages.classes(known[1:], languages))]
    return Alphabet(tuple(known[i] for i in columns), tuple(columns))


def plain_model(name: str) -> bytes:
    """The detection or the angle model."""
    model = parse(_read(name))
    weights.drop_negligible(model)
    return _bytes(model)


def recognition_model(chosen: Alphabet) -> bytes:
    """The recognition model with the output columns of an alphabet: a fifth less time, a tenth of the output."""
    model = parse(_read(RECOGNITION))
    weights.drop_negligible(model)
    try:
        weights.keep_classes(model, chosen.columns)
    except KeyError as error:
        raise ConfigurationError(_mismatch(f"the recognition model ends in another way: no {error}")) from error
    return _bytes(model)


def stand_in(device: Device) -> Device:
    """TensorRT and OpenVINO would compile the models anew for each shape of page: CUDA and the CPU stand in."""
    stands: dict[Device, Device] = {"tensorrt": "cuda", "openvino": "cpu"}
    return stands.get(device, device)


def _bytes(model: Any) -> bytes:
    data: bytes = model.SerializeToString()
    return data


def _read(name: str) -> bytes:
    path = folder() / f"{name}.onnx"
    if not path.is_file():
        raise ConfigurationError(_mismatch(f"its wheel has no {path.name}"))
    return path.read_bytes()


def folder() -> Path:
    """Where the models lie: in the installed wheel, found without importing the package."""
    found = find_spec("rapidocr")
    if found is None or not found.submodule_search_locations:
        raise ConfigurationError("the OCR models are missing: install rapidocr, or choose --ocr-engine tesseract")
    return Path(found.submodule_search_locations[0], "models")


def _mismatch(what: str) -> str:
    return f"rapidocr {version('rapidocr')}: {what}; install rapidocr {SUPPORTED}, or choose --ocr-engine tesseract"
