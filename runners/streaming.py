"""What a stream needs of its engine beyond what a run needs, and who cannot run one."""

from __future__ import annotations

from collections.abc import Sequence

from apache_beam.io.gcp.pubsub import parse_subscription

from schemas.failures import ConfigurationError
from schemas.options import Options

#: An engine goes back this far when it loses a machine; Flink keeps no more than the last checkpoint.
CHECKPOINT_MILLISECONDS = 10_000
#: What a document waits for others to share its staged files with.
BUNDLE_MILLISECONDS = 500
_FLAGS = {
    "flink": (f"--checkpointing_interval={CHECKPOINT_MILLISECONDS}", f"--max_bundle_time_mills={BUNDLE_MILLISECONDS}"),
    # Windows that close by the second are what the streaming engine was made for.
    "dataflow": ("--enable_streaming_engine",),
}


def stream_args(options: Options, beam_args: Sequence[str]) -> list[str]:
    """Our flags below those of the user. ConfigurationError for what would lose documents without a word."""
    runner = options.run.runner
    if runner not in _FLAGS:
        raise ConfigurationError(
            f"the {runner} runner would list its inputs once and report success: use `docbeam watch` on one machine, "
            "or --runner flink or dataflow"
        )
    if options.stream.subscription and runner != "dataflow":
        raise ConfigurationError(
            "Beam reads Pub/Sub from Python on Dataflow only: use --runner dataflow, or give the prefix as INPUT"
        )
    if options.stream.subscription:
        try:
            parse_subscription(options.stream.subscription)
        except ValueError as error:
            raise ConfigurationError(f"--subscription: {error}") from error
    if options.write.format != "delta":
        raise ConfigurationError("a stream needs tables with versions: use --format delta")
    for arg in beam_args:
        name, _, value = arg.partition("=")
        if name == "--checkpointing_interval" and not (value.isdecimal() and int(value) > 0):
            raise ConfigurationError(f"{arg}: without checkpoints Flink stops after the first listing: leave it out")
    return ["--streaming", *_FLAGS[runner], *beam_args]
