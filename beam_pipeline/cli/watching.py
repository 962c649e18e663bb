"""Runs one after the other: look, work on what is new, wait, until told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import msgspec

from beam_pipeline.cli.console import printable
from beam_pipeline.cli.progress import duration
from beam_pipeline.jobs.worker_errors import from_worker
from schemas.failures import DocbeamError, NothingListed
from schemas.report import RunReport

#: One look at the inputs: None when there was nothing to do.
Look = Callable[[], RunReport | None]
Tell = Callable[[str], None]
#: What a look may raise that another one may not: Beam hands on the errors of workers as RuntimeErrors.
PASSING = (DocbeamError, RuntimeError, OSError)
LONGEST_WAIT = 900.0


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When to look, and when to end."""

    #: Seconds between the end of a look and the next one.
    every: float = 60.0
    #: Looks; 0 is no bound.
    looks: int = 0
    until_idle: bool = False

    def wait(self, failures: int) -> float:
        """Seconds to the next look: each failed one in a row doubles them, up to a quarter of an hour."""
        longest = max(self.every, LONGEST_WAIT)
        return float(min(longest, self.every * 2.0 ** min(max(0, failures - 1), 30)))

    def is_over(self, looks: int, *, idle: bool) -> bool:
        """Whether this look was the last one."""
        return (self.looks and looks >= self.looks) or (self.until_idle and idle)


def watch(look: Look, schedule: Schedule, stop: threading.Event, tell: Tell) -> None:
    """Look again and again until `stop` is set or the schedule is over.

    A look that fails is told and followed by others. It raises only as the last one of a bounded schedule.
    """
    looks = failures = 0
    was_idle = False
    while not stop.is_set():
        looks += 1
        idle = False
        try:
            report = look()
            idle, failures = report is None, 0
            for line in _news(report, again=was_idle, every=schedule.every):
                tell(line)
        except NothingListed as nothing:
            idle, failures = True, 0
            if not was_idle:
                tell(f"{printable(str(nothing))}: waiting for some")
        except PASSING as error:
            failures += 1
            if schedule.is_over(looks, idle=False):
                raise
            tell(f"docbeam: {_reason(error)}; trying again in {duration(schedule.wait(failures))}")
        was_idle = idle
        if schedule.is_over(looks, idle=idle):
            return
        stop.wait(schedule.wait(failures))


def _news(report: RunReport | None, *, again: bool, every: float) -> Iterator[str]:
    """An idle watcher says so once."""
    if report is None:
        if not again:
            yield f"nothing new; looking every {duration(every)}"
        return
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(report.statuses.items()))
    version = f", version {max(report.table_versions.values())}" if report.table_versions else ""
    yield f"run {report.run_id}: {statuses}; {report.chunks} chunks, {duration(report.elapsed)}{version}"


def _reason(error: BaseException) -> str:
    lines = str(from_worker(error)).strip().splitlines() or [type(error).__name__]
    return printable(lines[-1])
