"""One run on this machine: prepare the output, run the graph, report what the committed tables say."""

from __future__ import annotations

import posixpath
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import apache_beam as beam
import msgspec

from beam_pipeline.pipeline import build, new_run_id, pool_options
from beam_pipeline.worker_errors import from_worker
from runners import direct
from schemas.failures import ConfigurationError
from schemas.options import Options
from schemas.report import Observer, Progress, RunReport
from schemas.source import SourceRef
from transforms.runtime.counts import LiveCounts, live_counts
from transforms.runtime.pool import shared_pool
from transforms.runtime.transform import batch_sizes
from transforms.write.catalog import STAGING, open_catalog
from transforms.write.summary import run_report
from transforms.write.transform import BeamStorage

SECONDS_BETWEEN_SNAPSHOTS = 1.0


def run(
    options: Options,
    pipeline_args: Sequence[str] = (),
    observer: Observer | None = None,
    refs: Sequence[SourceRef] = (),
) -> RunReport:
    """Ingest and commit; blocks until done. `refs` are documents listed already, beside the options' inputs.

    Raises ConfigurationError or OutputError, with nothing committed, when options or the output are broken.
    """
    options = prepared(options)
    run_id, started = new_run_id(), time.monotonic()
    storage = BeamStorage()
    open_catalog(options.write.output, options.write.format, storage).prepare()
    flags = direct.pipeline_options(options.extract.workers, pipeline_args)
    try:
        with _observed(observer, live_counts(run_id), started), beam.Pipeline(options=flags) as pipeline:
            build(pipeline, options, run_id, refs)
    except RuntimeError as error:
        raise from_worker(error) from error
    finally:
        # The pool first: threads that still wait for it would write into the staging folder again.
        _close_pool(options)
        storage.delete(posixpath.join(options.write.output, STAGING, run_id))
    report = run_report(options.write, run_id, live_counts(run_id).read(), time.monotonic() - started)
    return msgspec.structs.replace(report, batches=batch_sizes(pipeline.result))


def prepared(options: Options) -> Options:
    """Options with an absolute output; raises ConfigurationError when there is none."""
    output = options.write.output
    if not output:
        raise ConfigurationError("no output: give --output DIR (or a gs:// or s3:// prefix)")
    absolute = output.rstrip("/") if "://" in output else posixpath.abspath(output)
    return msgspec.structs.replace(options, write=msgspec.structs.replace(options.write, output=absolute))


def _close_pool(options: Options) -> None:
    shared_pool(pool_options(options.extract)).close()
    shared_pool.cache_clear()


@contextmanager
def _observed(observer: Observer | None, counts: LiveCounts, started: float) -> Iterator[None]:
    if observer is None:
        yield
        return
    done = threading.Event()

    def watch(report: Callable[[Progress], None]) -> None:
        while not done.wait(SECONDS_BETWEEN_SNAPSHOTS):
            report(snapshot(counts.read(), time.monotonic() - started))

    thread = threading.Thread(target=watch, args=(observer.on_progress,), name="docbeam-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        observer.on_progress(snapshot(counts.read(), time.monotonic() - started))


def snapshot(counts: dict[str, int], elapsed: float) -> Progress:
    """The counts as a Progress."""
    return Progress(
        documents_listed=counts.get("listed"),
        documents=counts.get("documents", 0),
        pages=counts.get("pages", 0),
        failures=counts.get("failures", 0),
        chunks=counts.get("chunks", 0),
        elapsed=elapsed,
    )
