"""The local runner loses nothing, however its data streams are flushed."""

import os
import time
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import DirectOptions
from apache_beam.runners.worker import data_plane

from runners import direct

ELEMENTS = 5_000


def test_no_element_is_lost_to_a_timed_flush(tmp_path: Path, monkeypatch):
    """Beam's timed flush, made to run often and to take a while, would lose thousands of these elements."""
    start, send = data_plane.PeriodicThread.__init__, data_plane._GrpcDataChannel._enqueue_to_send

    def start_often(thread, _interval, function, *args):
        start(thread, 0.001, function, *args)

    def send_slowly(channel, element):
        time.sleep(0.01)
        send(channel, element)

    monkeypatch.setattr(data_plane.PeriodicThread, "__init__", start_often)
    monkeypatch.setattr(data_plane._GrpcDataChannel, "_enqueue_to_send", send_slowly)
    counted = str(tmp_path / "counted")
    with beam.Pipeline(options=direct.pipeline_options(2)) as pipeline:
        _ = (
            pipeline
            | beam.Create([None])
            | "Many" >> beam.FlatMap(lambda _: ((number % 7, os.urandom(100)) for number in range(ELEMENTS)))
            | beam.GroupByKey()
            | "Count" >> beam.MapTuple(lambda _, group: sum(1 for _ in group))
            | beam.CombineGlobally(sum)
            | "Save" >> beam.Map(lambda total: Path(counted).write_text(str(total)))
        )
    assert int(Path(counted).read_text()) == ELEMENTS


@pytest.mark.parametrize(("documents", "threads"), [(None, 5), (1, 1), (20, 1), (21, 2), (10_000, 5)])
def test_few_documents_get_few_threads(documents, threads):
    options = direct.pipeline_options(3, documents=documents)
    assert options.view_as(DirectOptions).direct_num_workers == threads
