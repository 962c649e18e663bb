"""Small ONNX detectors, made where a test needs them."""

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

KINDS = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64}
SIZE = 64


def image_input(batch: object = "batch", size: int = SIZE):
    return helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, size, size])


def packed(graph) -> bytes:
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def constant(outputs: Mapping[str, np.ndarray], *, batch: object = "batch", inputs: Sequence = ()) -> bytes:
    """A model that says the same of every page; rows of `outputs` are repeated for each page of the batch."""
    nodes = [
        helper.make_node("Shape", ["images"], ["count"], start=0, end=1),
        helper.make_node("ReduceSum", ["images", "all"], ["sum"], keepdims=0),
    ]
    weights, infos = [numpy_helper.from_array(np.array([1, 2, 3]), "all")], []
    for name, value in outputs.items():
        weights.append(numpy_helper.from_array(value[None], f"{name}_one"))
        weights.append(numpy_helper.from_array(np.ones(value.ndim, np.int64), f"{name}_ones"))
        nodes.append(helper.make_node("Concat", ["count", f"{name}_ones"], [f"{name}_times"], axis=0))
        nodes.append(helper.make_node("Tile", [f"{name}_one", f"{name}_times"], [name]))
        infos.append(helper.make_tensor_value_info(name, KINDS[value.dtype], ["batch", *value.shape]))
    return packed(helper.make_graph(nodes, "constant", [image_input(batch), *inputs], infos, weights))


def darkness(batch: object = "batch", size: int = SIZE) -> bytes:
    """A YOLO-like model of one class that really looks: each pixel darker than half is an anchor of one pixel.

    Its score is the darkness of the 3 x 3 pixels around it (a convolution), its box the pixel itself.
    """
    rows, columns = np.mgrid[0:size, 0:size].reshape(2, -1).astype(np.float32) + np.float32(0.5)
    boxes = np.stack([columns, rows, np.ones_like(rows), np.ones_like(rows)])[None]
    kernel = np.full((1, 3, 3, 3), -1 / 27, np.float32)
    weights = {
        "kernel": kernel,
        "one": np.ones(1, np.float32),
        "boxes": boxes,
        "flat": np.array([0, 1, -1]),
        "ones": np.ones(2, np.int64),
    }
    nodes = [
        helper.make_node("Conv", ["images", "kernel", "one"], ["dark"], pads=[1, 1, 1, 1]),
        helper.make_node("Reshape", ["dark", "flat"], ["scores"]),
        helper.make_node("Shape", ["images"], ["count"], start=0, end=1),
        helper.make_node("Concat", ["count", "ones"], ["times"], axis=0),
        helper.make_node("Tile", ["boxes", "times"], ["places"]),
        helper.make_node("Concat", ["places", "scores"], ["output0"], axis=1),
    ]
    out = helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", 5, size * size])
    made = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    return packed(helper.make_graph(nodes, "darkness", [image_input(batch, size)], [out], made))


def product(size: int = 8) -> bytes:
    """y = x W, which can be computed in any precision."""
    weight = np.random.default_rng(1).random((size, size), np.float32)
    kinds = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name in "xy"]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    return packed(helper.make_graph(nodes, "product", kinds[:1], kinds[1:], [numpy_helper.from_array(weight, "w")]))
