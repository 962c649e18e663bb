"""Which staging folders belong to runs that live."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline_runs import ROOT

from transforms.stores.staging import FOLDER, dead_runs, hold, remove

HOLDER = """
import sys
from transforms.stores.staging import hold
hold(sys.argv[1], "20260101T000000-000000")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_held_folder_lives_until_its_process_dies(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    (tmp_path / FOLDER / "20260101T000000-000000" / "part-x-0000.parquet").touch()
    assert list(dead_runs(str(tmp_path))) == []
    process.kill()
    process.communicate()
    assert list(dead_runs(str(tmp_path))) == ["20260101T000000-000000"]
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_this_run_is_not_dead(tmp_path):
    # From two threads: neither may wait for the other.
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(hold, [str(tmp_path)] * 8, ["20260101T000000-000001"] * 8, timeout=30))
    assert list(dead_runs(str(tmp_path))) == []
    assert (tmp_path / FOLDER / "20260101T000000-000001").is_dir()


def test_files_without_a_lock_and_object_stores_are_left_alone(tmp_path):
    assert list(dead_runs(str(tmp_path))) == []
    assert list(dead_runs("gs://bucket/out")) == []
    hold("gs://bucket/out", "run")
    (tmp_path / FOLDER / "20260101T000000-000002" / "pages").mkdir(parents=True)
    (tmp_path / FOLDER / "file").touch()
    assert list(dead_runs(str(tmp_path))) == []
    assert (tmp_path / FOLDER / "20260101T000000-000002").exists()


def test_who_dies_while_a_folder_is_made_or_removed_leaves_nothing(tmp_path):
    """The states between its steps: a folder without a lock, one whose lock is all that is left."""
    (tmp_path / FOLDER / "20260101T000000-000003").mkdir(parents=True)
    (tmp_path / FOLDER / "20260101T000000-000004").mkdir()
    (tmp_path / FOLDER / "20260101T000000-000004" / "lock").touch()
    assert list(dead_runs(str(tmp_path))) == ["20260101T000000-000004"]
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_the_lock_of_a_folder_goes_last(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    (folder / "pages").mkdir(parents=True)
    for name in ("drained", "lock", "stop", "pages/part-x-0000.parquet"):
        (folder / name).touch()
    gone = []
    unlink = os.unlink
    monkeypatch.setattr(os, "unlink", lambda path, **options: (gone.append(Path(path).name), unlink(path, **options)))
    remove(str(folder))
    assert not folder.exists()
    assert gone[-1] == "lock" and len(gone) == 4


def test_what_no_run_staged_is_left_alone(tmp_path):
    dead, theirs = tmp_path / FOLDER / "20260101T000000-abcdef", tmp_path / FOLDER / "project"
    kept = [dead / "notes.md", dead / "pages" / "notes.md", dead / "more" / "part-x-0000.parquet", theirs / "lock"]
    gone = [dead / "lock", dead / "pages" / "part-x-0000.parquet"]
    for path in (*kept, *gone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (dead / "chunks").symlink_to(theirs)
    assert list(dead_runs(str(tmp_path))) == [dead.name]
    assert [path.exists() for path in (*kept, *gone)] == [True] * 4 + [False] * 2
