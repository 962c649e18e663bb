"""A stream from its start to its end: check, prepare the output, post the job, and drain it when asked."""

from __future__ import annotations

import posixpath
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from beam_pipeline.facts import new_run_id, run_facts
from beam_pipeline.fingerprint import fingerprint
from beam_pipeline.graph.streaming import DRAINED, STOP, Stream, is_marked, marker_path
from beam_pipeline.jobs.journal import opened
from beam_pipeline.jobs.local_run import About
from beam_pipeline.jobs.outputs import fitted, prepared
from beam_pipeline.jobs.submit import PROFILES, cancel, check_worker, name_job, translated
from runners.streaming import stream_args
from schemas.options import Options
from schemas.plan import RunFacts
from transforms.lake.log.catalog import STAGING
from transforms.lake.log.lock import only_writer
from transforms.sources.listing import absolute
from transforms.sources.streams import listed_now
from transforms.stores.any import AnyStore, storage_of

_POLL_SECONDS = 1.0
Tell = Callable[[str], None]


def post(options: Options, pipeline_args: Sequence[str], about: About, tell: Tell) -> StreamJob:
    """Post the job. Raises ConfigurationError or OutputError when options, engine, inputs or output are broken."""
    options = prepared(options)
    # First, since it refuses the runners that have no profile.
    arguments = stream_args(options, pipeline_args)
    flags = PROFILES[options.run.runner](options, arguments)
    options = fitted(options, about.origins)
    source = absolute(options.source)
    for text in source.inputs:
        # Tells at once what workers would only log: an input that cannot be listed.
        next(listed_now(text, AnyStore(), source), None)
    run_id = new_run_id()
    with only_writer(options.write.output, wait=options.plan.wait):
        opened(options.write, run_id)
    facts = run_facts(run_id, options, about.origins, about.kind)
    name_job(flags, run_id)
    pipeline = job(options, flags, facts)
    with _sigint_ignored():
        result = translated(pipeline.run)
    tell(f"stream {run_id} began; it ends when {marker_path(options.write.output, run_id, STOP)} exists")
    return StreamJob(options.write.output, run_id, result, lambda: cancel(result, options, flags))


def job(options: Options, flags: PipelineOptions, facts: RunFacts) -> beam.Pipeline:
    """The pipeline as it is posted."""
    pipeline = beam.Pipeline(options=flags)
    expected = pipeline | "Fingerprint" >> beam.Create([fingerprint(options)])
    expected | "CheckWorkers" >> beam.Map(check_worker, options)
    pipeline | Stream(options, facts)
    return pipeline


@contextmanager
def _sigint_ignored() -> Iterator[None]:
    """Child processes ignore it, too: Ctrl-C at a terminal would end Beam's job server, which draining needs.

    Afterwards the handler is ours again: Beam takes the signal for itself when it starts the job server.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


class StreamJob:
    """A posted stream."""

    def __init__(self, output: str, run_id: str, result: PipelineResult, cancel: Callable[[], None]) -> None:
        self._output, self._run_id, self._result, self._cancel = output, run_id, result, cancel

    def wait(self, drain: threading.Event) -> None:
        """Until the job failed (which raises), or has committed everything that it had heard of when `drain` was set.

        An interrupt cancels the job.
        """
        ended = threading.Event()
        failure: list[BaseException] = []
        threading.Thread(target=self._follow, args=(ended, failure), daemon=True).start()
        try:
            while not ended.wait(_POLL_SECONDS):
                if drain.is_set() and self._is_drained():
                    break
        except KeyboardInterrupt:
            self._cancel()
            raise
        if failure:
            raise failure[0]
        if not ended.is_set():
            # Flink keeps the job alive for its checkpoints, with nothing left to do.
            self._cancel()
        storage_of(self._output).delete(posixpath.join(self._output, STAGING, self._run_id))

    def _is_drained(self) -> bool:
        marker = marker_path(self._output, self._run_id, STOP)
        if not is_marked(marker):
            with storage_of(self._output).create(marker) as file:
                file.write(b"")
        return is_marked(marker_path(self._output, self._run_id, DRAINED))

    def _follow(self, ended: threading.Event, failure: list[BaseException]) -> None:
        try:
            translated(self._result.wait_until_finish)
        except (RuntimeError, OSError) as error:
            failure.append(error)
        ended.set()
