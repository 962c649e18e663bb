"""Edits of the weights of ONNX models in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transforms.inference.message import float_values

Weights = NDArray[np.float32]

#: Weights below this change no result, but the denormal products that they lead to take a CPU a hundred times longer.
NEGLIGIBLE = 1e-20


def metadata(model: Any) -> dict[str, str]:
    """What the model says about itself."""
    return {entry.key: entry.value for entry in model.metadata_props}


def drop_negligible(model: Any) -> int:
    """Sets weights that cannot change a result to zero; returns how many. A CPU then needs far less time."""
    dropped = 0
    for tensor in model.graph.initializer:
        values = float_values(tensor)
        if values is None:
            continue
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
        kept = np.ascontiguousarray(_weights(tensor)[..., list(classes)])
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


def _weights(tensor: Any) -> Weights:
    values = float_values(tensor)
    if values is None:
        raise KeyError(f"floats in {tensor.name}")
    return values.reshape(list(tensor.dims))


def _set_values(tensor: Any, values: Weights) -> None:
    del tensor.float_data[:]
    tensor.raw_data = values.astype("<f4").tobytes()
