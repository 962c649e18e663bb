"""The layout networks as one object per process: batches of pages in, regions and table grids out.

Sessions are safe to share between threads. A result does not depend on which pages share a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np

from schemas.options import Device
from transforms.inference.sessions import Chosen, Execution, Precision, make_session, resolve_device
from transforms.layout.batches import BatchBounds, graph_batches, shipped_bounds, slices
from transforms.layout.builtin import graph, raster, weights
from transforms.layout.builtin.grouping import group_lines
from transforms.layout.builtin.pooling import pool_boxes
from transforms.layout.builtin.table_grid import TableCrop, decode
from transforms.layout.records import Array, LayoutBox, PageInput, TableGrid, Tier


class ModelOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which networks run, and on what."""

    tier: Tier = "full"
    device: Device = "auto"
    precision: Precision = "fp32"
    #: Threads of one run on a CPU.
    threads: int = 1
    #: None for the bounds shipped for the device.
    bounds: BatchBounds | None = None


#: Told about every run of a network: its name ('image', 'graph', 'table') and how many pages or tables it took.
OnBatch = Callable[[str, int], None]


class GraphScores(msgspec.Struct, frozen=True, eq=False):
    """The graph network's raw scores of one page: (nodes, classes) and (edges, 2)."""

    nodes: Array
    edges: Array


class LayoutModel:
    """The networks of one tier. Make one per process: it holds about 20 MB of weights."""

    def __init__(self, options: ModelOptions | None = None, on_batch: OnBatch | None = None) -> None:
        self._on_batch = on_batch or _unheard
        self.options = options or ModelOptions()
        self.chosen = resolve_device(self.options.device, self.options.precision)
        self.bounds = _bounds(self.options.bounds, self.chosen)
        self.settings = weights.settings(self.options.tier)
        # OpenVINO compiles no branches whose results have an unknown rank, and these networks have such.
        elsewhere: Device | None = "cpu" if self.chosen.device == "openvino" else None
        self._graph = self._session(weights.graph_model(self.options.tier), elsewhere)
        self._graph_inputs = [entry.name for entry in self._graph.get_inputs()]
        # Pages reach this one in one size, how many at once is bounded, and it needs little: 65 MB a run.
        pictures = self.options.tier == "full"
        self._images = self._session(weights.image_model(), same_shapes=True) if pictures else None
        self._tables = self._session(weights.table_model())

    @property
    def providers(self) -> list[str]:
        """The execution providers in use, preferred first."""
        names: list[str] = self._tables.get_providers()
        return names

    def layout(self, pages: Sequence[PageInput]) -> list[list[LayoutBox]]:
        """Regions of each page, ordered by their first line; none for refused and empty pages."""
        found: list[list[LayoutBox]] = []
        for page, scores in zip(pages, self.graph(pages, self.image_features(pages)), strict=True):
            known = self.settings
            args = (scores.nodes, scores.edges, page.edges, page.boxes, known.classes, known.priority)
            found.append(group_lines(*args) if len(page.boxes) else [])
        return found

    def image_features(self, pages: Sequence[PageInput]) -> list[Array | None]:
        """Per page (nodes, 358): what the image network sees in each line's box; None in tier 'graph'."""
        pooled: list[Array | None] = [None] * len(pages)
        if self._images is None:
            return pooled
        seen = [i for i, page in enumerate(pages) if len(page.boxes)]
        for part in slices(len(seen), self.bounds.image_pages):
            batch = np.stack([raster.network_image(pages[i].thumbnail) for i in seen[part]])
            self._on_batch("image", len(batch))
            *levels, logits = self._images.run(None, {"input": batch})
            for row, i in enumerate(seen[part]):
                size = pages[i].raster_width, pages[i].raster_height
                pooled[i] = pool_boxes([level[row] for level in levels], logits[row], pages[i].boxes, size)
        return pooled

    def graph(self, pages: Sequence[PageInput], image_features: Sequence[Array | None]) -> list[GraphScores]:
        """Scores of the lines and edges of each page."""
        scores = [_no_scores() for _ in pages]
        for batch in graph_batches([len(page.boxes) for page in pages], self.settings.neighbours, self.bounds):
            chosen = [pages[i] for i in batch]
            inputs = _graph_inputs(chosen, [image_features[i] for i in batch], self.settings.neighbours)
            self._on_batch("graph", len(batch))
            nodes, edges = self._graph.run(None, {name: inputs[name] for name in self._graph_inputs})
            node_ends = np.cumsum([len(page.boxes) for page in chosen])[:-1]
            edge_ends = np.cumsum([page.edges.shape[1] for page in chosen])[:-1]
            for i, *parts in zip(batch, np.split(nodes, node_ends), np.split(edges, edge_ends), strict=True):
                scores[i] = GraphScores(*parts)
        return scores

    def table_grids(self, crops: Sequence[TableCrop]) -> list[TableGrid]:
        """The grid of each table."""
        grids: list[TableGrid] = []
        for part in slices(len(crops), self.bounds.table_crops):
            self._on_batch("table", len(crops[part]))
            scores = self._tables.run(None, {"image": np.stack([crop.image for crop in crops[part]])})
            for row, crop in enumerate(crops[part]):
                grids.append(decode([output[row] for output in scores], crop))
        return grids

    def _session(self, model: bytes, elsewhere: Device | None = None, same_shapes: bool = False) -> Any:
        """On the chosen device, or in full precision elsewhere."""
        precision: Precision = "fp32" if elsewhere else self.chosen.precision
        device = elsewhere or self.chosen.device
        threads = self.options.threads
        return make_session(
            model, Execution(device=device, precision=precision, threads=threads, same_shapes=same_shapes)
        )


def measured_bounds(chosen: Chosen) -> BatchBounds:
    """The bounds shipped for the kind of device."""
    return shipped_bounds("cuda" if chosen.device in ("cuda", "tensorrt") else "cpu")


def _bounds(wanted: BatchBounds | None, chosen: Chosen) -> BatchBounds:
    # Numbers are scaled to 8 bits together with all others of the run: beside other pages a page would change.
    if (chosen.device, chosen.precision) == ("cpu", "int8"):
        return BatchBounds()
    return wanted or measured_bounds(chosen)


def _unheard(network: str, size: int) -> None:
    """Nobody counts batches."""


def _no_scores() -> GraphScores:
    return GraphScores(np.zeros((0, 0), np.float32), np.zeros((0, 2), np.float32))


def _graph_inputs(
    pages: Sequence[PageInput], image_features: Sequence[Array | None], neighbours: int
) -> dict[str, Any]:
    """Every input that one of the graph networks has, for pages side by side."""
    sizes = [len(page.boxes) for page in pages]
    starts = np.cumsum([0, *sizes[:-1]])
    seen = [features for features in image_features if features is not None]
    return {
        "x": np.concatenate([graph.node_geometry(page.boxes) for page in pages]),
        "edge_index": np.concatenate([page.edges + start for page, start in zip(pages, starts, strict=True)], axis=1),
        "edge_attr": np.concatenate([graph.edge_geometry(page.boxes, page.edges) for page in pages]),
        "rf_features": np.concatenate([page.features for page in pages]),
        "text_patterns": np.concatenate([page.patterns for page in pages]),
        "image_features": np.concatenate(seen) if seen else None,
        "k": np.array(min(sizes[0], neighbours), np.int64),
        "batch": np.repeat(np.arange(len(pages)), sizes),
        weights.PAGE_COUNT: np.array([len(pages)], np.int64),
    }
