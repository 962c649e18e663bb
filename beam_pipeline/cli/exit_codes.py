"""Exit codes, and one clear line for each error.

0 all good; 1 finished, but too much failed; 2 wrong usage or configuration; 3 the output cannot be read or written, or
a defect in docbeam; 130 interrupted; 143 terminated; 129 the terminal went.
"""

from __future__ import annotations

import signal
import sys
import traceback
from types import TracebackType

import typer

from beam_pipeline.cli.console import printable, tell
from beam_pipeline.cli.process import nobody_reads
from beam_pipeline.cli.signals import WORDS
from beam_pipeline.jobs.worker_errors import from_worker
from schemas.failures import ConfigurationError, DocumentError, OutputError

FAILED, USAGE, BROKEN = 1, 2, 3


class Terminated(KeyboardInterrupt):
    """SIGTERM: cleaned up after like Ctrl-C."""


class HungUp(KeyboardInterrupt):
    """SIGHUP: the terminal, or the connection to it, has gone."""


#: What each signal raises in a command.
STOPS: dict[int, type[KeyboardInterrupt]] = {
    signal.SIGINT: KeyboardInterrupt,
    signal.SIGTERM: Terminated,
    signal.SIGHUP: HungUp,
}


class ErrorBoundary:
    """Ends a command with the exit code of its error, and tells the error on stderr.

    Errors nobody expected end here too: the caller of a command gets a code and a line, whatever happened.
    """

    def __init__(self, *, verbose: bool) -> None:
        self.verbose = verbose

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Turn `error` into `typer.Exit`."""
        # What Typer and the interpreter use to end a program passes.
        if error is None or isinstance(error, typer.Exit | SystemExit):
            return
        if isinstance(error, BrokenPipeError) and nobody_reads(sys.stdout):
            # Whoever read the results has what they wanted (`| head`).
            raise typer.Exit(0) from error
        if self.verbose:
            traceback.print_exception(error)
        code, lines = describe(error)
        for line in lines:
            tell(f"docbeam: {line}")
        raise typer.Exit(code) from error


def describe(error: BaseException) -> tuple[int, list[str]]:
    """The exit code for an error, and the lines that tell it."""
    error = from_worker(error)
    lines = [printable(line) for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    if isinstance(error, KeyboardInterrupt):
        number = next((number for number, kind in STOPS.items() if kind is type(error)), signal.SIGINT)
        return 128 + number, [": ".join([WORDS[number], *map(str, error.args)])]
    if isinstance(error, ConfigurationError):
        return USAGE, [f"error: {line}" for line in lines]
    if isinstance(error, DocumentError):
        hint = f"; {printable(error.hint)}" if error.hint else ""
        return FAILED, [f"error: {' '.join(lines)}{hint}"]
    if isinstance(error, OutputError | OSError):
        return BROKEN, [f"error: {' '.join(lines)}"]
    # Beam's errors carry whole tracebacks; their last line tells what happened.
    return BROKEN, [
        f"internal error: {type(error).__name__}: {lines[-1]}; run again with --verbose and report the traceback"
    ]
