"""What one page, one byte and one commit cost here: the figures that docs/scaling.md reckons with.

    python benchmarks/unit_costs.py [CORPUS] [--sets tables,pdf_olmocr] [--scans scanned] [--split dev]

CPU seconds of a page by route, each alone and on one thread: geometry (extraction and assembly), the graph network, the
full model, OCR by each engine that is installed. Bytes a second that one thread fetches from a local web server, and
that 16 threads do. Seconds and log bytes of a commit by the number of its files, in a folder of this machine. Without a
corpus, no pages.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/flink")]

import cv2  # noqa: E402
from layout_cascade import TIERS, read_all  # noqa: E402
from processes import Processes, free_port, wait_for  # noqa: E402

from schemas.failures import ConfigurationError, DocumentError  # noqa: E402
from schemas.options import FetchOptions, OcrOptions  # noqa: E402
from schemas.part import WrittenFile  # noqa: E402
from schemas.plan import Changes, RunFacts  # noqa: E402
from schemas.source import SourceRef  # noqa: E402
from transforms.extract.child import extract_ranges  # noqa: E402
from transforms.fetch.fetcher import Fetcher  # noqa: E402
from transforms.lake.format.files import open_file  # noqa: E402
from transforms.lake.log.catalog import STAGING, open_catalog  # noqa: E402
from transforms.ocr.engines import ONNX, TESSERACT, engine_named  # noqa: E402
from transforms.ocr.images.render import PDF, needs_of, page_images  # noqa: E402
from transforms.ocr.records import PageImage  # noqa: E402
from transforms.stores.any import AnyStore  # noqa: E402
from transforms.stores.local import LocalStorage  # noqa: E402
from transforms.write.commit import Committer  # noqa: E402

OCR = OcrOptions()
#: Files of a commit.
COMMITS = (10, 100, 1000, 5000)
FETCHED, FETCHED_BYTES = 32, 8 << 20
THREADS = (1, 16)


def cpu_seconds() -> float:
    """Of this process and of the children that it waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def page_costs(split: Path, sets: Sequence[str]) -> Iterator[tuple[str, int, float]]:
    """Route, pages, CPU seconds of a page."""
    pages, geometry = 0, 0.0
    models: dict[str, list[float]] = {tier: [] for tier in TIERS}
    for document in read_all(split, sets):
        pages += len(document.extraction.pages)
        geometry += document.geometry
        for (tier, _), seconds in document.costs.items():
            models[tier].append(seconds)
    yield "geometry", pages, geometry / pages
    for tier, costs in models.items():
        yield tier, len(costs), sum(costs) / len(costs)


def scanned(folder: Path) -> Iterator[list[PageImage]]:
    """The images of each page below a folder that OCR would read."""
    for path in sorted(folder.rglob("*.pdf")):
        try:
            extraction = extract_ranges(path, PDF, ((1, 0),))
        except DocumentError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        pages = {page.number: page for page in extraction.pages}
        needs = [(pages[decision.page], decision) for decision in needs_of(extraction, OCR)]
        yield from filter(None, page_images(path, PDF, needs, OCR))


def ocr_costs(split: Path, sets: Sequence[str]) -> Iterator[tuple[str, int, float]]:
    """The same for OCR by each engine; the networks are loaded before."""
    started = cpu_seconds()
    pages = [images for name in sets for images in scanned(split / name)]
    yield "OCR: render", len(pages), (cpu_seconds() - started) / len(pages)
    for name in (TESSERACT, ONNX):
        engine = engine_named(name)
        try:
            engine.check(OCR)
        except ConfigurationError as error:
            print(error, file=sys.stderr)
            continue
        engine.read(pages[0], OCR.languages)
        started = cpu_seconds()
        for images in pages:
            engine.read(images, OCR.languages)
        yield f"OCR: {name}", len(pages), (cpu_seconds() - started) / len(pages)


def bandwidth(folder: Path, threads: int) -> float:
    """Bytes a second from a local web server into the cache, hashed on the way."""
    site = folder / f"site-{threads}"
    site.mkdir()
    for number in range(FETCHED):
        (site / f"{number}.txt").write_bytes(os.urandom(FETCHED_BYTES))
    processes, port = Processes(folder / f"logs-{threads}"), free_port()
    command = [sys.executable, "-m", "http.server", "--protocol", "HTTP/1.1", "--bind", "127.0.0.1"]
    processes.start("site", [*command, "--directory", site, port])
    urls = [f"http://127.0.0.1:{port}/{number}.txt" for number in range(FETCHED)]
    wait_for("an answer of the web server", lambda: _listens(port))
    fetcher = Fetcher(FetchOptions(cache_dir=str(folder / f"cache-{threads}")), AnyStore())
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        fetched = sum(found.size for found in pool.map(lambda url: fetcher.fetch(SourceRef(uri=url, path=url)), urls))
    seconds = time.perf_counter() - started
    processes.close()
    return fetched / seconds


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def commit(root: Path, files: int) -> tuple[float, int]:
    """Seconds of a commit that adds `files` files to one table, and bytes of its log entry."""
    storage, run = LocalStorage(), f"run-{files}"
    catalog = open_catalog(str(root), "delta", storage)
    catalog.prepare()
    staging = root / STAGING / run / "chunks"
    staging.mkdir(parents=True)
    first = staging / "0.parquet"
    with open_file(storage.create, str(first), "chunks", "delta"):
        pass  # A commit never looks into the files that it adds.
    for number in range(1, files):
        shutil.copy(first, staging / f"{number}.parquet")
    size = first.stat().st_size
    staged = [WrittenFile(table="chunks", path=str(path), size=size, rows=0) for path in sorted(staging.iterdir())]
    facts = RunFacts(run_id=run)
    committer = Committer(root=str(root), format="delta", facts=facts, storage=storage, catalog=catalog)
    started = time.perf_counter()
    committer.commit(Changes(files=staged))
    seconds = time.perf_counter() - started
    return seconds, max(entry.stat().st_size for entry in (root / "chunks/_delta_log").glob("*.json"))


def report(arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    """Three tables."""
    if arguments.corpus:
        split = arguments.corpus / arguments.split
        yield "| route | pages | CPU seconds a page |"
        yield "|---|---|---|"
        for costs in (page_costs(split, arguments.sets.split(",")), ocr_costs(split, arguments.scans.split(","))):
            for route, pages, seconds in costs:
                yield f"| {route} | {pages} | {seconds:.4f} |"
        yield ""
    yield "| threads that fetch | MB a second |"
    yield "|---|---|"
    for threads in THREADS:
        yield f"| {threads} | {bandwidth(folder, threads) / 1e6:.0f} |"
    yield ""
    yield "| files of a commit | seconds | bytes of its log entry |"
    yield "|---|---|---|"
    for files in COMMITS:
        seconds, size = commit(folder / f"commit-{files}", files)
        yield f"| {files} | {seconds:.2f} | {size} |"


def main() -> None:
    """Print the tables, line by line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--sets", default="tables,pdf_olmocr", help="PDFs for the routes of layout")
    parser.add_argument("--scans", default="scanned", help="PDFs for OCR")
    arguments = parser.parse_args()
    # One core does what is measured, as in a parser process.
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="docbeam-costs-") as name:
        for line in report(arguments, Path(name)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
