"""A run that is stopped from outside, in a process of its own; its graph is a stand-in that waits."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

PROGRAM = """
import subprocess, sys, threading
from pathlib import Path

STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"

def run(*args, **more):
    child = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    child.stdout.readline()
    print("noise on stdout", flush=True)
    Path("started").write_text(str(child.pid))
    try:
        threading.Event().wait(60)
    finally:
        print("noise of the tear-down", file=sys.stderr)
        Path("cleaned").touch()

import beam_pipeline.jobs.local_run

beam_pipeline.jobs.local_run.run = run
from beam_pipeline.cli.app import main
sys.argv = ["docbeam", "ingest", ".", "-o", "out", "--json"]
main()
"""


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_stopped_run_cleans_up(tmp_path, number, code, word):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    child = _wait_for_child(tmp_path / "started")
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert f"docbeam: {word}: nothing was committed" in stderr
    assert "Traceback" not in stderr
    assert "tear-down" not in stderr
    assert stdout == ""
    assert (tmp_path / "cleaned").exists()
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def _wait_for_child(started: Path) -> psutil.Process:
    deadline = time.monotonic() + 30
    while not (started.exists() and started.read_text()):
        assert time.monotonic() < deadline, "the run did not start"
        time.sleep(0.05)
    return psutil.Process(int(started.read_text()))
