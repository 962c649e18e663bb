"""Layout of whole pages on a device, by batch size, and whether it equals the CPU's.

    python benchmarks/gpu_layout.py [--device auto|cpu|cuda|tensorrt|openvino] [--precision fp32|fp16|int8]
        [--batches 1,8,32,128]

Prints the execution providers, pages per second for each batch size (image network, pooling, graph network, grouping)
and, against one page a time on the CPU: the largest difference of a score, and how many regions have the same class
and lines.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
from layout_batches import sample_pages

from transforms.inference.sessions import DEVICES, resolve_device
from transforms.layout.batches import BatchBounds
from transforms.layout.builtin.model import GraphScores, LayoutModel, ModelOptions
from transforms.layout.records import LayoutBox, PageInput


def run(model: LayoutModel, pages: Sequence[PageInput]) -> tuple[list[GraphScores], list[list[LayoutBox]]]:
    """Scores and regions of the pages."""
    return model.graph(pages, model.image_features(pages)), model.layout(pages)


def largest_difference(ours: Sequence[GraphScores], theirs: Sequence[GraphScores]) -> float:
    """Of any score of any line or edge."""
    pairs = [(a.nodes, b.nodes) for a, b in zip(ours, theirs, strict=True)]
    pairs += [(a.edges, b.edges) for a, b in zip(ours, theirs, strict=True)]
    return max(float(np.abs(a - b).max()) for a, b in pairs if a.size)


def same_regions(ours: Sequence[Sequence[LayoutBox]], theirs: Sequence[Sequence[LayoutBox]]) -> tuple[int, int]:
    """How many of the regions in `theirs` are in `ours` with the same class and lines, and how many there are."""
    same = total = 0
    for one, two in zip(ours, theirs, strict=True):
        wanted = {(region.cls, region.nodes) for region in two}
        same += len(wanted & {(region.cls, region.nodes) for region in one})
        total += len(wanted)
    return same, total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--batches", default="1,8,32,128", help="batch sizes, separated by commas")
    parser.add_argument("--precision", choices=["fp32", "fp16", "int8"], default="fp32")
    parser.add_argument("--tier", choices=["full", "graph"], default="full")
    parser.add_argument("--pages", type=int, default=0, help="pages to run (0: the largest batch)")
    options = parser.parse_args()
    sizes = [int(text) for text in options.batches.split(",")]
    pages = sample_pages(options.pages or max(sizes))
    chosen_device = resolve_device(options.device, options.precision)
    print(chosen_device.why)
    expected = run(LayoutModel(ModelOptions(tier=options.tier, device="cpu", bounds=BatchBounds())), pages)
    for size in sizes:
        bounds = BatchBounds(image_pages=size, graph_pages=size, graph_nodes=10**9, table_crops=size)
        chosen = ModelOptions(
            tier=options.tier, device=chosen_device.device, precision=options.precision, bounds=bounds
        )
        model = LayoutModel(chosen)
        scores, regions = run(model, pages)
        started = time.perf_counter()
        model.layout(pages)
        rate = len(pages) / (time.perf_counter() - started)
        same, total = same_regions(regions, expected[1])
        difference = largest_difference(scores, expected[0])
        print(f"{model.providers} batch {size:4d} {rate:8.1f} pages/s", end=" ")
        print(f"largest score difference {difference:.2g}, same regions {same}/{total}", flush=True)


if __name__ == "__main__":
    main()
