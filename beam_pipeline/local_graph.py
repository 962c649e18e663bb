"""The graph on this machine, for what a run planned and did not do already."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import apache_beam as beam

from beam_pipeline.pipeline import Ingest, PlannedHere
from runners import direct
from schemas.options import Options
from schemas.part import Part
from schemas.plan import Changes, Planned
from transforms.fetch.fetcher import Fetcher
from transforms.runtime.pool import worker_count
from transforms.runtime.transform import batch_sizes
from transforms.write.commit import Commit


def run_graph(
    options: Options,
    pipeline_args: Sequence[str],
    plan: tuple[deque[Planned | Part], Changes],
    fetcher: Fetcher,
    commit: Commit,
) -> dict[str, dict[int, int]]:
    """Do what is planned, and commit it with what changes without; how often each network ran with how many pages."""
    work, rest = plan
    flags = direct.pipeline_options(worker_count(options.extract.workers), pipeline_args, len(work))
    pipeline = beam.Pipeline(options=flags)
    with pipeline:
        pipeline | Ingest(options, PlannedHere(work, rest, commit.facts.run_id), fetcher, commit)
    return batch_sizes(pipeline.result)
