"""The local runner: one process, a few threads, all native work in parser processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from apache_beam import pipeline as beam_pipelines
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import worker_handlers

from runners.loopback import exempt_loopback

#: Threads beyond the cores: each gets one fixed bundle, and more even out slow documents. But Beam builds every stage
#: once for each thread, and that is most of what a run over a few documents costs.
EXTRA_THREADS = 2
#: Documents that are worth a thread.
THREAD_DOCUMENTS = 20


def pipeline_options(workers: int, beam_args: Sequence[str] = (), documents: int | None = None) -> PipelineOptions:
    """Options for the in-process runner, fit for that many documents.

    FnApiRunner is named explicitly: 'DirectRunner' would first try to download Prism. A continuous source would stop
    after its first poll here; streaming is not for this profile.
    """
    _flush_by_size_only()
    exempt_loopback()
    most = workers + EXTRA_THREADS
    threads = most if documents is None else min(most, -(-documents // THREAD_DOCUMENTS))
    return PipelineOptions(
        list(beam_args),
        runner="apache_beam.runners.portability.fn_api_runner.FnApiRunner",
        direct_running_mode="multi_threading",
        direct_num_workers=threads,
        # Our graph is fixed and tested; checking it again costs half a second at every start.
        pipeline_type_check=False,
    )


def _flush_by_size_only() -> None:
    """Keep the local runner from losing elements.

    Beam 2.77 flushes its data streams every second from a thread of its own, which takes the buffer and then empties
    it: what the worker writes in between is lost. Beam's other runners flush by size, in the thread that writes.
    """
    worker_handlers.DATA_BUFFER_TIME_LIMIT_MS = 0


@contextmanager
def plain_labels() -> Iterator[None]:
    """Lets a pipeline be built in a notebook.

    There Beam 2.77 puts the number of the cell before labels, by modules that want the pandas of before 3 and others
    that it does not install. Nobody sees the labels of a run.
    """
    before = beam_pipelines.alter_label_if_ipython
    beam_pipelines.alter_label_if_ipython = lambda *_: None
    try:
        yield
    finally:
        beam_pipelines.alter_label_if_ipython = before
