"""`docbeam stream`: documents as they arrive, on an engine that keeps its place."""

from __future__ import annotations

import threading

import typer

from beam_pipeline.cli.commands.ingest import set_log_level, startup_line
from beam_pipeline.cli.console import stdout_kept_clean, tell
from beam_pipeline.cli.flags import ALL, PIPELINE_ARGS, STREAM, with_options
from beam_pipeline.cli.interrupts import Drainable
from beam_pipeline.config import Resolved
from beam_pipeline.jobs.local_run import About
from schemas.failures import ConfigurationError
from schemas.options import Options
from transforms.sources.listing import STDIN

#: A stream sees what comes, not what goes; and only Delta has versions.
_NOT_HERE = ("plan.force", "plan.deleted", "source.manifests", "write.format", "run.max_failure_ratio")
_KEYS = tuple(key for key in (*ALL, *STREAM) if key not in _NOT_HERE)


@with_options(*_KEYS)
def stream(ctx: typer.Context, resolved: Resolved, *, verbose: bool = False) -> None:
    """Ingest documents as they arrive, on Flink or Dataflow, and commit a version of the tables per window.

    Inputs are listed again and again; what is new or changed is ingested. Documents that were heard of twice, and jobs
    that restart, leave each document in the tables once. Arguments after -- go to Beam. Ctrl-C or SIGTERM drains: the
    stream ends once everything it has heard of is committed; a second one cancels the job.

    Examples:

        docbeam stream gs://bucket/in -o gs://bucket/tables --runner flink -- --flink_master=HOST:8081 ...

        docbeam stream --subscription projects/p/subscriptions/s -o gs://bucket/tables --runner dataflow -- ...
    """
    options = resolved.options
    _check(options)
    set_log_level(quiet=False, verbose=verbose)
    tell(startup_line(options))
    drain = threading.Event()

    def ask() -> None:
        drain.set()
        tell("draining: the stream ends when all it has heard of is committed; once more cancels it")

    interruptible = Drainable(ask, verbose=verbose)
    interruptible.epilogue = "the job was cancelled; windows that were committed stay, and the next start goes on"
    with stdout_kept_clean(), interruptible:
        # Not before the options are looked at: it imports Beam, which takes seconds.
        from beam_pipeline.jobs.stream_job import post

        about = About(origins=resolved.origins, kind="stream")
        post(options, ctx.meta[PIPELINE_ARGS], about, tell).wait(drain)
    tell("the stream ended; everything is committed")


def _check(options: Options) -> None:
    if not options.source.inputs and not options.stream.subscription:
        raise ConfigurationError("nothing to listen to: give prefixes, folders or patterns, or --subscription")
    if STDIN in options.source.inputs:
        raise ConfigurationError("standard input can be read once only: give prefixes, folders or patterns")
    if options.plan.force:
        raise ConfigurationError("plan.force would ingest every document that is listed again: leave it out")
