"""One run on this machine: prepare the output, run the graph, report what the committed tables say."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from beam_pipeline.checked import checked
from beam_pipeline.facts import new_run_id, run_facts
from beam_pipeline.fingerprint import fingerprint
from beam_pipeline.graph.stages import commit_of, fetcher_of, pool_options
from beam_pipeline.jobs.journal import failed, opened, record_of
from beam_pipeline.jobs.keeping import keep, portions_of
from beam_pipeline.jobs.outputs import fitted, left_as_found
from beam_pipeline.jobs.planning import Decisions, decide_listed
from beam_pipeline.jobs.threads import are_few, work_on_few
from beam_pipeline.jobs.worker_errors import from_worker
from beam_pipeline.noise import hush
from schemas.failures import DocbeamError, TooMuchGone
from schemas.options import Options
from schemas.part import Part
from schemas.plan import Changes, Planned, Root, RunFacts, Touch
from schemas.report import Observer, Progress, RunReport
from schemas.source import SourceRef
from transforms.fetch.ask import ask
from transforms.fetch.fetcher import Fetcher
from transforms.lake.log.lock import only_writer
from transforms.lake.summary import run_report
from transforms.runtime.activity import activity
from transforms.sandbox.pool import close_shared_pool
from transforms.sources.listing import expand_inputs
from transforms.steps.counts import LiveCounts, count_planned, count_settled, live_counts
from transforms.stores.any import AnyStore
from transforms.write.commit import Commit
from transforms.write.losses import refuse_losses
from transforms.write.portions import Portions

SECONDS_BETWEEN_SNAPSHOTS = 1.0


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run's options came from, and what it is for."""

    #: By key, as `beam_pipeline.config.Resolved` has them.
    origins: dict[str, str] = {}
    kind: str = "ingest"


PLAIN = About()


@dataclass
class Task:
    """What a run has to do, and with what."""

    work: Iterator[Planned | Part]
    #: Whether so few of it are sure that the graph may not be worth its start.
    few: bool
    #: What changes without work, later by work that is done.
    rest: Changes
    #: Documents that are to be worked on.
    planned: int
    fetcher: Fetcher
    commit: Commit


def run(
    options: Options,
    pipeline_args: Sequence[str] = (),
    observer: Observer | None = None,
    refs: Sequence[SourceRef] = (),
    about: About = PLAIN,
) -> RunReport:
    """Ingest and commit; blocks until done. `refs` are documents listed already, beside the options' inputs.

    Raises ConfigurationError or OutputError when options or the output are broken. Then, and after an interrupt, the
    documents that are finished are in the tables, and nothing else has changed.
    """
    options = fitted(checked(options), about.origins)
    _check_models(options)
    with left_as_found(options.write.output), only_writer(options.write.output, wait=options.plan.wait):
        return _run(options, pipeline_args, observer, refs, about)


def _check_models(options: Options) -> None:
    """Raise ConfigurationError for a device or a model that cannot be had, though no page may ever need it."""
    asked = options.layout.model or (options.run.device, options.run.precision) != ("auto", "fp32")
    if asked and options.layout.mode != "never":
        from transforms.layout.settings import layout_settings

        layout_settings(options)


def _run(
    options: Options, pipeline_args: Sequence[str], observer: Observer | None, refs: Sequence[SourceRef], about: About
) -> RunReport:
    run_id, started = new_run_id(), time.monotonic()
    facts = run_facts(run_id, options, about.origins, about.kind)
    ready = opened(options.write, run_id)
    commit = commit_of(options, facts, ready.seen)
    with _recorded(options, facts), _observed(observer, live_counts(run_id), started):
        fetcher = fetcher_of(options)
        decisions = _decided(options, refs, live_counts(run_id))
        # Before hours of work; what turns out to be gone later is looked at in the commit.
        refuse_losses(decisions.rest, options.plan.max_removed)
        work = _asked(options, decisions, fetcher, run_id)
        few = not pipeline_args and are_few(decisions.work, decisions.rest.received, options)
        task = Task(work, few, decisions.rest, len(decisions.work), fetcher, commit)
        batches = _work(options, pipeline_args, task)
    report = run_report(options.write, run_id, record_of(options.write, run_id), time.monotonic() - started)
    return msgspec.structs.replace(report, batches=batches, fail_on=options.run.fail_on, taken_over=ready.taken_over)


def _decided(options: Options, refs: Sequence[SourceRef], counts: LiveCounts) -> Decisions:
    """The plan; while it lists, the counts grow."""

    def counted(found: Iterable[SourceRef | Root]) -> Iterator[SourceRef | Root]:
        for item in found:
            counts.add(listed=isinstance(item, SourceRef))
            yield item

    with activity().at("plan"):
        decisions = decide_listed(options, counted(expand_inputs(options.source, refs, AnyStore())))
    # What was named several times is one document.
    counts.add(listed=-decisions.rest.received)
    count_planned(counts, decisions.rest)
    return decisions


def _asked(options: Options, decisions: Decisions, fetcher: Fetcher, run_id: str) -> Iterator[Planned | Part]:
    """What is left to work on, while the sources are asked whose listing does not tell whether they changed."""

    def hear(answer: Part | Touch | None) -> None:
        if isinstance(answer, Part):
            return
        count_settled(live_counts(run_id), answer)
        decisions.rest.touched += [] if answer is None else [answer]

    most_bytes = options.fetch.cache_bytes // 4
    return ask(decisions.work, fetcher.open, fingerprint(options), most_bytes, hear)


def _work(options: Options, pipeline_args: Sequence[str], task: Task) -> dict[str, dict[int, int]]:
    """Do and commit what is planned; how often each network ran with how many pages.

    What is finished when that is interrupted or fails is kept.
    """
    portions = portions_of(task.commit, task.planned, task.rest.held)
    try:
        batches = _worked(options, pipeline_args, task, portions)
        task.commit([task.rest, *portions.close()])
        portions.settle()
        return batches
    except (DocbeamError, RuntimeError, KeyboardInterrupt) as error:
        portions.stop()
        if isinstance(error, TooMuchGone):
            # What is gone is among what is finished.
            portions.settle()
        _close_pool(options)
        raise keep(task.commit, portions, task.planned, error) from error
    finally:
        # The pool first: threads that still wait for it would write into the staging folder again.
        _close_pool(options)
        portions.let_go()


def _worked(
    options: Options, pipeline_args: Sequence[str], task: Task, portions: Portions
) -> dict[str, dict[int, int]]:
    left = work_on_few(task.work, options, task.fetcher, portions) if task.few else []
    work = deque((*left, *task.work))
    if not work:
        return {}
    # Beam takes seconds to import, and most nights do without.
    hush()
    with activity().starting():
        from beam_pipeline.jobs.local_graph import run_graph

        return run_graph(options, pipeline_args, work, task.fetcher, portions.run_id)


@contextmanager
def _recorded(options: Options, facts: RunFacts) -> Iterator[None]:
    """Runs that end early leave a row, too; workers' errors become what they are."""
    try:
        yield
    except (DocbeamError, RuntimeError) as error:
        known = from_worker(error)
        failed(options.write, facts, "failed", known)
        raise known from error
    except KeyboardInterrupt as error:
        failed(options.write, facts, "interrupted", error)
        raise


def _close_pool(options: Options) -> None:
    close_shared_pool(pool_options(options.extract))


@contextmanager
def _observed(observer: Observer | None, counts: LiveCounts, started: float) -> Iterator[None]:
    if observer is None:
        yield
        return
    done = threading.Event()
    activity().clear()

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
    """The counts, and what is in hand, as a Progress."""
    return Progress(
        documents_listed=counts.get("listed"),
        documents=counts.get("documents", 0),
        pages=counts.get("pages", 0),
        failures=counts.get("failures", 0),
        chunks=counts.get("chunks", 0),
        elapsed=elapsed,
        in_hand=activity().read(),
    )
