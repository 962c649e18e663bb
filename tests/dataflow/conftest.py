"""Leaves this folder out unless `make test-dataflow` runs it: it needs Beam's Google Cloud extra."""

import os
import sys
from pathlib import Path

TOOLS = os.environ.get("DATAFLOW_TEST_TOOLS", "")

collect_ignore_glob = [] if TOOLS else ["test_*.py"]
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flink"))
