"""One run on a cluster: check, prepare the output, post the job, wait, report what the committed tables say."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import apache_beam as beam
import msgspec
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.runners.runner import PipelineResult

from beam_pipeline.facts import new_run_id, run_facts
from beam_pipeline.fingerprint import fingerprint
from beam_pipeline.graph.pipeline import build
from beam_pipeline.jobs.journal import opened, record_of
from beam_pipeline.jobs.local_run import PLAIN, About
from beam_pipeline.jobs.outputs import fitted, prepared
from beam_pipeline.jobs.worker_errors import from_worker
from runners import dataflow, flink
from schemas.failures import ConfigurationError
from schemas.options import Options
from schemas.plan import RunFacts
from schemas.report import RunReport
from schemas.source import SourceRef
from transforms.lake.log.catalog import STAGING
from transforms.lake.log.lock import only_writer
from transforms.lake.summary import run_report
from transforms.steps.transform import batch_sizes
from transforms.stores.any import storage_of

PROFILES = {"flink": flink.pipeline_options, "dataflow": dataflow.pipeline_options}
T = TypeVar("T")


def submit(
    options: Options, pipeline_args: Sequence[str] = (), refs: Sequence[SourceRef] = (), about: About = PLAIN
) -> RunReport:
    """Ingest on the engine that `options.run.runner` names; blocks until the job is done.

    Raises ConfigurationError or OutputError when options, engine or output are broken. An interrupt cancels the job.
    """
    options = prepared(options)
    flags = PROFILES[options.run.runner](options, pipeline_args)
    _refuse_template(flags)
    options = fitted(options, about.origins)
    with only_writer(options.write.output, wait=options.plan.wait):
        return _submit(options, flags, refs, about)


def _submit(options: Options, flags: PipelineOptions, refs: Sequence[SourceRef], about: About) -> RunReport:
    run_id, started = new_run_id(), time.monotonic()
    facts = run_facts(run_id, options, about.origins, about.kind)
    # Beside what it does, this tells whether the output can be written at all.
    seen = opened(options.write, run_id).seen
    name_job(flags, run_id)
    try:
        result = _finished(job(options, flags, facts, refs, seen), options, flags)
    finally:
        storage_of(options.write.output).delete(posixpath.join(options.write.output, STAGING, run_id))
    report = run_report(options.write, run_id, record_of(options.write, run_id), time.monotonic() - started)
    return msgspec.structs.replace(report, batches=batch_sizes(result), fail_on=options.run.fail_on)


def job(
    options: Options,
    flags: PipelineOptions,
    facts: RunFacts,
    refs: Sequence[SourceRef] = (),
    seen: int | None = None,
) -> beam.Pipeline:
    """The pipeline as it is posted."""
    pipeline = beam.Pipeline(options=flags)
    expected = pipeline | "Fingerprint" >> beam.Create([fingerprint(options)])
    expected | "CheckWorkers" >> beam.Map(check_worker, options)
    build(pipeline, options, facts, refs, seen)
    return pipeline


def check_worker(expected: str, options: Options) -> None:
    """Raise ConfigurationError where this process would extract differently from what the submitter promises."""
    if fingerprint(options) != expected:
        raise ConfigurationError(
            "the workers have other versions of docbeam, its engines or its plugins than the submitter: "
            "give both the same image, or install the same requirements.lock"
        )


def _refuse_template(flags: PipelineOptions) -> None:
    if flags.view_as(GoogleCloudOptions).template_location:
        raise ConfigurationError(
            "a classic template would repeat one run's id, and every run after the first would commit nothing: use the "
            "flex template of deploy/dataflow"
        )


def _finished(pipeline: beam.Pipeline, options: Options, flags: PipelineOptions) -> PipelineResult:
    result = translated(pipeline.run)
    try:
        translated(result.wait_until_finish)
    except KeyboardInterrupt:
        # Before its staging goes: the job would write there again.
        cancel(result, options, flags)
        raise
    return result


def name_job(flags: PipelineOptions, run_id: str) -> None:
    """The engine's lists show the run, unless the user chose a name."""
    named = flags.view_as(GoogleCloudOptions)
    named.job_name = named.job_name or f"docbeam-{run_id.lower()}"


def cancel(result: PipelineResult, options: Options, flags: PipelineOptions) -> None:
    """End the job on the engine; back when it has ended."""
    result.cancel()
    if options.run.runner == "flink":
        flink.cancel(flags, flags.view_as(GoogleCloudOptions).job_name)


def translated(act: Callable[[], T]) -> T:
    """What `act` returns; errors of workers as what they are."""
    try:
        return act()
    except dataflow.job_errors() as error:
        raise from_worker(error) from error
