"""Models in integers say the same, whether or not the CPU adds 8-bit products without saturating."""

from collections.abc import Sequence

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from transforms.inference.exact import exact_products
from transforms.inference.message import parse
from transforms.inference.sessions import Execution, make_session

DEPTH, WIDTH = 64, 4
#: The largest activations and weights: two products of them do not fit into 16 bits.
X = np.ones((3, DEPTH), np.float32)
PICTURE = np.ones((1, DEPTH, 3, 3), np.float32)
SCALES = {"unsigned": (np.uint8(0), 255), "signed": (np.int8(0), 127)}


def model(nodes: Sequence, weights: dict[str, np.ndarray], shape: Sequence[int]) -> bytes:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in (("x", shape), ("y", None)))
    tensors = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "integers", [x], [y], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def quantised(operator: str, weight: np.ndarray, sign: str) -> bytes:
    """y = the mean of what each weight meets, with static scales: a node of integers between two of floats."""
    zero, top = SCALES[sign]
    shape = PICTURE.shape if weight.ndim == 4 else X.shape
    constants = {
        "w": weight,
        "zero": np.array(zero),
        "wzero": np.array(np.int8(0)),
        "xs": np.array(1 / top, np.float32),
        "ws": np.array(1 / 127 / DEPTH, np.float32),
    }
    inputs = ["xq", "xs", "zero", "w", "ws", "wzero", "xs", "zero"]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "xs", "zero"], ["xq"]),
        helper.make_node(operator, inputs, ["yq"]),
        helper.make_node("DequantizeLinear", ["yq", "xs", "zero"], ["y"]),
    ]
    return model(nodes, constants, shape)


def on_the_fly(operator: str, weight: np.ndarray, *, zero: bool = False) -> bytes:
    """As `quantize_dynamic` writes it."""
    shape = PICTURE.shape if weight.ndim == 4 else X.shape
    constants = {"w": weight, "ws": np.array(1 / 127 / DEPTH, np.float32)}
    inputs = ["xq", "w", "xz"]
    if zero:
        constants["wzero"] = np.array(np.int8(0))
        inputs.append("wzero")
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
        helper.make_node(operator, inputs, ["sum"]),
        helper.make_node("Cast", ["sum"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["xs", "ws"], ["scale"]),
        helper.make_node("Mul", ["float", "scale"], ["y"]),
    ]
    return model(nodes, constants, shape)


def matrix(value: int = 127) -> np.ndarray:
    return np.full((DEPTH, WIDTH), value, np.int8)


def kernel(value: int = 127) -> np.ndarray:
    return np.full((WIDTH, DEPTH, 1, 1), value, np.int8)


def said(data: bytes) -> np.ndarray:
    session = make_session(data, Execution(device="cpu"))
    return session.run(None, {"x": X if len(session.get_inputs()[0].shape) == 2 else PICTURE})[0]


@pytest.mark.parametrize("data", [
    quantised("QLinearMatMul", matrix(), "unsigned"),
    quantised("QLinearMatMul", matrix(), "signed"),
    quantised("QLinearConv", kernel(), "unsigned"),
    quantised("QLinearConv", kernel(), "signed"),
    on_the_fly("MatMulInteger", matrix()),
    on_the_fly("MatMulInteger", matrix(), zero=True),
    on_the_fly("ConvInteger", kernel()),
], ids=["matmul", "signed-matmul", "conv", "signed-conv", "dynamic", "dynamic-zero", "dynamic-conv"])  # fmt: skip
def test_the_largest_products_do_not_saturate(data: bytes) -> None:
    assert np.allclose(said(data), 1.0, atol=0.01)


@pytest.mark.parametrize("operator", ["QLinearMatMul", "QLinearConv"])
def test_unsigned_weights_multiply_as_signed_ones_did(operator: str) -> None:
    weight = matrix() if operator == "QLinearMatMul" else kernel()
    rewritten, _ = exact_products(quantised(operator, weight, "unsigned"))
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in _initializers(rewritten)}
    assert np.array_equal(tensors["w/unsigned"].astype(int) - tensors["wzero/unsigned"].astype(int), weight)
    node = next(node for node in parse(rewritten).graph.node if node.op_type == operator)
    assert list(node.input)[3::2][:2] == ["w/unsigned", "wzero/unsigned"]


def test_weights_of_several_nodes_move_once() -> None:
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
        *(helper.make_node("MatMulInteger", ["xq", "w", "xz"], [name]) for name in ("a", "b")),
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Cast", ["sum"], ["y"], to=TensorProto.FLOAT),
    ]
    data = model(nodes, {"w": matrix()}, X.shape)
    names = [tensor.name for tensor in _initializers(exact_products(data)[0])]
    assert names.count("w/unsigned") == 1
    assert np.allclose(said(data), 2 * DEPTH * 255 * 127)


def test_models_in_floats_are_left_alone() -> None:
    data = model([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": matrix().astype(np.float32)}, X.shape)
    assert exact_products(data) == (data, True)


def test_onnxruntime_is_not_asked_where_it_has_no_kernel() -> None:
    assert not exact_products(quantised("QLinearConv", kernel(), "signed"))[1]
    assert exact_products(quantised("QLinearConv", kernel(), "unsigned"))[1]


def _initializers(data: bytes) -> Sequence:
    from onnx import load_from_string

    return load_from_string(data).graph.initializer
