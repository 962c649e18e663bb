"""Runs over hundreds of documents that are stopped half way, by signals to real processes: nothing finished is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nightly import write
from pipeline_runs import ROOT, check_output, read_tables, without_run

from transforms.lake.snapshot import read_runs

DOCUMENTS = 300
#: The command, with portions that end after a moment.
PROGRAM = """
from transforms.write import portions
portions.SHORTEST = portions.LONGEST = 0.3
from beam_pipeline.cli.app import main
main()
"""
WITHOUT_MODELS = ("--layout", "never", "--ocr", "never", "--workers", "1", "--quiet", "--json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for number in range(DOCUMENTS):
        write(folder / f"{number}.md", f"# Note {number}\n\n" + f"Words of note {number}.\n\n" * 20)
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder, tmp_path_factory):
    """The tables of a run that nobody stops."""
    output = tmp_path_factory.mktemp("undisturbed")
    process = start(folder, output)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return read_tables(output)


def start(folder: Path, output: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "ingest", folder, "-o", output, *WITHOUT_MODELS],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def stopped(folder: Path, output: Path, number: int, *, group: bool) -> tuple[int, str]:
    """A run that gets a signal once two portions are whole; its exit code and what it said."""
    process = start(folder, output)
    deadline = time.monotonic() + 200
    while len(list(output.glob("_staging/*/portion-*.json"))) < 2:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.01)
    (os.killpg if group else os.kill)(process.pid, number)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def finished(folder: Path, output: Path, undisturbed) -> dict:
    """The report of the run after, whose tables are those of a run that nobody stopped."""
    process = start(folder, output)
    report, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    tables = read_tables(output)
    check_output(tables)
    assert without_run(tables) == without_run(undisturbed)
    assert list((output / "_staging").iterdir()) == []
    return json.loads(report)


@pytest.mark.parametrize("group", [pytest.param(False, marks=pytest.mark.slow), True], ids=["the-run", "its-group"])
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_stopped_run_keeps_what_it_finished(folder, undisturbed, tmp_path, number, code, word, group):
    returned, errors = stopped(folder, tmp_path, number, group=group)
    kept = read_tables(tmp_path)
    check_output(kept)
    count = len(kept["documents"])
    assert 0 < count < DOCUMENTS
    # A parser that got the signal, too, is no reason to call its document broken.
    assert {row["status"] for row in kept["documents"]} == {"ok"}
    told = f"{count} of {DOCUMENTS} documents are kept"
    assert f"docbeam: {word}: {told}; run the same command again for the rest" in errors
    assert returned == code and "Traceback" not in errors
    row = read_runs(str(tmp_path))[-1]
    assert (row.status, row.message, row.counts["ok"]) == ("interrupted", told, count)
    report = finished(folder, tmp_path, undisturbed)
    assert report["statuses"] == {"ok": DOCUMENTS - count, "unchanged": count}


def test_the_next_run_goes_on_where_a_killed_one_was(folder, undisturbed, tmp_path):
    stopped(folder, tmp_path, signal.SIGKILL, group=False)
    assert read_tables(tmp_path)["documents"] == []
    report = finished(folder, tmp_path, undisturbed)
    assert report["taken_over"] > 0
    assert report["statuses"] == {"ok": DOCUMENTS - report["taken_over"], "unchanged": report["taken_over"]}
    assert "killed" in [row.status for row in read_runs(str(tmp_path))]
