"""What a stream asks of its engine, and who is refused before anything is posted."""

import msgspec
import pytest
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from beam_pipeline.cli.commands.stream import _check
from runners.streaming import stream_args
from schemas.failures import ConfigurationError
from schemas.options import Options, RunOptions, SourceOptions, StreamOptions, WriteOptions

FLINK = Options(
    source=SourceOptions(inputs=("gs://in/docs",)),
    write=WriteOptions(output="gs://out/tables"),
    run=RunOptions(runner="flink"),
)
SUBSCRIPTION = StreamOptions(subscription="projects/docbeam-tests/subscriptions/documents")


def changed(**sections: object) -> Options:
    return msgspec.structs.replace(FLINK, **sections)


def test_flink_gets_checkpoints_and_short_bundles_that_flags_override():
    args = stream_args(FLINK, ["--checkpointing_interval=60000"])
    assert PipelineOptions(args).view_as(StandardOptions).streaming
    intervals = [arg for arg in args if arg.startswith("--checkpointing_interval")]
    assert intervals[0] == "--checkpointing_interval=10000" and intervals[-1] == "--checkpointing_interval=60000"
    assert "--max_bundle_time_mills=500" in args


@pytest.mark.parametrize(
    ("options", "args", "fix"),
    [
        (changed(run=RunOptions(runner="direct")), [], "use `docbeam watch`"),
        (changed(stream=SUBSCRIPTION), [], "use --runner dataflow"),
        (
            changed(run=RunOptions(runner="dataflow"), stream=StreamOptions(subscription="documents")),
            [],
            "must be in the form",
        ),
        (changed(write=WriteOptions(output="gs://o", format="parquet")), [], "use --format delta"),
        (FLINK, ["--checkpointing_interval=-1"], "leave it out"),
        (FLINK, ["--checkpointing_interval=0"], "leave it out"),
    ],
)
def test_what_would_lose_documents_is_refused_with_the_fix(options, args, fix):
    with pytest.raises(ConfigurationError, match=fix):
        stream_args(options, args)


def test_dataflow_reads_subscriptions():
    options = changed(run=RunOptions(runner="dataflow"), stream=SUBSCRIPTION)
    assert "--streaming" in stream_args(options, [])


@pytest.mark.parametrize(
    ("source", "fix"), [(SourceOptions(), "nothing to listen to"), (SourceOptions(inputs=("-",)), "read once only")]
)
def test_there_is_something_to_listen_to(source, fix):
    with pytest.raises(ConfigurationError, match=fix):
        _check(changed(source=source))
