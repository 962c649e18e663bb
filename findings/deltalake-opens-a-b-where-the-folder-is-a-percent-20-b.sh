#!/bin/bash
# deltalake 1.6.6: of a local table in a folder "a%20b" the log's entries are listed there and then read from "a b": where
# that folder holds a table, its columns are shown under the other's name, else the open fails. It is a path, not a URI.
# Seen: DeltaTable(".../a%20b").schema() has the column of the table in "a b". Date: 2026-11-28, CPython 3.11, Linux.
# Exit 0 while it behaves so.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/v"; "$T/v/bin/pip" install -q deltalake==1.6.6 pyarrow==25.0.1
cd "$T"; "$T/v/bin/python" - <<'P'
import os
import shutil
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

write_deltalake(os.path.abspath("a b"), pa.table({"other": [1]}))
write_deltalake(os.path.abspath("plain"), pa.table({"mine": [1]}))
shutil.move("plain", "a%20b")
found = str(DeltaTable(os.path.abspath("a%20b")).schema().to_arrow())
print(found)
assert "other" in found and "mine" not in found, "behaviour changed"
P
