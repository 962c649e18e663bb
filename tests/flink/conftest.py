"""Leaves this folder out unless `make test-flink` runs it: it needs a cluster, which takes minutes to download."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = os.environ.get("FLINK_TEST_TOOLS", "")

collect_ignore_glob = [] if TOOLS else ["test_*.py"]
sys.path[:0] = [str(HERE), str(HERE.parent / "pipeline")]
