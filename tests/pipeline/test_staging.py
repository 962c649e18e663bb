"""Which staging folders belong to runs that live."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from pipeline_runs import ROOT

from transforms.write.staging import FOLDER, dead_runs, hold

HOLDER = """
import sys
from transforms.write.staging import hold
hold(sys.argv[1], "other")
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
    (tmp_path / FOLDER / "other" / "file").touch()
    assert list(dead_runs(str(tmp_path))) == []
    process.kill()
    process.communicate()
    assert list(dead_runs(str(tmp_path))) == ["other"]
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_this_run_is_not_dead(tmp_path):
    # From two threads: neither may wait for the other.
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(hold, [str(tmp_path)] * 8, ["mine"] * 8, timeout=30))
    assert list(dead_runs(str(tmp_path))) == []
    assert (tmp_path / FOLDER / "mine").is_dir()


def test_folders_without_a_lock_and_object_stores_are_left_alone(tmp_path):
    assert list(dead_runs(str(tmp_path))) == []
    assert list(dead_runs("gs://bucket/out")) == []
    hold("gs://bucket/out", "run")
    (tmp_path / FOLDER / "unknown").mkdir(parents=True)
    (tmp_path / FOLDER / "file").touch()
    assert list(dead_runs(str(tmp_path))) == []
    assert (tmp_path / FOLDER / "unknown").exists()
