"""The streaming job that `docbeam stream --runner dataflow` would post: no Dataflow service has seen it."""

import json

import pytest
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2 as beam_api
from buckets import object_bytes, object_names

from beam_pipeline.jobs.stream_job import job
from runners import dataflow
from runners.streaming import stream_args
from schemas.options import Options, RunOptions, SourceOptions, StreamOptions, WriteOptions
from schemas.plan import RunFacts

SUBSCRIPTION = "projects/docbeam-tests/subscriptions/documents"
CLOUD = ["--project=docbeam-tests", "--region=us-central1", "--sdk_container_image=example.com/docbeam:0.1.0"]


@pytest.fixture(scope="module", params=["subscription", "prefix"])
def posted(request, buckets, tmp_path_factory) -> tuple[str, dict, beam_api.Pipeline]:
    kind, folder = request.param, tmp_path_factory.mktemp("job")
    options = Options(
        source=SourceOptions(inputs=("gs://in/docs",) if kind == "prefix" else ()),
        write=WriteOptions(output="gs://out/tables"),
        run=RunOptions(runner="dataflow"),
        stream=StreamOptions(subscription=SUBSCRIPTION if kind == "subscription" else ""),
    )
    args = [*CLOUD, f"--temp_location=gs://tmp/{kind}", f"--template_location={folder}/job.json"]
    flags = dataflow.pipeline_options(options, stream_args(options, args))
    job(options, flags, RunFacts(run_id="20261121T080000-abcdef", kind="stream")).run()
    (graph,) = [name for name in object_names("tmp", kind) if name.endswith("/pipeline.pb")]
    return kind, json.loads((folder / "job.json").read_text()), beam_api.Pipeline.FromString(object_bytes("tmp", graph))


def steps(graph: beam_api.Pipeline, urn: str) -> list[beam_api.PTransform]:
    return [step for step in graph.components.transforms.values() if step.spec.urn == urn]


def test_the_job_is_a_streaming_one(posted):
    _, description, _ = posted
    assert description["type"] == "JOB_TYPE_STREAMING"
    assert "enable_streaming_engine" in description["environment"]["experiments"]


def test_the_service_reads_the_subscription(posted):
    kind, _, graph = posted
    reads = steps(graph, common_urns.composites.PUBSUB_READ.urn)
    found = [beam_api.PubSubReadPayload.FromString(step.spec.payload).subscription for step in reads]
    assert found == ([SUBSCRIPTION] if kind == "subscription" else [])


def test_an_unbounded_step_watches_the_prefix_and_keyed_state_remembers_it(posted):
    kind, _, graph = posted
    stateful = {
        step.unique_name.split("/")[1]
        for step in steps(graph, common_urns.primitives.PAR_DO.urn)
        if beam_api.ParDoPayload.FromString(step.spec.payload).state_specs
    }
    assert stateful == ({"Watch", "Commit"} if kind == "prefix" else {"Commit"})
    unbounded = [
        step.unique_name
        for step in steps(graph, common_urns.primitives.PAR_DO.urn)
        if beam_api.ParDoPayload.FromString(step.spec.payload).restriction_coder_id
    ]
    assert any("Ticks" in name for name in unbounded) == (kind == "prefix")


def test_windows_are_committed_by_time_count_and_at_the_end(posted):
    _, _, graph = posted
    (commit,) = [step for step in steps(graph, common_urns.primitives.PAR_DO.urn) if "Commit" in step.unique_name]
    timers = beam_api.ParDoPayload.FromString(commit.spec.payload).timer_family_specs
    domains = {timer.time_domain for timer in timers.values()}
    assert domains == {beam_api.TimeDomain.PROCESSING_TIME, beam_api.TimeDomain.EVENT_TIME}
