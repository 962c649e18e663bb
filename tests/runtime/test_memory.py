"""Freed memory goes back to the system, whatever is still in use around it."""

import subprocess
import sys

PROGRAM = """
import numpy, psutil
from transforms.runtime.memory import LARGE_BYTES, return_freed_memory
return_freed_memory()
before = psutil.Process().memory_info().rss
kept, freed = [], []
for _ in range(100):
    freed.append(numpy.ones(2 * LARGE_BYTES, numpy.uint8))
    kept.append(numpy.ones(64 << 10, numpy.uint8))
del freed
print(psutil.Process().memory_info().rss - before >> 20)
"""


def test_large_blocks_leave_no_holes() -> None:
    out = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True).stdout
    assert int(out) < 60
