"""Leaves this folder out unless `make test-dataflow` runs it: it needs Beam's Google Cloud extra."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOOLS = os.environ.get("DATAFLOW_TEST_TOOLS", "")

collect_ignore_glob = [] if TOOLS else ["test_*.py"]
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flink"))


@pytest.fixture(scope="module", autouse=True)
def buckets(tmp_path_factory) -> Iterator[None]:
    """Cloud Storage of this machine: the profile checks its buckets and stages the job there."""
    from buckets import bucket_server, make_bucket
    from processes import Processes

    processes = Processes(tmp_path_factory.mktemp("logs"))
    try:
        with bucket_server(Path(TOOLS), tmp_path_factory.mktemp("gcs"), processes):
            for name in ("in", "out", "tmp"):
                make_bucket(name)
            yield
    finally:
        processes.close()
