"""The PP-OCR models inside the RapidOCR wheel: where they are, and how they are made fast.

Nothing of `rapidocr` is imported or run: only its data files are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import msgspec
import onnxruntime

from schemas.failures import ConfigurationError
from transforms.ocr import onnx_languages, onnx_weights

SUPPORTED = "3.10"
DETECTION, RECOGNITION = "PP-OCRv6_det_small", "PP-OCRv6_rec_small"
ANGLE = "ch_ppocr_mobile_v2.0_cls_mobile"
#: What the recognition model may write at each step: class 0 is nothing, the last is a space.
NOTHING, SPACE = "", " "
_ERRORS_ONLY = 3


class Alphabet(msgspec.Struct, frozen=True):
    """The characters of a recognition model's output columns; the first is NOTHING."""

    characters: tuple[str, ...]
    #: Columns of the shipped model.
    columns: tuple[int, ...]


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how networks are run."""

    device: Literal["cpu", "cuda"] = "cpu"
    #: Lets CUDA round the factors of products to 10 bits; a CPU always computes in float32.
    tf32: bool = False
    #: Threads of one run on a CPU.
    threads: int = 1


@cache
def characters() -> tuple[str, ...]:
    """What the recognition model can write, NOTHING first."""
    listed = onnx_weights.metadata(onnx_weights.parse(_read(RECOGNITION))).get("character", "")
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
    model = onnx_weights.parse(_read(name))
    onnx_weights.drop_negligible(model)
    return _bytes(model)


def recognition_model(chosen: Alphabet) -> bytes:
    """The recognition model with the output columns of an alphabet: a fifth less time, a tenth of the output."""
    model = onnx_weights.parse(_read(RECOGNITION))
    onnx_weights.drop_negligible(model)
    try:
        onnx_weights.keep_classes(model, chosen.columns)
    except KeyError as error:
        raise ConfigurationError(_mismatch(f"the recognition model ends in another way: no {error}")) from error
    return _bytes(model)


def session(model: bytes, runtime: Runtime) -> Any:
    """An onnxruntime session."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads, options.inter_op_num_threads = runtime.threads, 1
    # The arena keeps the memory of the largest page for ever.
    options.enable_cpu_mem_arena = False
    # Waiting threads must not take cores from the parser processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers: list[Any] = ["CPUExecutionProvider"]
    if runtime.device == "cuda":
        # Shapes differ from page to page: an exhaustive search for the best convolution would start over each time.
        settings = {"use_tf32": int(runtime.tf32), "cudnn_conv_algo_search": "HEURISTIC"}
        providers.insert(0, ("CUDAExecutionProvider", settings))
    return onnxruntime.InferenceSession(model, options, providers=providers)


def resolve_device(device: str) -> Literal["cpu", "cuda"]:
    """Where the models run when the run's device is `device`.

    TensorRT and OpenVINO would compile the models anew for each shape of page, so their users get CUDA and the CPU.
    """
    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if device in ("cuda", "tensorrt") and not has_cuda:
        raise ConfigurationError("onnxruntime has no CUDA: install onnxruntime-gpu, or choose the device cpu")
    return "cuda" if has_cuda and device not in ("cpu", "openvino") else "cpu"


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
