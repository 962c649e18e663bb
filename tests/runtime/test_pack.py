"""Threads may meet a type for the first time together."""

import subprocess
import sys

PROGRAM = """
import sys, threading
from schemas.content import PageSeen
from transforms.runtime.pack import pack, unpack
sys.setswitchinterval(1e-6)
data, start = pack([PageSeen(1, "full", "why", ())]), threading.Barrier(8)
def read():
    start.wait()
    assert unpack(data, list[PageSeen])[0].page == 1
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_threads_that_meet_a_type_together_do_not_crash() -> None:
    # Without the lock every other of these processes dies.
    for _ in range(8):
        subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60)
