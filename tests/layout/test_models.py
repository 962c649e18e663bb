"""The models as edited in memory, and the choice of device."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from schemas.failures import ConfigurationError
from transforms.inference import surgery
from transforms.inference.message import parse
from transforms.layout.builtin import weights
from transforms.layout.builtin.model import LayoutModel, ModelOptions
from transforms.layout.records import PageInput


def session(model: bytes) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def original(name: str) -> bytes:
    return weights._path(name, "onnx").read_bytes()


def test_parsing_loses_nothing() -> None:
    data = original("layout_rf2.4.1")
    again = parse(data).SerializeToString()
    assert len(again) == len(data)
    assert [i.name for i in session(again).get_inputs()] == [i.name for i in session(data).get_inputs()]


def test_image_model_has_small_maps_and_the_same_logits() -> None:
    page = np.random.default_rng(3).random((1, 1, 300, 300), np.float32)
    *maps, logits = session(weights.image_model()).run(None, {"input": page})
    assert [m.shape[1:] for m in maps] == [(32, n, n) for n in (150, 75, 37, 18, 9)]
    (expected,) = session(original("feature_imf1")).run(["logits"], {"input": page})
    assert np.allclose(logits, expected, atol=1e-3)


def test_every_single_slope_is_fused() -> None:
    model = parse(original("feature_imf1"))
    before = sum(node.op_type == "PRelu" for node in model.graph.node)
    assert surgery.fuse_single_slope(model) == before > 0
    assert surgery.fuse_single_slope(model) == 0


def test_table_model_keeps_the_four_scores() -> None:
    made = session(weights.table_model())
    assert [output.name for output in made.get_outputs()] == ["h_on_logit", "h_offset", "v_on_logit", "v_offset"]


def test_only_constants_are_replaced() -> None:
    model = parse(original("layout_rf2.4.1+imf1"))
    with pytest.raises(KeyError):
        surgery.compute_constant(model, "node_logits", "Identity", "x")
    with pytest.raises(KeyError):
        surgery.producer(model, "no such output")


@pytest.mark.parametrize("tier", ["full", "graph"])
def test_settings_match_the_model(tier: str) -> None:
    known = weights.settings(tier)
    inputs = {entry.name: entry.shape for entry in session(weights.graph_model(tier)).get_inputs()}
    assert len(known.features) == inputs["rf_features"][1]
    assert len(known.classes) == 11 and known.neighbours == 20
    assert ("image_features" in inputs) == (tier == "full")


def test_requests_follow_the_tier() -> None:
    assert weights.prepare_request("full").thumbnail
    graph = weights.prepare_request("graph", tables=False, max_nodes=7)
    assert (graph.thumbnail, graph.raster, graph.max_nodes) == (False, False, 7)


def test_missing_pymupdf_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="install pymupdf"):
        weights.table_model()


def test_another_wheel_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(weights, "find_spec", lambda name: spec)
    with pytest.raises(ConfigurationError, match=r"no feature_imf1\.onnx.*geometry"):
        weights.image_model()


@pytest.mark.parametrize(("build", "other"), [
    (weights.image_model, "table_grid_model_v4_ep"),
    (lambda: weights.graph_model("full"), "layout_rf2.4.1"),
])  # fmt: skip
def test_a_changed_model_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch, build, other: str) -> None:
    path = weights._path(other, "onnx")
    monkeypatch.setattr(weights, "_path", lambda name, suffix: path)
    with pytest.raises(ConfigurationError, match=r"install pymupdf 2\.0"):
        build()


def test_nothing_in_nothing_out() -> None:
    model = LayoutModel(ModelOptions(tier="graph", device="cpu"))
    assert model.layout([]) == [] and model.table_grids([]) == []
    assert model.layout([PageInput(width=10, height=10, refused="more than 5 lines")]) == [[]]
    assert model.providers == ["CPUExecutionProvider"]
