"""Cores by quota: the files of the kernel as machines have them, and a real group where one can be made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from transforms.runtime.cores import usable_cores
from transforms.sandbox.pool import worker_count

V2 = "30 24 0:26 {top} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
V1 = "36 32 0:33 {top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
MEMORY = "37 32 0:34 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"


@pytest.fixture(autouse=True)
def many_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))


def machine(root: Path, groups: str, mounts: str, quotas: dict[str, str]) -> Path:
    """A root with what /proc and the control groups tell; version 1 has quota and period in two files."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    (root / "proc/self/mountinfo").write_text(mounts + "\n")
    for folder, text in quotas.items():
        place = root / "sys/fs/cgroup" / folder
        place.mkdir(parents=True, exist_ok=True)
        if "cpuacct" in folder:
            quota, period = text.split()
            (place / "cpu.cfs_quota_us").write_text(quota + "\n")
            (place / "cpu.cfs_period_us").write_text(period + "\n")
        else:
            (place / "cpu.max").write_text(text + "\n")
    return root


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 16), ("100000 100000", 1), ("150000 100000", 2), ("20000 100000", 1), ("9900000 100000", 16)],
)
def test_container_of_version_2_sees_its_group_as_the_root(tmp_path, quota, cores):
    root = machine(tmp_path, "0::/\n", V2.format(top="/"), {"": quota})
    assert usable_cores(root) == cores


def test_the_tightest_group_above_counts(tmp_path):
    quotas = {"a/b": "400000 100000", "a": "300000 100000", "other": "100000 100000"}
    assert usable_cores(machine(tmp_path, "0::/a/b\n", V2.format(top="/"), quotas)) == 3


def test_version_1_of_a_container_that_is_told_of_the_host(tmp_path):
    groups = "4:memory:/docker/f00\n3:cpu,cpuacct:/docker/f00\n"
    mounts = f"{MEMORY}\n{V1.format(top='/docker/f00')}"
    assert usable_cores(machine(tmp_path, groups, mounts, {"cpu,cpuacct": "250000 100000"})) == 3


def test_version_1_without_quota(tmp_path):
    root = machine(tmp_path, "3:cpu,cpuacct:/\n0::/\n", V1.format(top="/"), {"cpu,cpuacct": "-1 100000"})
    assert usable_cores(root) == 16


def test_group_outside_of_what_is_mounted(tmp_path):
    root = machine(tmp_path, "0::/../elsewhere\n", V2.format(top="/"), {"": "200000 100000"})
    assert usable_cores(root) == 2


def test_without_control_groups(tmp_path):
    assert usable_cores(tmp_path) == 16


def test_as_many_workers_as_cores():
    assert worker_count(3) == 3
    assert worker_count(0) == usable_cores() >= 1


def test_a_real_quota():
    cpu = Path("/sys/fs/cgroup/cpu")
    group = (cpu if cpu.is_dir() else cpu.parent) / f"docbeam-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        quota = {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000"} if cpu.is_dir() else {"cpu.max": "100000"}
        for name, value in quota.items():
            if not (group / name).is_file():
                pytest.skip("the controller of cores is not on here")
            (group / name).write_text(value)
        code = "from transforms.runtime.cores import usable_cores; print(usable_cores())"
        join = f"echo $$ > {group}/cgroup.procs && exec {sys.executable} -c '{code}'"
        assert subprocess.run(["sh", "-c", join], capture_output=True, text=True, check=True).stdout == "1\n"
    finally:
        group.rmdir()
