"""Measures the ONNX OCR engine by batch size: detection by pages, recognition by columns of lines.

    python benchmarks/ocr_batches.py [--device auto|cpu|cuda] [--pages 6] [--rounds 3] [--threads 1]

Batch sizes take turns within each round, so a busy machine slows all of them alike. Prints, per network and batch
size, milliseconds per page or line (best round, wall and CPU) and the ratio to one at a time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from transforms.inference.sessions import resolve_device
from transforms.ocr.images.pixels import packed
from transforms.ocr.onnx import models
from transforms.ocr.onnx.engine import FoundLine, OcrBounds, OnnxOcr
from transforms.ocr.records import PageImage

#: A4 at 150 dpi.
SIZE = (1240, 1754)
WORDS = ["harbour", "freight", "mason", "tide", "ledger", "winter", "quay", "rope", "signal", "cargo", "lantern"]
#: A CPU needs no more than this to show its trend.
BATCHES = {"cpu": ((1, 2, 4), (1, 640, 2560, 10240)), "cuda": ((1, 4, 16), (1, 2560, 10240, 40960, 81920))}


def sample_pages(count: int, lines: int = 40) -> list[PageImage]:
    """Pages of lines of 1 to 10 words, each different."""
    random, font, pages = np.random.default_rng(17), ImageFont.load_default(size=24), []
    for number in range(1, count + 1):
        sheet = Image.new("L", SIZE, "white")
        pen = ImageDraw.Draw(sheet)
        for line in range(lines):
            text = " ".join(random.choice(WORDS, size=random.integers(1, 11)))
            pen.text((90, 90 + line * 1600 / lines), text, fill="black", font=font)
        pages.append(packed(np.asarray(sheet), number, 150.0, (0.48, 0.0, 0.0, 0.48, 0.0, 0.0)))
    return pages


def measure(works: Mapping[int, Callable[[], object]], rounds: int) -> dict[int, tuple[float, float]]:
    """Best wall and CPU seconds of each work, which take turns; the first turn only warms up."""
    best = dict.fromkeys(works, (float("inf"), float("inf")))
    for turn in range(rounds + 1):
        for size, work in works.items():
            started = time.perf_counter(), time.process_time()
            work()
            if turn:
                took = time.perf_counter() - started[0], time.process_time() - started[1]
                best[size] = min(best[size][0], took[0]), min(best[size][1], took[1])
    return best


def report(name: str, items: int, unit: str, best: dict[int, tuple[float, float]]) -> None:
    alone = best[min(best)]
    for size, (wall, cpu) in best.items():
        print(
            f"{name:12s} batch {size:6d} {unit:8s} {1000 * wall / items:8.1f} ms wall {1000 * cpu / items:8.1f} ms CPU"
            f"   one at a time takes {alone[0] / wall:5.2f} x the wall time, {alone[1] / cpu:5.2f} x the CPU time",
            flush=True,
        )


def find(engine: OnnxOcr, pages: Sequence[PageImage]) -> list[FoundLine]:
    return list(engine.find_lines(pages))


def engines(sizes: Iterable[int], bounds: Callable[[int], OcrBounds], device: str, threads: int) -> dict[int, OnnxOcr]:
    return {size: OnnxOcr(device, threads=threads, bounds=bounds(size)) for size in sizes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--pages", type=int, default=0, help="default: 4 on a CPU, 48 on CUDA")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    device = resolve_device(models.stand_in(options.device)).device
    pages = sample_pages(options.pages or {"cpu": 4, "cuda": 48}[device])
    lines = [line.crop for line in OnnxOcr(device).find_lines(pages)]
    print(f"{device}, {len(pages)} pages with {len(lines)} lines, {options.threads} thread(s)")
    by_pages, by_columns = BATCHES[device]
    found = engines(by_pages, lambda size: OcrBounds(pages=size), device, options.threads)
    detect = {size: partial(find, engine, pages) for size, engine in found.items()}
    report("detection", len(pages), "pages", measure(detect, options.rounds))
    found = engines(by_columns, lambda size: OcrBounds(columns=size), device, options.threads)
    recognise = {size: partial(engine.recognise, lines, ["eng"]) for size, engine in found.items()}
    report("recognition", len(lines), "columns", measure(recognise, options.rounds))


if __name__ == "__main__":
    main()
