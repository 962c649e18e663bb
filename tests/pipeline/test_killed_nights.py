"""Nightly runs and housekeeping that are killed (SIGKILL) while somebody reads; and two runs at once."""

import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from nightly import ingest, options, same_rows, write
from pipeline_runs import check_output, read_tables, start

from beam_pipeline.jobs import upkeep
from beam_pipeline.jobs.journal import ledger_of
from schemas.failures import OutputError
from schemas.tables import TABLES
from transforms.lake.log.catalog import DeltaCatalog
from transforms.lake.snapshot import read_runs, snapshot

#: Kills of the ordinary suite; the slow test has twenty.
QUICK, ALL = (3,), range(20)
WITHOUT_MODELS = ("--layout", "never", "--ocr", "never", "--workers", 1, "--quiet")
#: Long enough for a reader that is at work.
KEEP = ("--keep-days", 0.0005)
#: Files of the output that come or go in a phase of a run: listing and planning, extraction, the commits of each table.
PHASES = (
    "_staging/*/lock",
    "_staging/*/*/*.parquet",
    "runs/_delta_log/*.json",
    "chunks/_delta_log/*.json",
    "documents/_delta_log/*.json",
)


class Reader:
    """Reads the newest state again and again, and remembers what it found wrong."""

    def __init__(self, output: Path) -> None:
        self._output, self._done, self.wrong, self.reads = str(output), Event(), [], 0
        self._thread = Thread(target=self._loop, daemon=True)

    def __enter__(self) -> "Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._done.wait(0.05):
            state = snapshot(self._output)
            documents = state.open("documents").to_table(columns=["doc_id", "chunks"]).to_pylist()
            chunks = state.open("chunks").to_table(columns=["doc_id", "chunk_id"]).to_pylist()
            self.reads += 1
            if len({row["chunk_id"] for row in chunks}) != len(chunks):
                self.wrong.append("a chunk twice")
            by_document: dict[str, int] = {}
            for row in chunks:
                by_document[row["doc_id"]] = by_document.get(row["doc_id"], 0) + 1
            if {row["doc_id"]: row["chunks"] for row in documents if row["chunks"]} != by_document:
                self.wrong.append("a document without its chunks, or chunks without their document")


def change(folder: Path, night: int) -> None:
    """Two documents change, one is new, one goes, one comes back as it was two nights ago."""
    write(folder / "a.md", f"# A\n\nNight {night}.\n", age=-night)
    write(folder / "b.md", f"# B\n\nEven or odd: {night % 2}.\n", age=-night)
    write(folder / f"new {night}.md", f"# New\n\nNight {night}.\n")
    (folder / f"new {night - 1}.md").unlink(missing_ok=True)


def killed_in(output: Path, phase: str, *args: object, delay: float = 0.0) -> None:
    """A `docbeam` process that is killed `delay` seconds after the files of a phase changed; '' is its start."""
    before = set(output.glob(phase or "*"))
    process = start(*args)
    while phase and process.poll() is None and set(output.glob(phase)) == before:
        time.sleep(0.002)
    with suppress(subprocess.TimeoutExpired):
        process.wait(delay)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


@pytest.mark.parametrize("kills", [QUICK, pytest.param(ALL, marks=pytest.mark.slow)], ids=["quick", "all"])
def test_killed_nights_leave_nothing_behind(tmp_path, kills):
    folder, output = tmp_path / "in", tmp_path / "out"
    # So many that what changes is few among them: nights do without Beam.
    for number in range(50):
        write(folder / f"{number}.md", f"# Note {number}\n\nWords {number}.\n")
    night_run = ("ingest", folder, "-o", output, *WITHOUT_MODELS)
    change(folder, 0)
    ingest([folder], output)
    with Reader(output) as reader:
        for number in kills:
            change(folder, number + 1)
            delay = random.Random(number).choice((0.0, 0.02, 0.2))
            killed_in(output, PHASES[number % len(PHASES)], *night_run, delay=delay)
            if number % 4 == 1:
                killed_in(output, "chunks/*.parquet", "vacuum", output, *KEEP, delay=delay)
            if number % 4 == 3:
                killed_in(output, PHASES[2 + number % 3], "compact", output, delay=delay)
            if number % 7 == 5:
                killed_in(output, "", "plan", *night_run[1:-1], delay=number / 3)
            if number % 3 == 2:
                # The sources are as before when the next run comes.
                change(folder, number)
            ingest([folder], output)
            shutil.rmtree(tmp_path / "fresh", ignore_errors=True)
            ingest([folder], tmp_path / "fresh")
            tables, fresh = read_tables(output), read_tables(tmp_path / "fresh")
            check_output(tables)
            assert (tables["failures"], fresh["failures"]) == ([], [])
            assert same_rows(tables) == same_rows(fresh), number
    assert reader.reads and not reader.wrong
    upkeep.vacuum(str(output), timedelta())
    catalog = ledger_of(options([folder], output).write).catalog
    for name in TABLES:
        assert {str(path) for path in (output / name).glob("*.parquet")} == set(catalog.files(name))
    assert [path for path in (output / "_staging").rglob("*")] == []


def test_of_two_runs_at_once_one_refuses_or_waits(tmp_path):
    folder, output = tmp_path / "in", tmp_path / "out"
    for number in range(4):
        write(folder / f"{number}.md", f"# Note {number}\n\nWords {number}.\n")
    both = [start("ingest", folder, "-o", output, *WITHOUT_MODELS, *more) for more in ((), (), ("--wait",))]
    outcomes = []
    for process in both:
        _, errors = process.communicate(timeout=300)
        outcomes.append((process.returncode, errors))
    codes = sorted(code for code, _ in outcomes)
    # Whoever comes first wins; the one that waits may be that one.
    assert codes in ([0, 0, 3], [0, 3, 3]), outcomes
    assert any("another run or command is writing" in errors for _, errors in outcomes)
    assert outcomes[2][0] == 0
    check_output(read_tables(output))
    assert [record.status for record in read_runs(str(output)) if record.kind == "ingest"] == [
        "committed"
    ] * codes.count(0)


def test_a_run_that_cannot_write_its_commit_says_so(tmp_path, monkeypatch):
    folder, output = tmp_path / "in", tmp_path / "out"
    write(folder / "a.md", "# A\n")
    ingest([folder], output)
    before = read_tables(output)
    write(folder / "b.md", "# B\n")

    def full(self, *_: object) -> None:
        raise OutputError("no space left")

    with monkeypatch.context() as patch, pytest.raises(OutputError, match="no space left"):
        patch.setattr(DeltaCatalog, "claim", full)
        ingest([folder], output)
    assert read_tables(output) == before
    last = read_runs(str(output))[-1]
    assert last.status == "failed"
    assert last.message == "no space left; 1 finished documents are staged: the next run takes them over"
