"""Work that was planned before the graph."""

import gc
from collections import deque

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from runners import direct
from schemas.plan import Action, Planned
from schemas.source import SourceRef
from transforms.plan.transform import _HANDED_OVER, HandOver


def test_all_work_comes_and_nothing_of_it_is_kept():
    planned = [Planned(ref=SourceRef(uri=f"/{n}", path=str(n)), action=Action.NEW) for n in range(50)]
    work: deque = deque(planned)
    with beam.Pipeline(options=direct.pipeline_options(2)) as pipeline:
        assert_that(pipeline | HandOver(work, "run"), equal_to(planned))
    assert not work


def test_a_run_that_never_began_leaves_nothing_behind():
    pipeline = beam.Pipeline(options=direct.pipeline_options(1))
    _ = pipeline | HandOver(deque([Planned(ref=SourceRef(uri="/a", path="a"), action=Action.NEW)]), "other")
    assert "other" in _HANDED_OVER
    del pipeline, _
    gc.collect()
    assert "other" not in _HANDED_OVER
