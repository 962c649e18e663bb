"""The graph of a stream on the local runner, asked to end after its first listing: what comes out, once and again."""

import os
import time
from itertools import chain, repeat
from pathlib import Path
from unittest.mock import patch

import apache_beam as beam
import msgspec
import pytest
from pipeline_runs import check_output, ingest, options_for, read_tables, without_run

from beam_pipeline.graph import streaming
from beam_pipeline.graph.streaming import DRAINED, Stream, is_marked, marker_path
from beam_pipeline.jobs.journal import opened
from beam_pipeline.jobs.outputs import prepared
from runners import direct
from schemas.options import ExtractOptions, StreamOptions
from schemas.plan import RunFacts
from transforms.lake.snapshot import read_runs

LONG_AGO = time.time() - 3600


def stream(folder: Path, output: Path, run_id: str, listings: int = 1) -> None:
    chosen = prepared(options_for([folder], output, extract=ExtractOptions(part_pages=5)))
    # Every bundle fills a window: time does not pass on this runner.
    chosen = msgspec.structs.replace(chosen, stream=StreamOptions(window_documents=1))
    opened(chosen.write, run_id)
    answers = chain([False] * listings, repeat(True))
    with (
        patch.object(streaming, "is_marked", lambda path: next(answers)),
        beam.Pipeline(options=direct.pipeline_options(2)) as pipeline,
    ):
        pipeline | Stream(chosen, RunFacts(run_id=run_id, kind="stream"))
    assert is_marked(marker_path(chosen.write.output, run_id, DRAINED))


@pytest.fixture
def settled(documents, tmp_path) -> Path:
    """The documents, at rest: files that just changed are left for the next listing."""
    folder = tmp_path / "in"
    for path in documents.rglob("*"):
        if path.is_file():
            copy = folder / path.relative_to(documents)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
            os.utime(copy, (LONG_AGO, LONG_AGO))
    return folder


def test_a_stream_makes_the_tables_of_a_run_and_works_on_news_only(settled, tmp_path):
    stream(settled, tmp_path / "stream", "20261121T080000-one")
    ingest([settled], tmp_path / "batch", extract=ExtractOptions(part_pages=5))
    tables = read_tables(tmp_path / "stream")
    check_output(tables)
    assert without_run(tables) == without_run(read_tables(tmp_path / "batch"))
    assert {row["run_id"] for row in tables["documents"]} == {"20261121T080000-one"}

    (settled / "notes.md").write_text("# Other notes\n\nThey changed.\n")
    os.utime(settled / "notes.md", (LONG_AGO + 60, LONG_AGO + 60))
    stream(settled, tmp_path / "stream", "20261121T090000-two")
    after = read_tables(tmp_path / "stream")
    check_output(after)
    assert len(after["documents"]) == len(tables["documents"])
    assert [row["path"] for row in after["documents"] if row["run_id"].endswith("two")] == ["notes.md"]

    before = read_runs(str(tmp_path / "stream"))
    stream(settled, tmp_path / "stream", "20261121T100000-three")
    assert read_runs(str(tmp_path / "stream")) == before, "nothing new is no version"


def test_a_window_closes_after_so_many_documents(settled, tmp_path):
    stream(settled, tmp_path / "out", "20261121T080000-one")
    check_output(read_tables(tmp_path / "out"))
    assert len([record for record in read_runs(str(tmp_path / "out")) if record.kind == "stream"]) > 1


def test_a_stream_that_is_asked_to_end_lists_no_more(settled, tmp_path):
    stream(settled, tmp_path / "out", "20261121T080000-one", listings=0)
    assert not read_tables(tmp_path / "out")["documents"]
