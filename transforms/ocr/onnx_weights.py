"""Edits the weights of an ONNX model in memory with nothing but protobuf.

Only the fields that the edits touch are declared; protobuf keeps all others as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from google.protobuf import (  # type: ignore[import-untyped]
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray

from schemas.failures import ConfigurationError

Weights = NDArray[np.float32]

#: Message -> field -> (number, type, repeated). Numbers are those of onnx.proto.
_SCHEMA: dict[str, dict[str, tuple[int, str, bool]]] = {
    "Tensor": {
        "dims": (1, "int64", True),
        "data_type": (2, "int32", False),
        "float_data": (4, "float", True),
        "name": (8, "string", False),
        "raw_data": (9, "bytes", False),
    },
    "Node": {"input": (1, "string", True), "output": (2, "string", True), "op_type": (4, "string", False)},
    "Dimension": {"dim_value": (1, "int64", False)},
    "Shape": {"dim": (1, "Dimension", True)},
    "TensorType": {"shape": (2, "Shape", False)},
    "Type": {"tensor_type": (1, "TensorType", False)},
    "ValueInfo": {"name": (1, "string", False), "type": (2, "Type", False)},
    "Graph": {"node": (1, "Node", True), "initializer": (5, "Tensor", True), "output": (12, "ValueInfo", True)},
    "Entry": {"key": (1, "string", False), "value": (2, "string", False)},
    "Model": {"graph": (7, "Graph", False), "metadata_props": (14, "Entry", True)},
}
_FLOAT = 1
#: Weights below this change no result, but the denormal products that they lead to take a CPU a hundred times longer.
NEGLIGIBLE = 1e-20


@cache
def _model_class() -> Callable[[], Any]:
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="docbeam/onnx_weights.proto", package="docbeam.ocr", syntax="proto2")
    for message, fields in _SCHEMA.items():
        described = file.message_type.add(name=message)
        for name, (number, kind, repeated) in fields.items():
            label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            added = described.field.add(name=name, number=number, label=label)
            if kind in _SCHEMA:
                added.type, added.type_name = field.TYPE_MESSAGE, f".docbeam.ocr.{kind}"
            else:
                added.type = getattr(field, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    made: Callable[[], Any] = message_factory.GetMessageClass(pool.FindMessageTypeByName("docbeam.ocr.Model"))
    return made


def parse(data: bytes) -> Any:
    """The model message; `SerializeToString` gives bytes again. ConfigurationError when it is no ONNX model."""
    model = _model_class()()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise ConfigurationError(f"the bytes are no ONNX model ({error}); install the model again") from error
    return model


def metadata(model: Any) -> dict[str, str]:
    """What the model says about itself."""
    return {entry.key: entry.value for entry in model.metadata_props}


def drop_negligible(model: Any) -> int:
    """Sets weights that cannot change a result to zero; returns how many. A CPU then needs far less time."""
    dropped = 0
    for tensor in model.graph.initializer:
        if tensor.data_type != _FLOAT:
            continue
        values = _values(tensor)
        small = (np.abs(values) < NEGLIGIBLE) & (values != 0)
        if small.any():
            _set_values(tensor, np.where(small, np.float32(0), values))
            dropped += int(small.sum())
    return dropped


def keep_classes(model: Any, classes: Sequence[int]) -> None:
    """Cuts the last linear layer, and so the output, down to some of its columns.

    Raises KeyError when the model does not end in MatMul, Add, Softmax.
    """
    makers = {output: node for node in model.graph.node for output in node.output}
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    output = model.graph.output[0]
    add = _maker(makers, _maker(makers, output.name, "Softmax").input[0], "Add")
    product = _maker(makers, add.input[0], "MatMul")
    for tensor in (tensors[product.input[1]], tensors[add.input[1]]):
        kept = np.ascontiguousarray(_values(tensor)[..., list(classes)])
        tensor.dims[-1] = kept.shape[-1]
        _set_values(tensor, kept)
    output.type.tensor_type.shape.dim[-1].dim_value = len(classes)


def _maker(makers: dict[str, Any], name: str, operator: str) -> Any:
    """The node behind `name`, past nodes that only pass on; it must be an `operator`."""
    node = makers[name]
    while node.op_type == "Identity":
        node = makers[node.input[0]]
    if node.op_type != operator:
        raise KeyError(f"{operator} before {name}")
    return node


def _values(tensor: Any) -> Weights:
    flat = np.frombuffer(tensor.raw_data, "<f4") if tensor.raw_data else np.array(tensor.float_data, np.float32)
    return flat.reshape(list(tensor.dims))


def _set_values(tensor: Any, values: Weights) -> None:
    del tensor.float_data[:]
    tensor.raw_data = values.astype("<f4").tobytes()
