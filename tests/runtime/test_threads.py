"""Threads where processes have no semaphores."""

import os
import subprocess
import sys
from multiprocessing import synchronize

import pytest

from transforms.runtime.threads import Threads


def test_threads_work_beside_each_other_without_semaphores(monkeypatch):
    def refused(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(synchronize.SemLock, "__init__", refused)
    with Threads(3) as threads:
        assert threads.map(lambda number: number * 2, range(50)) == [number * 2 for number in range(50)]
        with pytest.raises(ZeroDivisionError):
            threads.map(lambda number: 1 / number, [1, 0])


def test_a_run_without_shared_memory(tmp_path):
    if subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "-o", "ro", "none", "/dev/shm"], check=False
    ).returncode:
        pytest.skip("needs leave to mount")
    (tmp_path / "note.md").write_text("# Note\n")
    run = f"{sys.executable} -c 'from beam_pipeline.cli.app import main; main()' ingest note.md -o out -q --workers 1"
    mounted = ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o ro none /dev/shm && exec {run}"]
    environ = os.environ | {"PYTHONPATH": os.getcwd()}
    done = subprocess.run(mounted, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
