"""Measures the layout networks at several batch sizes and writes the bounds docbeam ships.

    python benchmarks/layout_batches.py [--device auto|cpu|cuda] [--batches 1,2,4,8] [--pages 24] [--write]

Prints milliseconds and pages (crops) per second of each network, in wall time and in CPU time. `--write` puts the
best batch sizes for the device into transforms/layout/batch_bounds.toml.
"""

from __future__ import annotations

import argparse
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pymupdf

from schemas.geometry import Box
from transforms.inference.sessions import resolve_device
from transforms.layout.batches import BatchBounds
from transforms.layout.builtin import raster
from transforms.layout.builtin.adapter import prepare_page
from transforms.layout.builtin.model import LayoutModel, ModelOptions
from transforms.layout.builtin.table_grid import TableCrop
from transforms.layout.builtin.weights import prepare_request
from transforms.layout.records import LayoutBox, PageInput

BOUNDS = Path(__file__).resolve().parents[1] / "transforms" / "layout" / "batch_bounds.toml"
#: A larger batch must be this much faster to be worth its memory.
WORTH = 1.05
WORDS = ["harbour", "freight", "mason", "tide", "ledger", "winter", "quay", "rope", "signal", "cargo", "lantern"]


def sample_pages(count: int, lines: int = 60) -> list[PageInput]:
    """Two-column pages of `lines` lines, each different."""
    request, document = prepare_request("full"), pymupdf.open()
    random = np.random.default_rng(11)
    for _ in range(count):
        page = document.new_page()
        for line in range(lines):
            left, row = (60 if line < lines / 2 else 320), line % (lines // 2)
            text = " ".join(random.choice(WORDS, size=7))
            page.insert_text((left, 70 + row * 1380 / lines), text, fontsize=8)
    return [prepare_page(page, request) for page in pymupdf.open("pdf", document.tobytes())]


def sample_crops(count: int) -> list[TableCrop]:
    """Tables of noise: the network's time does not depend on what it sees."""
    pixels = np.random.default_rng(13).integers(0, 255, (200, 300, 1), np.uint8)
    region = LayoutBox(Box(0, 0, 300, 200), "table", 1.0, (0,))
    crop = TableCrop(raster.table_image(pixels), region, np.array([[10, 10, 60, 20]], np.float32), 300, 200)
    return [crop] * count


def measure(work: Callable[[], object], items: int) -> tuple[float, float]:
    """Wall and CPU milliseconds per item: the best of three after one run to warm up."""
    work()
    wall, cpu = [], []
    for _ in range(3):
        started = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - started[0])
        cpu.append(time.process_time() - started[1])
    return 1000 * min(wall) / items, 1000 * min(cpu) / items


def networks(size: int, options: ModelOptions, pages: Sequence[PageInput]) -> dict[str, tuple[float, float]]:
    """Milliseconds per item of each network at one batch size."""
    bounds = BatchBounds(image_pages=size, graph_pages=size, graph_nodes=10**9, table_crops=size)
    full = LayoutModel(msgspec.structs.replace(options, tier="full", bounds=bounds))
    graph = LayoutModel(msgspec.structs.replace(options, tier="graph", bounds=bounds))
    seen, unseen = full.image_features(pages), graph.image_features(pages)
    crops = sample_crops(len(pages))
    return {
        "image network and pooling": measure(lambda: full.image_features(pages), len(pages)),
        "graph network (full)": measure(lambda: full.graph(pages, seen), len(pages)),
        "graph network (graph)": measure(lambda: graph.graph(pages, unseen), len(pages)),
        "table network": measure(lambda: full.table_grids(crops), len(crops)),
    }


def best_bounds(results: dict[int, dict[str, tuple[float, float]]], lines: int, device: str) -> BatchBounds:
    """The smallest batch nearly as fast as the fastest, per network: by CPU time on a CPU, else by wall time."""
    clock = int(device == "cpu")

    def best(name: str) -> int:
        fastest = min(result[name][clock] for result in results.values())
        return min(size for size, result in results.items() if result[name][clock] <= WORTH * fastest)

    pages = best("graph network (full)")
    return BatchBounds(
        image_pages=best("image network and pooling"),
        graph_pages=pages,
        graph_nodes=max(BatchBounds().graph_nodes, pages * lines),
        table_crops=best("table network"),
    )


def write_bounds(device: str, bounds: BatchBounds, path: Path = BOUNDS) -> None:
    """Replaces the table of one device."""
    tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")) | {device: msgspec.to_builtins(bounds)}
    parts = [
        "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in table.items())])
        for name, table in sorted(tables.items())
    ]
    header = (
        "# The most items per run of each network. `benchmarks/layout_batches.py --write` measures them for a device."
    )
    path.write_text("\n\n".join([header, *parts]) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--batches", default="1,2,4,8", help="batch sizes, separated by commas")
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write the best sizes into batch_bounds.toml")
    options = parser.parse_args()
    device = resolve_device(options.device).device
    pages = sample_pages(options.pages)
    lines = len(pages[0].boxes)
    print(f"{device}, {len(pages)} pages of {lines} lines, {options.threads} thread(s)")
    results = {}
    for size in (int(text) for text in options.batches.split(",")):
        results[size] = networks(size, ModelOptions(device=device, threads=options.threads), pages)
        for name, (wall, cpu) in results[size].items():
            print(f"{name:28s} batch {size:4d} {wall:8.1f} ms wall {cpu:8.1f} ms CPU {1000 / wall:8.1f} /s", flush=True)
    bounds = best_bounds(results, lines, device)
    print(f"best: {bounds}")
    if options.write:
        write_bounds(device, bounds)
        print(f"wrote {BOUNDS}")


if __name__ == "__main__":
    main()
