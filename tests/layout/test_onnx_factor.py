"""The graph networks give the same scores with their products over pairs of lines taken apart."""

import numpy as np
import onnxruntime
import pytest

from transforms.inference.message import parse
from transforms.layout.builtin import weights
from transforms.layout.builtin.factor import factor_pair_products
from transforms.layout.builtin.model import _graph_inputs
from transforms.layout.records import Array, PageInput


def scores(model: bytes, pages: list[PageInput]) -> list[Array]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(5)
    pooled = [generator.random((len(page.boxes), 358), np.float32) for page in pages]
    given = _graph_inputs(pages, pooled, 20)
    found: list[Array] = session.run(None, {entry.name: given[entry.name] for entry in session.get_inputs()})
    return found


@pytest.mark.parametrize("tier", ["full", "graph"])
def test_scores_stay_the_same(tier: str, prepared: list[PageInput]) -> None:
    original = weights._path(weights._LAYOUT[tier], "onnx").read_bytes()
    model = parse(original)
    nodes = len(model.graph.node)
    assert factor_pair_products(model) == 2
    # Two products, lookups and a sum for a product, two lookups, a difference and a join.
    assert len(model.graph.node) == nodes
    for before, after in zip(
        scores(original, prepared[:1]), scores(model.SerializeToString(), prepared[:1]), strict=True
    ):
        assert np.allclose(before, after, atol=1e-3)


def test_models_without_such_products_are_left_alone() -> None:
    model = parse(weights.table_model())
    before = model.SerializeToString()
    assert factor_pair_products(model) == 0
    assert model.SerializeToString() == before
