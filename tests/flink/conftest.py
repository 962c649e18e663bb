"""Leaves this folder out unless `make test-flink` runs it: it needs a cluster, which takes minutes to download."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
TOOLS = os.environ.get("FLINK_TEST_TOOLS", "")

collect_ignore_glob = [] if TOOLS else ["test_*.py"]
sys.path[:0] = [str(HERE), str(HERE.parent / "pipeline")]


@pytest.fixture(scope="module")
def processes(tmp_path_factory) -> Iterator[Any]:
    """Servers of a module; they end with it."""
    from processes import Processes

    started = Processes(tmp_path_factory.mktemp("logs"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def buckets(tmp_path_factory, processes) -> Iterator[None]:
    """Cloud Storage of this machine, with a bucket for documents and one for tables."""
    from buckets import bucket_server, make_bucket

    with bucket_server(Path(TOOLS), tmp_path_factory.mktemp("gcs"), processes):
        make_bucket("in")
        make_bucket("out")
        yield
