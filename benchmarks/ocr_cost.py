"""What OCR costs in whole runs: few scans in a long document, and workers.

    python benchmarks/ocr_cost.py [--engine tesseract|onnx] [--pages 300] [--scans 12] [--rounds 3]

First: a long digital document in which three pages are scans, against the same document without scans plus what the
three pages take alone. Then: pages read by two workers against one. The runs of each round take turns, the best of the
rounds counts, and the seconds of a run over a note, which every run pays to start and to commit, are told apart.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pymupdf

from beam_pipeline.jobs.local_run import run
from schemas.options import ExtractOptions, OcrOptions, Options, SourceOptions, WriteOptions

DPI = 200
SENTENCE = "The committee read the report and asked the office to repeat its count of the northern lakes. "


def write_pages(path: Path, pages: int, scans: Sequence[int]) -> Path:
    """A document of full pages of text, those with the numbers `scans` as images."""
    with pymupdf.open() as document:
        for number in range(1, pages + 1):
            page = document.new_page()
            page.insert_text((72, 90), f"Part {number}", fontsize=18)
            page.insert_textbox((72, 110, 520, 760), f"{number}. " + SENTENCE * 24, fontsize=11)
            if number in scans:
                image = page.get_pixmap(dpi=DPI, colorspace=pymupdf.csGRAY).tobytes("png")
                document.delete_page(-1)
                page = document.new_page()
                page.insert_image(page.rect, stream=image)
        document.save(path, garbage=3, deflate=True)
    return path


def seconds(path: Path, engine: str, workers: int) -> float:
    """Of one run over a document."""
    with tempfile.TemporaryDirectory(prefix="docbeam-cost-") as output:
        options = Options(
            source=SourceOptions(inputs=(str(path),)),
            extract=ExtractOptions(workers=workers),
            ocr=OcrOptions(engine=engine),
            write=WriteOptions(output=output),
        )
        started = time.perf_counter()
        report = run(options)
        took = time.perf_counter() - started
    assert report.statuses == {"ok": 1}, report
    return took


def best(runs: Mapping[str, tuple[Path, int]], engine: str, rounds: int) -> dict[str, float]:
    """The shortest of each run's rounds."""
    found = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, (path, workers) in runs.items():
            found[name] = min(found[name], seconds(path, engine, workers))
    return found


def main() -> None:
    """Print two Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--scans", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docbeam-cost-") as scratch:
        folder = Path(scratch)
        (folder / "note.md").write_text("# A note\n", encoding="utf-8")
        middle = options.pages // 2
        documents = {
            "note": folder / "note.md",
            "digital": write_pages(folder / "digital.pdf", options.pages, ()),
            "mixed": write_pages(folder / "mixed.pdf", options.pages, (1, middle, options.pages)),
            "three scans": write_pages(folder / "three.pdf", 3, (1, 2, 3)),
        }
        scans = write_pages(folder / "scans.pdf", options.scans, range(1, options.scans + 1))
        runs = {name: (path, 2) for name, path in documents.items()}
        runs |= {f"{count} workers": (scans, count) for count in (1, 2)}
        print_tables(best(runs, options.engine, options.rounds), options.pages, options.scans)


def print_tables(took: Mapping[str, float], pages: int, scans: int) -> None:
    """Ratios, with what every run pays told apart."""
    start = took["note"]
    print(f"| run | seconds beyond the {start:.1f} of any run |\n|---|---|")
    for name, value in took.items():
        print(f"| {name} | {value - start:.1f} |")
    bound = took["digital"] + took["three scans"] - start
    print(f"\n{pages} pages with 3 scans: {took['mixed'] / bound:.2f} times the digital pages plus the three scans")
    one, two = took["1 workers"], took["2 workers"]
    print(f"{scans} scans, 2 workers: {one / two:.2f} times as fast as 1, {(one - start) / (two - start):.2f} net")


if __name__ == "__main__":
    main()
