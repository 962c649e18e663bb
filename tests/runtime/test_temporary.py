"""Temporary folders of processes that end, that are killed, and of others."""

import os
import subprocess
import sys

from transforms.runtime.temporary import LOCK, TemporaryFolder

MAKE = """
import sys, time
from transforms.runtime.temporary import TemporaryFolder
folder = TemporaryFolder(sys.argv[1])
open(folder.path + "/file", "w").close()
print(folder.path, flush=True)
time.sleep(600)
"""


def test_a_closed_folder_is_gone(tmp_path):
    folder = TemporaryFolder(str(tmp_path))
    (tmp_path / folder.path / "file").write_text("x")
    assert os.listdir(tmp_path) == [os.path.basename(folder.path)]
    folder.close()
    assert os.listdir(tmp_path) == []


def test_what_a_killed_process_left_goes_with_the_next_folder(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", MAKE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    left = other.stdout.readline().strip()
    while_it_lives = TemporaryFolder(str(tmp_path))
    assert os.path.exists(f"{left}/file")
    other.kill()
    other.wait()
    other.stdout.close()
    afterwards = TemporaryFolder(str(tmp_path))
    assert not os.path.exists(left)
    assert os.path.exists(while_it_lives.path)
    while_it_lives.close()
    afterwards.close()


def test_folders_of_others_stay(tmp_path):
    mine, linked = tmp_path / "docbeam-results", tmp_path / "docbeam-link"
    mine.mkdir()
    (mine / "table.csv").write_text("a")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).write_text("")
    linked.symlink_to(elsewhere)
    TemporaryFolder(str(tmp_path)).close()
    assert (mine / "table.csv").read_text() == "a"
    assert (elsewhere / LOCK).exists()
