"""Freed memory goes back to the system, whatever is still in use around it."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, time
import numpy, psutil
from transforms.sandbox.memory import LARGE_BYTES, TRIM_SECONDS, return_freed_memory
return_freed_memory()
before = psutil.Process().memory_info().rss
kept, freed = [], []
for _ in range(100):
    freed.append(numpy.ones(int(float(sys.argv[1]) * LARGE_BYTES), numpy.uint8))
    kept.append(numpy.ones(64 << 10, numpy.uint8))
del freed
time.sleep(float(sys.argv[2]) * TRIM_SECONDS)
print(psutil.Process().memory_info().rss - before >> 20)
"""


@pytest.mark.parametrize(("size", "wait"), [(2, 0), (0.5, 2)], ids=["large at once", "small soon"])
def test_freed_blocks_leave_no_holes(size: float, wait: float) -> None:
    command = [sys.executable, "-c", PROGRAM, str(size), str(wait)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(out) < 60
