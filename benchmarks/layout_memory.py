"""Memory of a run with the layout model, as its pages grow: python benchmarks/layout_memory.py CORPUS

CORPUS holds `dev/` with PDFs (or is any folder of PDFs). For each number of pages, documents are taken in a fixed
random order, again from the start when they run out, and ingested with `--layout always`. Memory is the process
tree's at its peak: the sum of proportional set sizes (shared pages count once), sampled every 0.2 s.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from layout_speed import sample
from throughput import docbeam


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pages", default="200,2000")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--mode", default="always")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--skip", default="malformed,scanned", help="folder names to leave out")
    options = parser.parse_args()
    root = options.corpus / "dev" if (options.corpus / "dev").is_dir() else options.corpus
    for pages in map(int, options.pages.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            links = documents(root, pages, options.seed, frozenset(options.skip.split(",")), Path(folder))
            outcome = docbeam(links, options.workers, ("--layout", options.mode, "--ocr", "never"))
        print(f"{len(links)} documents, {outcome.pages} pages: peak {outcome.peak_mib:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
