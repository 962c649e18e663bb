"""Pages per second of docbeam with the layout model against PyMuPDF's own `to_markdown`, on the same files in turn.

    python benchmarks/layout_speed.py CORPUS [--pages 150] [--rounds 1] [--workers 2] [--seed 4] [--modes always,auto]

CORPUS holds `dev/` with PDFs (or is any folder of PDFs). A sample of whole documents goes, one after the other, through
`to_markdown` (without OCR, one process per worker, files shared out as workers become free) and through a whole
`docbeam ingest` for each mode, down to committed tables. CPU seconds count all processes. The start of each, measured
on a single tiny document, is taken off before they are compared: it is paid once, however many documents there are.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
import pymupdf

#: Reads paths from stdin; prints the number of pages.
THEIRS = """
import concurrent.futures, sys
def convert(path):
    import pymupdf, pymupdf4llm
    pymupdf.TOOLS.mupdf_display_errors(False)
    try:
        with pymupdf.open(path) as document:
            pymupdf4llm.to_markdown(document, page_chunks=True, header=False, footer=False, use_ocr=False)
            return document.page_count
    except Exception:
        return 0
if __name__ == "__main__":
    with concurrent.futures.ProcessPoolExecutor(int(sys.argv[1])) as pool:
        print("pages", sum(pool.map(convert, sys.stdin.read().split("\\n"))))
"""
SAMPLE_SECONDS = 0.1


class Outcome(NamedTuple):
    """One timed command."""

    wall: float
    cpu: float
    pages: int


def sample(folder: Path, pages: int, seed: int, skipped: frozenset[str], longest: int) -> tuple[list[Path], int]:
    """Documents in random order until they have `pages` pages, and how many they have."""
    paths = sorted(path for path in folder.rglob("*.pdf") if not skipped & set(path.parts))
    random.Random(seed).shuffle(paths)
    chosen, total = [], 0
    for path in paths:
        count = page_count(path)
        if total < pages and 0 < count <= longest:
            chosen.append(path)
            total += count
    return chosen, total


def page_count(path: Path) -> int:
    """0 for what does not open."""
    try:
        with pymupdf.open(path) as document:
            return 0 if document.needs_pass else int(document.page_count)
    except (RuntimeError, ValueError):
        return 0


def timed(command: Sequence[str], stdin: str = "") -> tuple[float, float, str]:
    """Wall and CPU seconds of a command with all its descendants, and its output.

    Descendants that are not waited for (parser processes) are sampled while they live.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as given:
        given.write(stdin)
        given.seek(0)
        process = psutil.Popen(list(command), stdin=given, stdout=out, stderr=subprocess.DEVNULL)
        seen: dict[int, float] = {}
        while process.poll() is None:
            seen.update(_cpu_by_process(process))
            time.sleep(SAMPLE_SECONDS)
        wall = time.perf_counter() - started
        out.seek(0)
        return wall, sum(seen.values()), out.read()


def _cpu_by_process(root: psutil.Process) -> Iterator[tuple[int, float]]:
    try:
        family = [root, *root.children(recursive=True)]
    except psutil.Error:
        return
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        yield process.pid, times.user + times.system


def theirs(files: Sequence[Path], workers: int) -> Outcome:
    """`to_markdown` on every file."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "theirs.py"
        script.write_text(THEIRS, encoding="utf-8")
        wall, cpu, out = timed([sys.executable, str(script), str(workers)], "\n".join(map(str, files)))
    return Outcome(wall, cpu, int(out.rsplit("pages ", 1)[1]))


def ours(files: Sequence[Path], workers: int, mode: str) -> Outcome:
    """`docbeam ingest` of every file."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder, "in")
        inputs.mkdir()
        for number, path in enumerate(files):
            (inputs / f"{number:05d}.pdf").symlink_to(path.resolve())
        command = [str(Path(sys.executable).with_name("docbeam")), "ingest", str(inputs), "--output", f"{folder}/out"]
        options = ["--layout", mode, "--ocr", "never", "--workers", str(workers), "--max-failure-ratio", "1"]
        wall, cpu, out = timed([*command, *options, "--json", "--quiet"])
        return Outcome(wall, cpu, sum(json.loads(out)["pages"].values()))


def told(name: str, outcome: Outcome, start: Outcome, reference: Outcome | None) -> Outcome:
    """Prints one row and returns it with the start taken off; `reference` is such a row."""
    net = Outcome(outcome.wall - start.wall, outcome.cpu - start.cpu, outcome.pages)
    text = f"{name:22s} {net.pages:5d} pages {outcome.wall:7.1f} s wall {outcome.cpu:7.1f} s CPU, of it start"
    text += f" {start.wall:.1f} and {start.cpu:.1f} s; {1000 * net.cpu / net.pages:5.0f} ms CPU a page"
    if reference is not None:
        wall, cpu = reference.wall / reference.pages, reference.cpu / reference.pages
        text += f"  | x{wall * net.pages / net.wall:.1f} wall, x{cpu * net.pages / net.cpu:.1f} CPU"
    print(text, flush=True)
    return net


def tiny(folder: Path) -> Path:
    """A PDF with a single line."""
    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "One line.")
    path = folder / "tiny.pdf"
    document.save(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pages", type=int, default=150)
    parser.add_argument("--longest", type=int, default=60, help="leave out documents with more pages")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--modes", default="always,auto")
    parser.add_argument("--skip", default="malformed,scanned", help="folder names to leave out")
    options = parser.parse_args()
    root = options.corpus / "dev" if (options.corpus / "dev").is_dir() else options.corpus
    files, pages = sample(root, options.pages, options.seed, frozenset(options.skip.split(",")), options.longest)
    print(f"{len(files)} documents, {pages} pages, {options.workers} workers")
    with tempfile.TemporaryDirectory() as folder:
        one = [tiny(Path(folder))]
        start = {mode: ours(one, options.workers, mode) for mode in options.modes.split(",")}
        their_start = theirs(one, options.workers)
    for _ in range(options.rounds):
        reference = told("to_markdown", theirs(files, options.workers), their_start, None)
        for mode in options.modes.split(","):
            told(f"docbeam --layout {mode}", ours(files, options.workers, mode), start[mode], reference)


if __name__ == "__main__":
    main()
