"""The models inside the PyMuPDF wheel: where they are, their settings, and how they are made fast and batchable.

Nothing of `pymupdf.layout` is imported or run: only its data files are read.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import yaml  # type: ignore[import-untyped]

from schemas.failures import ConfigurationError
from transforms.inference import surgery
from transforms.inference.message import parse
from transforms.layout.builtin.factor import factor_pair_products
from transforms.layout.records import PrepareRequest, Tier

SUPPORTED = "2.0"
_LAYOUT = {"full": "layout_rf2.4.1+imf1", "graph": "layout_rf2.4.1"}
_IMAGE, _TABLE = "feature_imf1", "table_grid_model_v4_ep"
#: Input of the batchable graph model: how many pages the batch holds.
PAGE_COUNT = "page_count"
_ONE_PAGE_SIZES = ("Constant_6", "Constant_7", "Constant_8", "Constant_21")
_ONE_PAGE_ZEROS = ("Constant_2", "Constant_18")
_FIRST_FEATURES = ["num_ratio", "is_text", "is_vector", "is_image", "is_hline_vector", "is_vline_vector"]


class Settings(msgspec.Struct, frozen=True):
    """What a layout model's YAML file says."""

    #: Class of each output column.
    classes: tuple[str, ...]
    #: Column indices, the one that wins a tied vote first.
    priority: tuple[int, ...]
    features: tuple[str, ...]
    #: Nearest nodes that each node looks at.
    neighbours: int


@cache
def settings(tier: Tier) -> Settings:
    """The settings of a tier's layout model."""
    loaded = yaml.safe_load(_path(_LAYOUT[tier], "yaml").read_text(encoding="utf-8"))
    data = loaded["data"]
    if data["rf_names"][: len(_FIRST_FEATURES)] != _FIRST_FEATURES:
        raise ConfigurationError(_mismatch("the features of the layout model have changed"))
    return Settings(
        tuple(data["class_list"]),
        tuple(data["class_priority"]),
        tuple(data["rf_names"]),
        loaded["model"]["sample_k"],
    )


def prepare_request(tier: Tier, *, tables: bool = True, max_nodes: int = 1500) -> PrepareRequest:
    """What the parser process has to prepare for this tier; `tables` says whether table grids are wanted."""
    return PrepareRequest(
        feature_names=settings(tier).features, max_nodes=max_nodes, thumbnail=tier == "full", raster=tables
    )


def graph_model(tier: Tier) -> bytes:
    """The graph network. The one of tier 'full' gets the input `page_count`: it was exported for a single page."""
    model = parse(_path(_LAYOUT[tier], "onnx").read_bytes())
    factor_pair_products(model)
    if tier == "graph":
        return _bytes(model)
    surgery.add_scalar_input(model, PAGE_COUNT)
    try:
        for name in _ONE_PAGE_SIZES:
            surgery.compute_constant(model, f"/page_pooling/{name}_output_0", "Identity", PAGE_COUNT)
        for name in _ONE_PAGE_ZEROS:
            surgery.compute_constant(model, f"/page_pooling/{name}_output_0", "ConstantOfShape", PAGE_COUNT)
    except KeyError as error:
        raise ConfigurationError(_mismatch(f"the layout model has no constant {error}")) from error
    return _bytes(model)


def image_model() -> bytes:
    """The image network with its feature maps as they are before they are blown up to page size (5 maps, then logits).

    They hold the same information in a fifteenth of the memory; `pooling` samples them where a box needs it.
    """
    model = parse(_path(_IMAGE, "onnx").read_bytes())
    try:
        blown_up = surgery.producer(model, "combined")
        maps = [surgery.producer(model, name) for name in blown_up.input]
    except KeyError as error:
        raise ConfigurationError(_mismatch(f"the image model has no output {error}")) from error
    if blown_up.op_type != "Concat" or any(node.op_type != "Resize" for node in maps):
        raise ConfigurationError(_mismatch("the image model's feature map is built another way"))
    surgery.fuse_single_slope(model)
    surgery.set_outputs(model, [*(node.input[0] for node in maps), "logits"])
    return _bytes(model)


def table_model() -> bytes:
    """The table network without the feature map that nothing here reads."""
    model = parse(_path(_TABLE, "onnx").read_bytes())
    surgery.set_outputs(model, surgery.output_names(model)[:4])
    return _bytes(model)


def _bytes(model: Any) -> bytes:
    data: bytes = model.SerializeToString()
    return data


def _path(name: str, suffix: str) -> Path:
    """A data file of the installed wheel, found without importing the package."""
    found = find_spec("pymupdf")
    if found is None or not found.submodule_search_locations:
        raise ConfigurationError("PyMuPDF is not installed: install pymupdf, or choose the geometry route")
    path = Path(found.submodule_search_locations[0], "layout", "resources", "onnx", f"{name}.{suffix}")
    if not path.is_file():
        raise ConfigurationError(_mismatch(f"its wheel has no {path.name}"))
    return path


def _mismatch(what: str) -> str:
    return f"PyMuPDF {version('pymupdf')}: {what}; install pymupdf {SUPPORTED}, or choose the geometry route"
