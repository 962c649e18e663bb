"""The graph on this machine, for what a run planned and did not do already."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Sequence

import apache_beam as beam

from beam_pipeline.graph.pipeline import WorkOn
from runners import direct
from schemas.options import Options
from schemas.part import Part
from schemas.plan import Planned
from transforms.fetch.fetcher import Fetcher
from transforms.plan.transform import HandOver
from transforms.sandbox.pool import worker_count
from transforms.steps.transform import batch_sizes
from transforms.write.transform import KeepHere


def run_graph(
    options: Options, pipeline_args: Sequence[str], work: deque[Planned | Part], fetcher: Fetcher, run_id: str
) -> dict[str, dict[int, int]]:
    """Do what is planned: the run's portions take what comes of it. How often each network ran with how many pages.

    The commit is no part of it: an interrupt must find it in the main thread, and portions where the graph left them.
    """
    flags = direct.pipeline_options(worker_count(options.extract.workers), pipeline_args, len(work))
    pipeline = beam.Pipeline(options=flags)
    try:
        with direct.plain_labels(), pipeline:
            pipeline | HandOver(work, run_id) | WorkOn(options, run_id, fetcher.open) | KeepHere(run_id)
    finally:
        # In a notebook Beam leaves it.
        shutil.rmtree(pipeline.local_tempdir, ignore_errors=True)
    return batch_sizes(pipeline.result)
