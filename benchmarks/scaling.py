"""What a document costs beyond its parsing on Flink, and what that means for a million and a hundred million.

    tests/flink/setup.sh .cache/flink .venv/bin/python
    .venv/bin/python benchmarks/scaling.py --documents 5000 --page-seconds 0.02

Trivial documents (one line of text) on a cluster of this machine, with parallelism 1 and 2. Two sizes each: the
difference leaves out what every run costs. CPU seconds count the cluster, its workers and their parsers, and the
submitter; unlike seconds they mean something on a machine that is busy with other work, too. Prints Markdown tables;
what they rest on stands in the first one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/flink")]

import msgspec  # noqa: E402
import psutil  # noqa: E402
from cluster import FlinkCluster  # noqa: E402
from processes import Processes  # noqa: E402

from transforms.lake.datasets import open_table  # noqa: E402

SIZES = (1_000_000, 100_000_000)
DAY = 86_400.0
SAMPLE_SECONDS = 0.5


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    documents: int
    parallelism: int
    seconds: float
    #: Of all processes.
    cpu: float
    #: Bytes that went through Flink's exchanges.
    shuffled: int
    files: int
    #: Bytes of the documents table's newest log entry.
    log_bytes: int


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What one document costs beyond its parsing, from two runs of different size."""

    parallelism: int
    start: float
    start_cpu: float
    seconds: float
    cpu: float
    shuffled: float


def measure(cluster: FlinkCluster, folder: Path, documents: int, parallelism: int) -> Measured:
    source, output = folder / f"in-{documents}", folder / f"out-{documents}-{parallelism}"
    if not source.exists():
        source.mkdir(parents=True)
        for number in range(documents):
            (source / f"{number:06}.txt").write_text(f"Line number {number}.\n", encoding="utf-8")
    watched = Watched()
    started, cpu = time.monotonic(), watched.cpu()
    _ingest(source, output, [*cluster.flags(), f"--parallelism={parallelism}"], watched)
    seconds, cpu = time.monotonic() - started, watched.cpu() - cpu
    assert open_table(str(output), "documents").count_rows() == documents
    logs = sorted((output / "documents/_delta_log").glob("*.json"))
    return Measured(
        documents=documents,
        parallelism=parallelism,
        seconds=seconds,
        cpu=cpu,
        shuffled=cluster.bytes_sent(cluster.jobs()[-1]["jid"]),
        files=len(list((output / "documents").glob("*.parquet"))),
        log_bytes=logs[-1].stat().st_size,
    )


class Watched:
    """CPU seconds of all descendants; those that end without anybody waiting for them keep what was last seen."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, float], float] = {}

    def cpu(self) -> float:
        """By now."""
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                self._seen[process.pid, process.create_time()] = times.user + times.system
        return sum(self._seen.values())


def _ingest(source: Path, output: Path, beam: list[str], watched: Watched) -> None:
    code = "from beam_pipeline.cli.app import main; main()"
    words = [sys.executable, "-c", code, "ingest", source, "-o", output, "--layout", "never", "--runner", "flink", "-q"]
    shared = ["--experiments=docbeam_shared_files"]
    run = subprocess.Popen([*map(str, words), "--", *beam, *shared], cwd=ROOT, stdout=subprocess.DEVNULL)
    while run.poll() is None:
        watched.cpu()
        time.sleep(SAMPLE_SECONDS)
    assert run.returncode == 0, run.args


def costs(small: Measured, large: Measured) -> Costs:
    """The line through two runs."""
    added = large.documents - small.documents
    seconds, cpu = (large.seconds - small.seconds) / added, (large.cpu - small.cpu) / added
    return Costs(
        parallelism=large.parallelism,
        start=small.seconds - seconds * small.documents,
        start_cpu=small.cpu - cpu * small.documents,
        seconds=seconds,
        cpu=cpu,
        shuffled=(large.shuffled - small.shuffled) / added,
    )


def estimate(cost: Costs, documents: int, pages: float, page_seconds: float, cores: int) -> dict[str, float]:
    """Days and gigabytes of `documents` on `cores` cores, when a page takes `page_seconds` of one core."""
    overhead = cost.cpu * documents
    parsing = pages * page_seconds * documents
    return {
        "days": (overhead + parsing) / cores / DAY,
        "overhead share": overhead / (overhead + parsing),
        "core hours": (overhead + parsing) / 3600,
        "shuffled GB": cost.shuffled * documents / 1e9,
    }


def report(runs: list[Measured], arguments: argparse.Namespace) -> Iterator[str]:
    yield "| documents | parallelism | seconds | CPU seconds | shuffled bytes | files a table | bytes of the commit |"
    yield "|---|---|---|---|---|---|---|"
    for run in runs:
        times = (f"{run.seconds:.1f}", f"{run.cpu:.1f}")
        facts = (run.documents, run.parallelism, *times, run.shuffled, run.files, run.log_bytes)
        yield f"| {' | '.join(map(str, facts))} |"
    found = [costs(small, large) for small, large in zip(runs[::2], runs[1::2], strict=True)]
    yield ""
    yield "| parallelism | a run, s | its CPU, s | a document, ms | its CPU, ms | its shuffled bytes |"
    yield "|---|---|---|---|---|---|"
    for cost in found:
        run = f"{cost.start:.0f} | {cost.start_cpu:.0f}"
        yield f"| {cost.parallelism} | {run} | {cost.seconds * 1e3:.1f} | {cost.cpu * 1e3:.1f} | {cost.shuffled:.0f} |"
    yield ""
    yield f"With {arguments.pages:g} pages a document and {arguments.page_seconds * 1000:g} ms of a core a page:"
    yield ""
    yield "| documents | cores | days | core hours | overhead share | shuffled GB |"
    yield "|---|---|---|---|---|---|"
    for documents in SIZES:
        for cores in (16, 256):
            row = estimate(found[-1], documents, arguments.pages, arguments.page_seconds, cores)
            yield (
                f"| {documents:.0e} | {cores} | {row['days']:.2f} | {row['core hours']:.0f} "
                f"| {row['overhead share']:.0%} | {row['shuffled GB']:.1f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--pages", type=float, default=10.0, help="pages of a document, for the estimates")
    parser.add_argument("--page-seconds", type=float, required=True, help="CPU-seconds of a page: make bench tells")
    parser.add_argument("--tools", type=Path, default=ROOT / ".cache/flink")
    parser.add_argument("--json", type=Path, help="keep the measurements here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docbeam-scaling-") as name:
        folder = Path(name)
        processes = Processes(folder / "logs")
        try:
            cluster = FlinkCluster(arguments.tools.resolve(), folder / "flink", processes)
            sizes = (max(1, arguments.documents // 10), arguments.documents)
            # A cluster's first job pays for what Java loads and compiles.
            measure(cluster, folder / "first", 10, 1)
            runs = [measure(cluster, folder, size, workers) for workers in (1, 2) for size in sizes]
        finally:
            processes.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(msgspec.to_builtins(runs), indent=2), encoding="utf-8")
    print("\n".join(report(runs, arguments)))


if __name__ == "__main__":
    main()
