"""Products in 8 bits that say the same on every CPU.

x86-64 CPUs without VNNI add two products of an unsigned and a signed byte in 16 bits, which saturates, silently.
onnxruntime multiplies unsigned bytes instead where a session asks for it (`session.x64quantprecision`), with two gaps:
it leaves QLinearMatMul as it is, and it refuses models whose QLinear operators take signed activations. Therefore the
weights that meet unsigned activations become unsigned here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.failures import ConfigurationError
from transforms.inference.message import parse

#: Element types of tensors.
UINT8, INT8 = 2, 3
#: Operator -> places among its inputs of the activations' zero point, the weights, and the weights' zero point.
_PLACES = {"QLinearMatMul": (2, 3, 5), "QLinearConv": (2, 3, 5), "MatMulInteger": (2, 1, 3), "ConvInteger": (2, 1, 3)}


def exact_products(model: bytes) -> tuple[bytes, bool]:
    """The model without the products that onnxruntime leaves, and whether it can be asked to see to the rest."""
    try:
        parsed = parse(model)
    except ConfigurationError:
        # What is wrong with it, onnxruntime says better.
        return model, True
    nodes = [node for node in parsed.graph.node if node.op_type in _PLACES]
    kinds = _element_types(parsed)
    askable = not any(_takes_signed(kinds, node) for node in parsed.graph.node)
    if not nodes:
        return model, askable
    tensors = {tensor.name: tensor for tensor in parsed.graph.initializer}
    for node in nodes:
        if _at(kinds, node, 0) == UINT8 and _at(kinds, node, 1) == INT8:
            _unsign(parsed.graph, node, tensors)
    data: bytes = parsed.SerializeToString()
    return data, askable


def _element_types(model: Any) -> dict[str, int]:
    """Of the tensors that tell; what quantises on the fly makes unsigned ones."""
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "DynamicQuantizeLinear":
            kinds[node.output[2]] = UINT8
    return kinds


def _takes_signed(kinds: dict[str, int], node: Any) -> bool:
    """Whether it is a QLinear operator of signed activations: the third input is their zero point."""
    return node.op_type.startswith("QLinear") and len(node.input) > 2 and kinds.get(node.input[2]) == INT8


def _at(kinds: dict[str, int], node: Any, which: int) -> int:
    place = _PLACES[node.op_type][which]
    return kinds.get(node.input[place], 0) if place < len(node.input) else 0


def _unsign(graph: Any, node: Any, tensors: dict[str, Any]) -> None:
    """Adds 128 to the weights and to their zero point: the products stay what they are."""
    _, weights, zero = _PLACES[node.op_type]
    node.input.extend([""] * (zero + 1 - len(node.input)))
    if node.input[zero] and node.input[zero] not in tensors:
        return
    for place in (weights, zero):
        name = node.input[place]
        node.input[place] = made = f"{name or node.output[0]}/unsigned"
        if made not in tensors:
            tensors[made] = _unsigned(graph, made, tensors.get(name))


def _unsigned(graph: Any, name: str, tensor: Any) -> Any:
    """The tensor 128 higher; without one the zero point that stands for none."""
    values = np.zeros(1, np.int8) if tensor is None else _values(tensor)
    data = (values.astype(np.int16) + 128).astype(np.uint8).tobytes()
    return graph.initializer.add(name=name, data_type=UINT8, dims=[] if tensor is None else tensor.dims, raw_data=data)


def _values(tensor: Any) -> NDArray[np.int8]:
    return np.frombuffer(tensor.raw_data, np.int8) if tensor.raw_data else np.array(tensor.int32_data, np.int8)
