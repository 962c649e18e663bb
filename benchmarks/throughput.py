"""End-to-end speed and memory against a bare PyMuPDF loop: python benchmarks/throughput.py CORPUS [--rounds 3]

CORPUS holds `dev/` with PDFs (or is any folder of PDFs). Each round times, one after the other, a single process that
only calls page.get_text() and a whole `docbeam ingest` without models and OCR, down to committed tables; the ratio is
per round. Memory is the
process tree's: the sum of proportional set sizes (shared pages count once), sampled every 0.2 s.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

BARE = """
import sys, pymupdf
pymupdf.TOOLS.mupdf_display_errors(False)
pages = 0
for path in sys.stdin.read().split("\\n"):
    try:
        with pymupdf.open(path) as document:
            for page in document:
                page.get_text()
                pages += 1
    except (RuntimeError, ValueError):
        pass
print(pages)
"""
SAMPLE_SECONDS = 0.2


@dataclass
class Outcome:
    """One timed command: seconds, pages and the peak memory of its processes in MiB."""

    seconds: float
    pages: int
    peak_mib: float

    @property
    def speed(self) -> float:
        """Pages per second."""
        return self.pages / self.seconds


def tree_memory(root: psutil.Process) -> int:
    total = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def timed(command: list[str], stdin: str) -> tuple[float, str, float]:
    """Seconds, stdout and peak tree memory in MiB of a command."""
    started, peak, done = time.perf_counter(), 0, threading.Event()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def watch(root: psutil.Process) -> None:
        nonlocal peak
        while not done.wait(SAMPLE_SECONDS):
            peak = max(peak, tree_memory(root))

    watcher = threading.Thread(target=watch, args=(psutil.Process(process.pid),))
    watcher.start()
    out, _ = process.communicate(stdin)
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    return seconds, out, peak / (1 << 20)


def bare(files: list[str]) -> Outcome:
    seconds, out, peak = timed([sys.executable, "-c", BARE], "\n".join(files))
    return Outcome(seconds, int(out), peak)


#: Digital text alone: what a bare loop does too.
FAST = ("--layout", "never", "--ocr", "never")


def docbeam(files: list[str], workers: int, more: Sequence[str] = FAST) -> Outcome:
    """A whole ingest down to committed tables; `more` are further options."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "in"
        inputs.mkdir()
        for number, path in enumerate(files):
            (inputs / f"{number:05d}.pdf").symlink_to(path)
        command = [str(Path(sys.executable).with_name("docbeam")), "ingest", str(inputs), "--output", f"{folder}/out"]
        options = ["--workers", str(workers), "--json", "--quiet", "--max-failure-ratio", "1"]
        seconds, out, peak = timed([*command, *options, *more], "")
        shutil.rmtree(f"{folder}/out")
    return Outcome(seconds, sum(json.loads(out)["pages"].values()), peak)


def compare(files: list[str], rounds: int, workers: int) -> None:
    """Interleaved rounds: bare loop, then docbeam."""
    ratios = []
    for number in range(rounds):
        loop, ours = bare(files), docbeam(files, workers)
        ratios.append(ours.speed / loop.speed)
        print(
            f"round {number + 1}: bare {loop.speed:7.1f} pages/s ({loop.pages} pages), "
            f"docbeam {ours.speed:7.1f} pages/s ({ours.pages} pages, peak {ours.peak_mib:.0f} MiB), "
            f"ratio {ratios[-1]:.2f}",
            flush=True,
        )
    print(f"ratio docbeam/bare: min {min(ratios):.2f} median {statistics.median(ratios):.2f} max {max(ratios):.2f}")


def memory(files: list[str], workers: int) -> None:
    """Peak memory for 100 and for 400 documents (files repeat under other names when there are too few)."""
    with tempfile.TemporaryDirectory() as folder:
        for count in (100, 400):
            links = []
            for number in range(count):
                link = Path(folder) / f"{count}-{number}.pdf"
                link.symlink_to(files[number % len(files)])
                links.append(str(link))
            outcome = docbeam(links, workers)
            print(f"{count} documents, {outcome.pages} pages: peak {outcome.peak_mib:.0f} MiB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--skip", default="malformed", help="folder names to leave out, comma-separated")
    parser.add_argument("--part", choices=("speed", "memory", "both"), default="both")
    arguments = parser.parse_args()
    root = arguments.corpus / "dev" if (arguments.corpus / "dev").is_dir() else arguments.corpus
    skipped = set(arguments.skip.split(","))
    files = sorted(str(p.resolve()) for p in root.rglob("*.pdf") if not skipped & set(p.parts))
    print(f"{len(files)} PDFs below {root}")
    if arguments.part != "memory":
        compare(files, arguments.rounds, arguments.workers)
    if arguments.part != "speed":
        small = [path for path in files if Path(path).stat().st_size < 300_000]
        memory(small, arguments.workers)


if __name__ == "__main__":
    main()
