#!/bin/bash
# deltalake 1.6.6: DeltaTable.history() returns [] for a local table below a folder whose name has '#' or '?'.
# Version, rows and transactions of the same table are right, and nothing is raised or logged.
# Seen: "plain: version 1, history 2" and "run #1: version 1, history 0". Date: 2026-11-28, CPython 3.11, Linux.
# Exit 0 while it behaves so.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/v"; "$T/v/bin/pip" install -q deltalake==1.6.6 pyarrow==25.0.1
cd "$T"; "$T/v/bin/python" - <<'P'
import os
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

found = {}
for name in ("plain", "run #1"):
    path = os.path.abspath(os.path.join(name, "table"))
    os.makedirs(os.path.dirname(path))
    for _ in range(2):
        write_deltalake(path, pa.table({"a": [1]}), mode="append")
    table = DeltaTable(path)
    assert table.to_pyarrow_table().num_rows == 2
    found[name] = (table.version(), len(table.history()))
    print(f"{name}: version {found[name][0]}, history {found[name][1]}")
assert found == {"plain": (1, 2), "run #1": (1, 0)}, "behaviour changed"
P
