"""What the process of a command is given, made usable, and how it ends."""

from __future__ import annotations

import atexit
import codecs
import io
import os
import resource
import select
import sys
from contextlib import suppress
from typing import NoReturn, TextIO

from schemas.failures import ConfigurationError

_ESCAPING = "docbeam-escapes"
#: Open files that are enough for any number of cores.
_FILES = 65_536


def open_streams() -> None:
    """Standard streams that can be used, whatever the process was started with.

    Closed ones lead nowhere: otherwise the next file that is opened would take their place, and get what is printed.
    Letters that an encoding lacks come out as escapes, those of JSON.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is this one.
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    codecs.register_error(_ESCAPING, _escapes)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors=_ESCAPING)


def allow_many_files() -> None:
    """Raise the bound of open files as far as this process may: shells give a small one for old programs' sake."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def require_folder() -> None:
    """Raise ConfigurationError when the folder we work in was removed: no relative path leads anywhere."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise ConfigurationError("the folder that docbeam was started in is gone: cd to one that is there") from error


def _escapes(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    pairs = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pairs[at : at + 2].hex()}" for at in range(0, len(pairs), 2)), error.end


def nobody_reads(stream: TextIO) -> bool:
    """Whether what reads from a stream's pipe has gone."""
    poll = select.poll()
    try:
        poll.register(stream.fileno(), select.POLLOUT)
    except (OSError, ValueError):
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))


def drop_output() -> None:
    """What is still printed goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def end(code: int) -> NoReturn:
    """End the process, with everything printed and cleaned up, without taking the interpreter down first.

    Arrow, DuckDB and onnxruntime have threads of their own that may work on, as after an answer that was not read to
    its end. When they come back to an interpreter that is being taken down they are unwound amid C++, which aborts the
    process ("terminate called without an active exception"), or wait for it for ever.
    """
    atexit._run_exitfuncs()
    code = _flushed(code)
    os._exit(code)


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except OSError as error:
        if not code and not nobody_reads(sys.stdout):
            code = 3
            with suppress(OSError):
                print(f"docbeam: error: cannot write the results: {error.strerror}", file=sys.stderr)
    with suppress(OSError):
        sys.stderr.flush()
    return code
