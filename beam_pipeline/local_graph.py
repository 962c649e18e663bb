"""The graph on this machine, for what a run planned and did not do already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import apache_beam as beam

from beam_pipeline.pipeline import Ingest, PlannedHere
from runners import direct
from schemas.options import Options
from transforms.runtime.transform import batch_sizes

if TYPE_CHECKING:
    from beam_pipeline.local_run import Task


def run_graph(options: Options, pipeline_args: Sequence[str], task: Task) -> dict[str, dict[int, int]]:
    """Do and commit it; how often each network ran with how many pages."""
    plan = PlannedHere(task.work, task.rest, task.commit.facts.run_id)
    pipeline = beam.Pipeline(options=direct.pipeline_options(options.extract.workers, pipeline_args, len(plan.work)))
    with pipeline:
        pipeline | Ingest(options, plan, task.fetcher, task.commit)
    return batch_sizes(pipeline.result)
