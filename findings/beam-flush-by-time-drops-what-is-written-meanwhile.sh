#!/usr/bin/env bash
# apache-beam 2.77.0, CPython 3.11, Linux; 2026-11-28.
#
# The data streams between an SDK worker and the runner are buffered, and flushed by size or after
# DATA_BUFFER_TIME_LIMIT_MS (one second). The flush by time comes from a thread of its own, which takes the buffer and
# then empties it, without a lock: what the worker writes in between is in neither, and no error tells. A stream that
# flushes by size only hands over every element.
#
# Here one million elements of four bytes go through the stream with a limit of 1 ms, and the interpreter is told to
# change threads every 10 us: most tries then lose thousands, some none. With its usual 5 ms three tries lost none, so
# this is rare where nobody looks for it.
#
# Seen:
#   flush by time: lost some of 1000000 elements
#   flush by size: lost none of 1000000 elements
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apache-beam==2.77.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from apache_beam.runners.worker.data_plane import ClosableOutputStream

COUNT, TRIES = 1_000_000, 10
sys.setswitchinterval(1e-5)


def lost(milliseconds: int) -> int:
    sent: list[bytes] = []
    stream = ClosableOutputStream.create(sent.append, sent.append, milliseconds)
    for number in range(COUNT):
        stream.write(number.to_bytes(4, "big"))
        stream.maybe_flush()
    stream.close()
    return COUNT - len(b"".join(sent)) // 4


for name, milliseconds in (("time", 1), ("size", 0)):
    worst = 0
    for _ in range(TRIES):
        worst = max(worst, lost(milliseconds))
        if worst:
            break
    print(f"flush by {name}: lost {'some' if worst else 'none'} of {COUNT} elements")
    assert bool(worst) == (name == "time"), "behaviour changed"
PYTHON
