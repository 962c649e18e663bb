"""Takes work out of the graph network: what it computes for every pair of lines follows from one product per line.

Its edge convolutions multiply (x_i, x_j - x_i) by a matrix (A, B) for each of a line's 20 neighbours. That is
x_i (A - B) + x_j B: two small products over lines, looked up for pairs. The same sums in another order, a twentieth of
the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from transforms.layout.records import Array

_FLOAT = 1


def factor_pair_products(model: Any) -> int:
    """Rewrites every product over pairs of lines; returns how many there were."""
    graph = model.graph
    makers = {output: node for node in graph.node for output in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    replaced, spare = {}, set()
    for node in graph.node:
        found = _pair_product(node, makers)
        if found is not None and node.input[1] in weights:
            replaced[node.output[0]] = list(_per_line(graph, node, found, weights))
            pair = makers[node.input[0]]
            spare |= {pair.output[0], *pair.input, makers[pair.input[1]].input[0]}
    _replace(graph, replaced)
    _drop_unread(graph, spare)
    return len(replaced)


def _pair_product(node: Any, makers: dict[str, Any]) -> tuple[Any, Any] | None:
    """The lookups of x_i and x_j when `node` multiplies (x_i, x_j - x_i)."""
    pair = makers.get(node.input[0]) if node.op_type == "Gemm" and len(node.input) == 3 else None
    if pair is None or pair.op_type != "Concat" or len(pair.input) != 2:
        return None
    own, step = (makers.get(name) for name in pair.input)
    if own is None or step is None or own.op_type != "Gather" or step.op_type != "Sub":
        return None
    other = makers.get(step.input[0])
    if other is None or other.op_type != "Gather" or step.input[1] != own.output[0] or other.input[0] != own.input[0]:
        return None
    return own, other


def _per_line(graph: Any, product: Any, lookups: tuple[Any, Any], weights: dict[str, Any]) -> Iterator[Any]:
    """The nodes that give the product's output: two products over lines, their lookups, the sum."""
    matrix = _matrix(weights[product.input[1]])
    half = matrix.shape[1] // 2
    parts = matrix[:, :half] - matrix[:, half:], matrix[:, half:]
    name, made = product.output[0], []
    for lookup, part, suffix in zip(lookups, parts, ("own", "other"), strict=True):
        weight = f"{name}/{suffix}_weight"
        _add_matrix(graph, weight, part)
        per_line = _copy(product, [lookup.input[0], weight], f"{name}/{suffix}_product")
        if suffix == "own":
            per_line.input.append(product.input[2])
        made.append(_copy(lookup, [per_line.output[0], lookup.input[1]], f"{name}/{suffix}_lookup"))
        yield per_line
        yield made[-1]
    total = type(product)(op_type="Add", name=f"{name}/sum")
    total.input.extend(node.output[0] for node in made)
    total.output.append(name)
    yield total


def _matrix(tensor: Any) -> Array:
    flat = np.frombuffer(tensor.raw_data, "<f4") if tensor.raw_data else np.array(tensor.float_data, np.float32)
    return flat.reshape(*tensor.dims)


def _add_matrix(graph: Any, name: str, matrix: Array) -> None:
    data = np.ascontiguousarray(matrix, "<f4").tobytes()
    graph.initializer.add(name=name, dims=matrix.shape, data_type=_FLOAT, raw_data=data)


def _copy(node: Any, inputs: list[str], output: str) -> Any:
    """The same operation (attributes that are not declared here included) on other inputs."""
    made = type(node)()
    made.CopyFrom(node)
    made.name = output
    del made.input[:]
    del made.output[:]
    made.input.extend(inputs)
    made.output.append(output)
    return made


def _replace(graph: Any, replaced: dict[str, list[Any]]) -> None:
    """Puts new nodes where old ones stood: nodes must follow those they read from."""
    _set_nodes(graph, [made for node in graph.node for made in replaced.get(node.output[0], [node])])


def _drop_unread(graph: Any, spare: set[str]) -> None:
    """Removes the nodes that made `spare` outputs, as far as nothing reads them any more.

    Branches of conditions read outputs without naming them as inputs: the whole node is searched.
    """
    for node in reversed([node for node in graph.node if node.output[0] in spare]):
        name = node.output[0].encode()
        if not any(name in other.SerializeToString() for other in graph.node if other.output[0] != node.output[0]):
            _set_nodes(graph, [other for other in graph.node if other.output[0] != node.output[0]])


def _set_nodes(graph: Any, nodes: list[Any]) -> None:
    copies = [node.SerializeToString() for node in nodes]
    del graph.node[:]
    for data in copies:
        graph.node.add().ParseFromString(data)
