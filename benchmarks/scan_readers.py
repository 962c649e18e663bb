"""What engines read on made scans, and the seconds it takes: docbeam by its output tables, bare engines as they are."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from scan_looks import Scan
from scan_pages import folded

PR_SET_CHILD_SUBREAPER = 36
TEXTS = "SELECT d.path, e.text FROM elements e JOIN documents d USING (doc_id)"
PAGES = "SELECT d.path, p.confidence FROM pages p JOIN documents d USING (doc_id)"


class Reading(NamedTuple):
    """The words of a page; docbeam also says how sure it is (0 for a page that failed)."""

    words: Counter[str]
    confidence: float | None = None


class Spent(NamedTuple):
    """Seconds by the clock and of CPU; the latter mean something on a machine in use by others."""

    wall: float = 0.0
    cpu: float = 0.0

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.wall - other.wall, self.cpu - other.cpu)


Readings = dict[str, Reading]
#: Reads scans and tells what it took, start of a run excluded.
Reader = Callable[[Sequence[Scan]], tuple[Readings, Spent]]


def on_one_core() -> None:
    """This process and those it starts; their CPU is counted here even when nobody waited for them (Linux)."""
    os.environ["OMP_THREAD_LIMIT"] = "1"
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def _wait_for_orphans() -> None:
    """Parser processes may outlive the run by a moment; only those waited for count in the usage of children."""
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


@contextmanager
def clocked() -> Iterator[list[Spent]]:
    """The list gets what passed within the block, children included."""
    found: list[Spent] = []
    before = _now()
    yield found
    found.append(_now() - before)


def _now() -> Spent:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Spent(time.perf_counter(), sum(each.ru_utime + each.ru_stime for each in usage))


def docbeam(command: str, engine: str, options: Sequence[str]) -> Reader:
    """`docbeam ingest`, whose rows are then asked for. What a run over a note takes is its start; models load later."""
    chosen = ("--ocr-engine", engine, *options)

    def read(scans: Sequence[Scan]) -> tuple[Readings, Spent]:
        with tempfile.TemporaryDirectory(prefix="docbeam-scans-") as scratch:
            note = Path(scratch, "note.md")
            note.write_text("# A note\n", encoding="utf-8")
            start = _ingest(command, [note], f"{scratch}/start", chosen)
            spent = _ingest(command, [scan.given for scan in scans], f"{scratch}/out", chosen)
            return _rows(command, f"{scratch}/out", scans), spent - start

    return read


def _ingest(command: str, files: Sequence[Path], output: str, options: Sequence[str]) -> Spent:
    run = [command, "ingest", *map(str, files), "-o", output, "--quiet", "--workers", "1", *options]
    with clocked() as spent:
        done = subprocess.run(run, check=False, capture_output=True, text=True)
        _wait_for_orphans()
    # 1 is a run with failures: its rows tell.
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(run[:2])} failed: {done.stderr[-2000:]}")
    return spent[0]


def _rows(command: str, output: str, scans: Sequence[Scan]) -> Readings:
    texts: dict[str, Counter[str]] = {scan.given.name: Counter() for scan in scans}
    for row in _query(command, output, TEXTS):
        texts[Path(row["path"]).name].update(folded(row["text"] or ""))
    sure = {Path(row["path"]).name: float(row["confidence"]) for row in _query(command, output, PAGES)}
    return {scan.name: Reading(texts[scan.given.name], sure.get(scan.given.name, 0.0)) for scan in scans}


def _query(command: str, output: str, sql: str) -> list[dict[str, str]]:
    done = subprocess.run([command, "query", output, sql, "--json"], check=True, capture_output=True, text=True)
    found: list[dict[str, str]] = json.loads(done.stdout or "[]")
    return found


def tesseract(scans: Sequence[Scan]) -> tuple[Readings, Spent]:
    """The binary, a process for each page as it has no other way."""
    found: Readings = {}
    with clocked() as spent:
        for scan in scans:
            run = ["tesseract", str(scan.image), "stdout"]
            text = subprocess.run(run, check=True, capture_output=True, text=True).stdout
            found[scan.name] = Reading(Counter(folded(text)))
    return found, spent[0]


def rapidocr() -> Reader:
    """The package with its own settings but one thread; its models are loaded before the clock starts."""
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine = RapidOCR(params={**threads, "Global.log_level": "error"})

    def read(scans: Sequence[Scan]) -> tuple[Readings, Spent]:
        found: Readings = {}
        with clocked() as spent:
            for scan in scans:
                lines = getattr(engine(str(scan.image)), "txts", None) or ()
                found[scan.name] = Reading(Counter(folded("\n".join(lines))))
        return found, spent[0]

    return read


def reader(name: str, command: str, options: Sequence[str]) -> Reader:
    """The engine of a name: rapidocr, tesseract, docbeam as it is, or docbeam-ENGINE."""
    if name == "rapidocr":
        return rapidocr()
    if name == "tesseract":
        return tesseract
    own, _, engine = name.partition("-")
    if own != "docbeam":
        raise SystemExit(f"no engine {name!r}: choose among docbeam, docbeam-ENGINE, rapidocr, tesseract")
    return docbeam(command, engine or "auto", options)
