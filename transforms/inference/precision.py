"""Models rewritten for half precision and 8-bit integers. Needs the package `onnx`, which only those need."""

from __future__ import annotations

import logging
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from schemas.failures import ConfigurationError
from transforms.inference.message import parse

#: Operators that only quantised models hold.
_QUANTISED = ("QuantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger")
#: What onnxruntime multiplies faster in 8 bits on a CPU. Its integer convolutions are slower than float32.
_FASTER_IN_INT8 = ("MatMul",)


def is_quantised(model: bytes) -> bool:
    """Whether the model computes in integers already."""
    operators = {node.op_type for node in parse(model).graph.node}
    return any(name.startswith("QLinear") or name in _QUANTISED for name in operators)


def to_half(model: bytes) -> bytes:
    """The model with half-precision weights and arithmetic; its inputs and outputs stay float32."""
    onnx = _onnx("fp16")
    from onnxruntime.transformers.float16 import convert_float_to_float16

    half = convert_float_to_float16(onnx.load_from_string(model), keep_io_types=True)
    data: bytes = half.SerializeToString()
    return data


def to_int8(model: bytes) -> bytes:
    """The model with its matrix products in 8 bits, each scaled by what meets it; quantised models stay as they are."""
    if is_quantised(model):
        return model
    onnx = _onnx("int8")
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # The quantiser writes files only.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "int8.onnx")
        operators = list(_FASTER_IN_INT8)
        loaded = onnx.load_from_string(model)
        # It advises preprocessing, which would only fold what onnxruntime folds later.
        logging.disable(logging.WARNING)
        try:
            quantize_dynamic(loaded, path, op_types_to_quantize=operators, weight_type=QuantType.QInt8)
        finally:
            logging.disable(logging.NOTSET)
        return path.read_bytes()


def check_tools(precision: str) -> None:
    """Raises ConfigurationError when models cannot be rewritten here."""
    if find_spec("onnx") is None:
        raise ConfigurationError(f"{precision} rewrites models with the package onnx: pip install onnx")


def _onnx(precision: str) -> Any:
    check_tools(precision)
    import onnx

    return onnx
