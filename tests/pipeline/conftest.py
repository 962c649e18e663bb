"""Lets the tests of this folder import their `pipeline_runs` module, and shares the documents they ingest."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def documents(tmp_path_factory) -> Path:
    """A folder of small documents that can all be read, and one of twelve pages."""
    from pipeline_runs import write_documents

    folder = tmp_path_factory.mktemp("documents")
    write_documents(folder)
    return folder
