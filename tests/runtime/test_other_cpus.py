"""The tests of 8-bit products once more, on a CPU without VNNI."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

QEMU = shutil.which("qemu-x86_64")
TESTS = [Path(__file__).with_name("test_onnx_exact.py"), Path(__file__).parents[1] / "layout" / "test_devices.py"]


@pytest.mark.slow
@pytest.mark.skipif(QEMU is None, reason="qemu-user is not installed")
def test_integers_on_a_cpu_without_vnni() -> None:
    command = [
        QEMU,
        "-cpu",
        "Haswell",
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *map(str, TESTS),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
