"""Runs that are killed (SIGKILL, with all their processes): the next run ends as if nothing had happened."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pipeline_runs import check_output, ingest, read_tables, start, without_run, write_documents

from schemas.tables import TABLES

ROUNDS = 10
#: Rounds of the ordinary suite; the others are slow.
QUICK = (3, 8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    write_documents(folder)
    for number in range(12):
        (folder / f"note {number}.md").write_text(f"# Note {number}\n\n" + "Words of the note. " * 50)
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder, tmp_path_factory):
    """(seconds, tables) of a run that nobody kills."""
    output = tmp_path_factory.mktemp("undisturbed")
    started = time.monotonic()
    process = start_run(folder, output)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    return time.monotonic() - started, read_tables(output)


def start_run(folder: Path, output: Path) -> subprocess.Popen:
    return start("ingest", folder, "-o", output, "--workers", 2, "--quiet")


def kill(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


def check_after_a_clean_run(folder: Path, output: Path, tables) -> None:
    ingest([folder], output)
    after = read_tables(output)
    check_output(after)
    assert without_run(after) == without_run(tables)
    for name in TABLES:
        named = {Path(uri).name for uri in DeltaTable(output / name).file_uris()}
        present = {path.name for path in (output / name).glob("*.parquet")}
        assert named <= present
        committed = {path for path in present if path in logged(output / name)}
        assert present == committed
    assert [path for path in (output / "_staging").rglob("*")] == []


def logged(table: Path) -> str:
    """All that any version of a Delta table says, for looking up names of files."""
    return "".join(path.read_text() for path in sorted((table / "_delta_log").glob("*.json")))


@pytest.mark.parametrize(
    "number", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in range(ROUNDS)]
)
def test_killed_at_any_moment(folder, undisturbed, tmp_path, number):
    seconds, tables = undisturbed
    # One moment in each tenth of a run.
    delay = (number + random.Random(number).random()) / ROUNDS * seconds
    process = start_run(folder, tmp_path)
    time.sleep(delay)
    kill(process)
    check_after_a_clean_run(folder, tmp_path, tables)


def published(output: Path) -> bool:
    """Whether data files lie in a table that no version of it knows yet, or soon will not."""
    return any((output / "pages").glob("part-*.parquet"))


def committed_pages(output: Path) -> bool:
    return (output / "pages" / "_delta_log" / "00000000000000000001.json").exists()


def staged(output: Path) -> bool:
    return any((output / "_staging").rglob("*.parquet"))


@pytest.mark.parametrize("moment", [published, committed_pages])
def test_killed_while_it_writes(folder, undisturbed, tmp_path, moment):
    process = start_run(folder, tmp_path)
    deadline = time.monotonic() + 120
    while not moment(tmp_path) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert moment(tmp_path)
    kill(process)
    check_after_a_clean_run(folder, tmp_path, undisturbed[1])


def test_files_of_a_killed_commit_are_removed(tmp_path, folder):
    """The state between moving a file into its table and committing it, made by hand."""
    process = start_run(folder / "notes.md", tmp_path)
    while not staged(tmp_path) and process.poll() is None:
        time.sleep(0.001)
    kill(process)
    (run,) = (path for path in (tmp_path / "_staging").iterdir() if path.is_dir())
    torn = tmp_path / "chunks" / f"part-{run.name}-0123456789ab-0000.parquet"
    other = tmp_path / "chunks" / "part-20000101T000000-ffffff-0123456789ab-0000.parquet"
    torn.write_bytes(b"rows")
    other.write_bytes(b"rows of a run that may live elsewhere")
    ingest([folder / "notes.md"], tmp_path)
    assert not torn.exists()
    assert other.exists()
    check_output(read_tables(tmp_path))
