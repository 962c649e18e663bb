"""Memory of a run with the layout model, as its pages go by: python benchmarks/layout_memory.py CORPUS [--pages 2000]

CORPUS holds `dev/` with PDFs (or is any folder of PDFs). Documents are taken in a fixed random order, again from the
start when they run out, and ingested with `--layout always`. Proportional set sizes (shared pages count once) are
sampled every half second: of the process that holds the networks, and of its parser processes together. Printed are
their means and peaks for every `--window` pages, by the run's own progress lines.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from layout_speed import sample
from throughput import tree_memory

SAMPLE_SECONDS = 0.5
MIB = 1 << 20
_PAGES = re.compile(r" (\d+) pages")


@dataclass
class Window:
    """Samples in MiB while so many pages were done."""

    main: list[float] = field(default_factory=list)
    parsers: list[float] = field(default_factory=list)

    def row(self) -> str:
        """Means and peaks."""
        both = [one + other for one, other in zip(self.main, self.parsers, strict=True)]
        pairs = (f"{statistics.mean(values):.0f} | {max(values):.0f}" for values in (self.main, self.parsers, both))
        return " | ".join(pairs)


def documents(root: Path, pages: int, seed: int, skipped: frozenset[str], folder: Path) -> list[str]:
    """Links to documents until they have that many pages."""
    links: list[str] = []
    total = 0
    while total < pages:
        files, found = sample(root, pages - total, seed, skipped, 60)
        for path in files:
            link = folder / f"{len(links):06d}.pdf"
            link.symlink_to(path.resolve())
            links.append(str(link))
        total += found
    return links


def watched(command: list[str], log: Path, window: int) -> dict[int, Window]:
    """Run it; the samples by the pages that its progress lines told of."""
    windows: dict[int, Window] = {}
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stream)
    root = psutil.Process(process.pid)
    while process.poll() is None:
        told = _PAGES.findall(log.read_text())
        try:
            main = root.memory_full_info().pss
            of_all = tree_memory(root)
        except psutil.Error:
            break
        found = windows.setdefault(int(told[-1]) // window * window if told else 0, Window())
        found.main.append(main / MIB)
        found.parsers.append(max(0, of_all - main) / MIB)
        time.sleep(SAMPLE_SECONDS)
    process.wait()
    return windows


def report(windows: dict[int, Window], window: int) -> Iterator[str]:
    """A table in Markdown."""
    yield "| pages | process with the networks, mean | peak | parsers, mean | peak | together, mean | peak |"
    yield "|---|---|---|---|---|---|---|"
    for start, found in sorted(windows.items()):
        yield f"| {start} to {start + window} | {found.row()} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--window", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--mode", default="always")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--skip", default="malformed,scanned", help="names of folders and files to leave out")
    given = parser.parse_args()
    root = given.corpus / "dev" if (given.corpus / "dev").is_dir() else given.corpus
    with tempfile.TemporaryDirectory() as folder:
        links = documents(root, given.pages, given.seed, frozenset(given.skip.split(",")), Path(folder))
        listed = Path(folder, "list.txt")
        listed.write_text("\n".join(links))
        command = [str(Path(sys.executable).with_name("docbeam")), "ingest", "--manifest", str(listed)]
        command += ["-o", f"{folder}/out", "--workers", str(given.workers), "--max-failure-ratio", "1"]
        command += ["--layout", given.mode, "--ocr", "never"]
        for line in report(watched(command, Path(folder, "log"), given.window), given.window):
            print(line)


if __name__ == "__main__":
    main()
