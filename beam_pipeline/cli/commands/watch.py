"""`docbeam watch`: incremental runs on this machine, one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Annotated

import msgspec
import typer

from beam_pipeline.cli.commands.ingest import (
    Job,
    check_inputs_given,
    fitted_here,
    set_log_level,
    startup_line,
)
from beam_pipeline.cli.console import messages, stdout_kept_clean, tell
from beam_pipeline.cli.flags import ALL, PIPELINE_ARGS, with_options
from beam_pipeline.cli.interrupts import Drainable
from beam_pipeline.cli.progress import observe
from beam_pipeline.cli.watching import Schedule
from beam_pipeline.cli.watching import watch as keep_looking
from beam_pipeline.config import Resolved
from beam_pipeline.jobs.local_run import About, run
from beam_pipeline.jobs.planning import Plan, plan_run
from beam_pipeline.units import parse_seconds
from schemas.failures import ConfigurationError, InputMissing, NothingListed
from schemas.options import Options
from schemas.plan import Action
from schemas.report import RunReport
from transforms.sandbox.fork_server import start_fork_server
from transforms.sources.listing import STDIN, expand
from transforms.stores.any import AnyStore
from transforms.stores.patterns import has_magic

#: Seconds between tries of what cannot be read, and how often they double: up to a quarter of an hour.
FIRST_WAIT, MOST_WAITS = 28.0, 6
_KEYS = tuple(key for key in ALL if key not in ("plan.force", "run.runner", "run.max_failure_ratio"))


@with_options(*_KEYS)
def watch(
    ctx: typer.Context,
    resolved: Resolved,
    *,
    every: Annotated[
        str, typer.Option(metavar="DURATION", help="Time between two looks: 90s, 5m, 2h.", rich_help_panel="Run")
    ] = "60s",
    looks: Annotated[int, typer.Option(min=0, help="End after so many looks; 0 is never.", rich_help_panel="Run")] = 0,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when a look finds nothing to do.", rich_help_panel="Run")
    ] = False,
    verbose: bool = False,
) -> None:
    """Ingest what is new again and again, on this machine.

    Each look lists the inputs; only when something is new, changed or gone a run follows, and commits. A run that
    fails is told and tried again, after longer and longer waits. Ctrl-C or SIGTERM ends after the run at work, with
    exit code 0; a second one interrupts it.

    Examples:

        docbeam watch inbox/ -o tables

        docbeam watch gs://bucket/in -o gs://bucket/tables --every 5m
    """

    options = resolved.options
    _check(options)
    try:
        schedule = Schedule(every=parse_seconds(every), looks=looks, until_idle=until_idle)
    except ValueError as error:
        raise ConfigurationError(f"--every: {error}") from error
    set_log_level(quiet=False, verbose=verbose)
    options = fitted_here(resolved)
    tell(startup_line(options))
    stop = threading.Event()

    def ask() -> None:
        stop.set()
        tell("ending after the run at work; once more interrupts it")

    job = Job(options=options, origins=resolved.origins, kind="watch", pipeline_args=tuple(ctx.meta[PIPELINE_ARGS]))
    with Drainable(ask, verbose=verbose), stdout_kept_clean():
        keep_looking(Looker(job).look, schedule, stop, tell)


class Looker:
    """Looks again and again, and tries what cannot be read after longer and longer waits."""

    def __init__(self, job: Job, clock: Callable[[], float] = time.monotonic) -> None:
        self._job, self._clock = job, clock
        self._tried: list[str] = []
        self._times, self._last = 0, 0.0

    def look(self) -> RunReport | None:
        """Run if there is something to do: runs without changes would fill the runs table."""
        return look(self._job, self.is_worth_a_run)

    def is_worth_a_run(self, plan: Plan) -> bool:
        """Whether something is new, or the next try of what could not be read is due."""
        news = sum(map(len, plan.documents.values())) > len(plan.unread)
        if news or plan.unread != self._tried:
            self._tried, self._times = plan.unread, 0
        waited = self._clock() - self._last
        if not news and (not plan.unread or (self._times and waited < FIRST_WAIT * 2.0 ** (self._times - 1))):
            return False
        self._times, self._last = min(self._times + 1, MOST_WAITS), self._clock()
        return True


def look(job: Job, is_worth_a_run: Callable[[Plan], bool]) -> RunReport | None:
    """One look at the inputs, and the run that follows from it."""
    options = job.options
    try:
        plan = plan_run(options)
    except NothingListed:
        options = with_filled_inputs(options)
        plan = plan_run(options)
    if plan.documents[Action.MISSING]:
        options = with_filled_inputs(options)
        plan = plan_run(options)
    if not is_worth_a_run(plan):
        return None
    start_fork_server()
    with observe(messages(), quiet=False) as observer:
        return run(options, job.pipeline_args, observer, job.refs, About(origins=job.origins, kind=job.kind))


def with_filled_inputs(options: Options) -> Options:
    """The options without inputs that match nothing yet; NothingListed when none does."""
    filled: list[str] = []
    for text in options.source.inputs:
        try:
            next(expand(text, AnyStore(), options.source), None)
        except NothingListed:
            continue
        except InputMissing:
            # The run tells of it.
            pass
        filled.append(text)
    if not filled and not options.source.manifests:
        raise NothingListed("no input matches anything")
    source = msgspec.structs.replace(options.source, inputs=tuple(filled))
    return msgspec.structs.replace(options, source=source)


def _check(options: Options) -> None:

    # Patterns may match later.
    inputs = tuple(text for text in options.source.inputs if not has_magic(text))
    if inputs or not options.source.inputs:
        source = msgspec.structs.replace(options.source, inputs=inputs)
        check_inputs_given(msgspec.structs.replace(options, source=source))
    if STDIN in options.source.inputs:
        raise ConfigurationError("standard input can be read once only: watch takes folders, patterns and prefixes")
    if options.run.runner != "direct":
        raise ConfigurationError("watch runs on this machine: use `docbeam stream` on flink or dataflow")
    if options.plan.force:
        raise ConfigurationError("plan.force would ingest every document at every look: leave it out")
