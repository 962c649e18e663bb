"""`docbeam ingest`: documents in, tables out."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import msgspec
import typer

from beam_pipeline.cli.commands.dry_run import print_sources
from beam_pipeline.cli.commands.version import engine_version
from beam_pipeline.cli.console import messages, printable, stdout_kept_clean, tell, unread_is_fine
from beam_pipeline.cli.exit_codes import FAILED
from beam_pipeline.cli.flags import ALL, PIPELINE_ARGS, with_options
from beam_pipeline.cli.interrupts import Interruptible
from beam_pipeline.cli.progress import observe
from beam_pipeline.cli.report import report_json, report_lines
from beam_pipeline.config import Resolved
from beam_pipeline.jobs.outputs import UNNAMEABLE, fitted
from schemas.failures import ConfigurationError
from schemas.options import Options
from schemas.report import RunReport
from schemas.source import SourceRef
from transforms.lake.log.delta import can_name
from transforms.sandbox.fork_server import start_fork_server
from transforms.sandbox.pool import worker_count
from transforms.sources.listing import STDIN, check_inputs
from transforms.sources.manifest import read_names
from transforms.stores.uris import public_uri


@with_options(*ALL)
def ingest(
    ctx: typer.Context,
    resolved: Resolved,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be ingested; process nothing.", rich_help_panel="Run")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON on stdout.", rich_help_panel="Messages")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only errors and the report.", rich_help_panel="Messages")
    ] = False,
    verbose: bool = False,
) -> None:
    """Ingest documents and write tables of documents, pages, elements, chunks and failures.

    Options come from flags, then from docbeam.toml (--config), then from DOCBEAM_SECTION_NAME variables. Arguments
    after -- go to Beam. By default the exit code is 1 when over 5% of the listed documents are failed or stale.

    Examples:

        docbeam ingest reports/ -o tables

        docbeam ingest 'gs://bucket/in/**.pdf' -o gs://bucket/tables --max-tokens 256 --workers 8

        docbeam ingest --manifest night.csv -o tables --format parquet --json > report.json
    """
    options = resolved.options
    check_inputs_given(options)
    if dry_run:
        print_sources(options.source, as_json=as_json)
        return
    set_log_level(quiet=quiet, verbose=verbose)
    options = fitted_here(resolved)
    if not quiet:
        tell(startup_line(options))
    job = Job(options=options, origins=resolved.origins, pipeline_args=tuple(ctx.meta[PIPELINE_ARGS]))
    finish(run_job(job, quiet=quiet, verbose=verbose), options, as_json=as_json)


def fitted_here(resolved: Resolved) -> Options:
    """The options as a run on this machine will have them; what cannot be is refused before anything is said."""
    if resolved.options.run.runner != "direct":
        return resolved.options

    return fitted(resolved.options, resolved.origins)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A run that a command asks for."""

    options: Options
    #: Where each option came from.
    origins: dict[str, str] = {}
    kind: str = "ingest"
    pipeline_args: tuple[str, ...] = ()
    #: Documents named already, beside the options' inputs.
    refs: tuple[SourceRef, ...] = ()


def finish(report: RunReport, options: Options, *, as_json: bool) -> None:
    """Print the report, and end with 1 when too much failed."""
    with unread_is_fine():
        _print(report, as_json=as_json)
    end_by(report.failure_ratio, options)
    if report.missing_inputs and options.run.max_failure_ratio < 1:
        tell(f"docbeam: {report.missing_inputs} of the inputs could not be listed; what they held stays as it was")
        raise typer.Exit(FAILED)


def end_by(ratio: float, options: Options) -> None:
    """End with 1 when a larger share of the documents failed than the options allow."""
    if ratio > options.run.max_failure_ratio:
        tell(
            f"docbeam: {ratio:.1%} of the documents failed, "
            f"more than --max-failure-ratio {options.run.max_failure_ratio:g} allows"
        )
        raise typer.Exit(FAILED)


def startup_line(options: Options) -> str:
    """What is about to happen, on one line."""
    source = options.source
    named = [*source.inputs, *source.manifests]
    sources = public_uri(named[0]) if len(named) == 1 else f"{len(named)} sources"
    engines = ", ".join(f"{name} {engine_version(name)}" for name in ("pymupdf", "python-docx"))
    return printable(
        f"docbeam {engine_version('docbeam')}: {sources} -> {options.write.output} ({_format(options)}), "
        f"{_place(options)}, {engines}, {options.chunk.encoding}"
    )


def _format(options: Options) -> str:

    write = options.write
    if write.format != UNNAMEABLE or can_name(write.output):
        return write.format
    return f"{write.format}, since the Delta library would take this name for another"


def _place(options: Options) -> str:
    """Who does the work: the cores of this machine say nothing about a cluster."""
    if options.run.runner != "direct":
        return f"on {options.run.runner}"

    return f"{worker_count(options.extract.workers)} workers"


def check_inputs_given(options: Options) -> None:
    """Raise ConfigurationError when the options name nothing to list, or local inputs that are not there."""
    if not options.source.inputs and not options.source.manifests:
        raise ConfigurationError("nothing to ingest: give files, directories, globs or URIs, or --manifest FILE")

    check_inputs(options.source)


def run_job(job: Job, *, quiet: bool, verbose: bool) -> RunReport:
    """Run it here or on the engine that its options name."""
    refs = (*job.refs, *listed_on_stdin(job.options))
    if job.options.run.runner != "direct":
        return _submit(job, refs, verbose=verbose)
    with Interruptible(verbose=verbose):
        # It loads the parsers on one core while this process loads Beam on another.
        start_fork_server()
        from beam_pipeline.jobs.local_run import About, run

        with stdout_kept_clean(), observe(messages(), quiet=quiet) as observer:
            return run(job.options, job.pipeline_args, observer, refs, About(origins=job.origins, kind=job.kind))


def _submit(job: Job, refs: tuple[SourceRef, ...], *, verbose: bool) -> RunReport:
    with Interruptible(verbose=verbose), stdout_kept_clean():
        from beam_pipeline.jobs.local_run import About
        from beam_pipeline.jobs.submit import submit

        return submit(job.options, job.pipeline_args, refs, About(origins=job.origins, kind=job.kind))


def listed_on_stdin(options: Options) -> tuple[SourceRef, ...]:
    """Documents on standard input, which only this process can read."""
    source = options.source
    return tuple(read_names(sys.stdin.buffer, null=source.null)) if STDIN in source.inputs else ()


def set_log_level(*, quiet: bool, verbose: bool) -> None:
    """How much is logged. Beam tells much that only its developers need."""
    level = logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s", force=True)
    # It quotes our own command line, in which URIs may be signed.
    logging.getLogger("apache_beam.options.pipeline_options").setLevel(logging.ERROR)
    if not verbose:
        logging.getLogger("apache_beam.utils.retry").addFilter(_without_traceback)
    # Workers log the tracebacks of errors that also end the run: those are told once, by the command.
    logging.getLogger("apache_beam.runners").setLevel(level if verbose else logging.CRITICAL)


def _without_traceback(record: logging.LogRecord) -> bool:
    """Why something is tried again, and when; not from where."""
    record.msg, record.args = record.getMessage().partition("Traceback")[0].strip(), ()
    return True


def _print(report: RunReport, *, as_json: bool) -> None:

    if as_json:
        typer.echo(report_json(report))
        return
    for line in report_lines(report):
        typer.echo(line)
