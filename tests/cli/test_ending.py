"""How commands end: with closed streams, pipes that nobody reads, full disks, signals, and threads that still work."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from terminals import DOCBEAM

ALL_CHUNKS = "SELECT * FROM chunks"
#: Bit of SIGHUP in the masks of /proc: Python itself does not listen to it.
HANG_UP = 1 << (signal.SIGHUP - 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """in/ with a text, out/ with its tables, many/ with tables of many files."""
    root = tmp_path_factory.mktemp("ending")
    (root / "in").mkdir()
    (root / "in" / "note.md").write_text("# Ünï → 日 🜚\n\nSome words.\n", encoding="utf-8")
    done = shell(f"{DOCBEAM} ingest in -o out --workers 1 -q", root)
    assert done.returncode == 0, done.stderr
    shutil.copytree(root / "out", root / "many", ignore=shutil.ignore_patterns("runs"))
    chunks = DeltaTable(root / "many" / "chunks").to_pyarrow_table()
    for _ in range(80):
        write_deltalake(root / "many" / "chunks", pa.concat_tables([chunks] * 1000), mode="append")
    return root


def shell(line: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams(folder, closed, tmp_path):
    done = shell(f"{DOCBEAM} ingest {folder}/in -o out --workers 1 {closed}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    assert DeltaTable(tmp_path / "out" / "documents").count() == 1
    assert shell(f"{DOCBEAM} query out '{ALL_CHUNKS}' {closed}", tmp_path).returncode == 0


def test_a_report_that_nobody_reads_is_no_failure(folder, tmp_path):
    for pipe in ("| true", "2>&1 | true", "--json | true"):
        done = shell(f"{DOCBEAM} ingest {folder}/in -o out --workers 1 {pipe}", tmp_path)
        assert done.returncode == 0, done.stderr
    # Too many failures are told by the code all the same.
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "damaged.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    assert shell(f"{DOCBEAM} ingest bad -o bad-out --workers 1 -q | true", tmp_path).returncode == 1


@pytest.mark.parametrize("form", ["", "--json", "--csv"])
def test_an_answer_of_which_only_the_head_is_read(folder, form):
    # The answer's threads are at work when the command ends: each time is a chance to abort, or to wait for ever.
    for _ in range(3):
        done = shell(f"{DOCBEAM} query many '{ALL_CHUNKS}' {form} | head -1", folder)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout


def test_an_answer_that_is_limited(folder):
    for _ in range(4):
        done = shell(f"{DOCBEAM} query many '{ALL_CHUNKS} LIMIT 2' --json", folder)
        assert (done.returncode, done.stderr) == (0, "")
        assert len(msgspec.json.decode(done.stdout)) == 2


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT * FROM chunks, range(10000)"])
def test_a_full_disk_for_results(folder, sql):
    done = shell(f"{DOCBEAM} query out '{sql}' > /dev/full", folder)
    assert done.returncode == 3
    assert done.stderr.startswith("docbeam: error: ")
    assert done.stderr.endswith("No space left on device\n")
    assert len(done.stderr.splitlines()) == 1


def test_letters_that_the_encoding_lacks_are_escapes(folder):
    latin = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    sql = "SELECT text FROM chunks"
    done = subprocess.run(
        [DOCBEAM, "query", "out", sql, "--json"], cwd=folder, env=os.environ | latin, capture_output=True, check=True
    )
    (row,) = msgspec.json.decode(done.stdout.decode("latin-1").encode())
    assert row["text"].startswith("Ünï → 日 🜚")
    assert (
        "Ünï \\u2192" in shell(f"{DOCBEAM} query out '{sql}' --csv | iconv -f latin1 -t utf8", folder, **latin).stdout
    )


@pytest.mark.parametrize(
    ("number", "word", "delays"),
    [(2, "interrupted", (0.0, 0.1, 0.3, 0.6)), (15, "terminated", (0.0, 0.6)), (1, "hung up", (0.0, 0.6))],
)
def test_a_signal_in_the_first_moments(folder, number, word, delays, tmp_path):
    for delay in delays:
        command = [DOCBEAM, "ingest", str(folder / "in"), "-o", "out", "-q"]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
            _await_hang_up(run, "SigCgt:")
            time.sleep(delay)
            os.killpg(run.pid, number)
            _, stderr = run.communicate(timeout=120)
        assert run.returncode == 128 + number, stderr
        assert stderr.startswith(f"docbeam: {word}")
        assert len(stderr.splitlines()) == 1
        assert not list(tmp_path.glob("out/_staging/*"))


def test_nohup_stays_in_force(folder, tmp_path):
    command = ["nohup", DOCBEAM, "ingest", str(folder / "in"), "-o", "out", "-q"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        _await_hang_up(run, "SigIgn:")
        deadline = time.monotonic() + 120
        while run.poll() is None and time.monotonic() < deadline:
            run.send_signal(signal.SIGHUP)
            time.sleep(0.05)
    assert run.returncode == 0


def _await_hang_up(process: subprocess.Popen, mask: str) -> None:
    """Until the process listens to hang-ups, or ignores them."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status = Path(f"/proc/{process.pid}/status").read_text()
        if int(status.partition(mask)[2].split()[0], 16) & HANG_UP:
            return
        time.sleep(0.002)
    raise AssertionError(f"{mask} never held it")


def test_as_many_files_as_may_be_open(folder, tmp_path):
    done = shell(f"ulimit -S -n 64; {DOCBEAM} ingest {folder}/in -o out --workers 8 -q", tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_folder_that_is_gone_is_told(folder):
    lines = f"mkdir gone && cd gone && rmdir ../gone && {DOCBEAM} ingest {folder}/in -o {folder}/elsewhere"
    done = shell(lines, folder)
    assert done.returncode == 2
    assert done.stderr == ("docbeam: error: the folder that docbeam was started in is gone: cd to one that is there\n")
    assert not (folder / "elsewhere").exists()
