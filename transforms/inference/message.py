"""ONNX models as protobuf messages, to be edited in memory.

Only the fields that the edits touch are declared; protobuf keeps all others as they are. The `onnx` package would be
a second copy of what onnxruntime already carries.
"""

from __future__ import annotations

from collections.abc import Callable
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

#: Message -> field -> (number, type, repeated). Numbers are those of onnx.proto.
_SCHEMA: dict[str, dict[str, tuple[int, str, bool]]] = {
    "Tensor": {
        "dims": (1, "int64", True),
        "data_type": (2, "int32", False),
        "float_data": (4, "float", True),
        "int32_data": (5, "int32", True),
        "int64_data": (7, "int64", True),
        "name": (8, "string", False),
        "raw_data": (9, "bytes", False),
    },
    "Attribute": {
        "name": (1, "string", False),
        "f": (2, "float", False),
        "t": (5, "Tensor", False),
        "type": (20, "int32", False),
    },
    "Node": {
        "input": (1, "string", True),
        "output": (2, "string", True),
        "name": (3, "string", False),
        "op_type": (4, "string", False),
        "attribute": (5, "Attribute", True),
    },
    "Dimension": {"dim_value": (1, "int64", False)},
    "Shape": {"dim": (1, "Dimension", True)},
    "TensorType": {"elem_type": (1, "int32", False), "shape": (2, "Shape", False)},
    "Type": {"tensor_type": (1, "TensorType", False)},
    "ValueInfo": {"name": (1, "string", False), "type": (2, "Type", False)},
    "Graph": {
        "node": (1, "Node", True),
        "name": (2, "string", False),
        "initializer": (5, "Tensor", True),
        "input": (11, "ValueInfo", True),
        "output": (12, "ValueInfo", True),
    },
    "OperatorSet": {"domain": (1, "string", False), "version": (2, "int64", False)},
    "Entry": {"key": (1, "string", False), "value": (2, "string", False)},
    "Model": {
        "ir_version": (1, "int64", False),
        "graph": (7, "Graph", False),
        "opset_import": (8, "OperatorSet", True),
        "metadata_props": (14, "Entry", True),
    },
}
#: Element types of tensors.
FLOAT, INT64 = 1, 7


@cache
def _model_class() -> Callable[[], Any]:
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="docbeam/onnx_subset.proto", package="docbeam.onnx", syntax="proto2")
    for message, fields in _SCHEMA.items():
        described = file.message_type.add(name=message)
        for name, (number, kind, repeated) in fields.items():
            label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            added = described.field.add(name=name, number=number, label=label)
            if kind in _SCHEMA:
                added.type, added.type_name = field.TYPE_MESSAGE, f".docbeam.onnx.{kind}"
            else:
                added.type = getattr(field, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    made: Callable[[], Any] = message_factory.GetMessageClass(pool.FindMessageTypeByName("docbeam.onnx.Model"))
    return made


def parse(data: bytes) -> Any:
    """The model message; `SerializeToString` gives bytes again. ConfigurationError when it is no ONNX model."""
    model = _model_class()()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise ConfigurationError(f"the bytes are no ONNX model ({error}); install the model again") from error
    return model


def identity_model() -> Any:
    """The smallest model: what goes in (one float) comes out. Loads wherever its providers do."""
    model = _model_class()()
    model.ir_version = 8
    model.opset_import.add(domain="", version=17)
    model.graph.name = "identity"
    model.graph.node.add(op_type="Identity", input=["x"], output=["y"])
    for entries, name in ((model.graph.input, "x"), (model.graph.output, "y")):
        kind = entries.add(name=name).type.tensor_type
        kind.elem_type = FLOAT
        kind.shape.dim.add(dim_value=1)
    return model


def float_values(tensor: Any) -> NDArray[np.float32] | None:
    """A float tensor's values, flat; None for other types."""
    if tensor.data_type != FLOAT:
        return None
    return np.frombuffer(tensor.raw_data, "<f4") if tensor.raw_data else np.array(tensor.float_data, np.float32)
