"""What commands print, and where: results on stdout, everything else on stderr, text from documents made harmless."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from beam_pipeline.cli.process import drop_output, nobody_reads

if TYPE_CHECKING:
    from rich.console import Console

#: Characters that could move the cursor, change colours or reverse the text of a terminal.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: Columns where no terminal tells: of a terminal that does not say, and of a line in a log.
_TERMINAL, _LOG = 80, 120


def messages() -> Console:
    """The console for everything that is not a result."""
    from rich.console import Console

    # Variables such as FORCE_COLOR make no terminal of a log.
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return Console(stderr=True, force_terminal=is_terminal, highlight=False, markup=False, emoji=False)


def tell(line: str) -> None:
    """One line for people, on stderr, never wrapped. That nobody can read it is no reason to fail."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """Text from outside (names, messages, contents) for a terminal: control characters are shown, not obeyed."""
    return one_line(text.replace("\n", " ").replace("\t", " "))


def one_line(text: str) -> str:
    """The whole text for one line of a terminal: control characters, line breaks too, are shown as escapes."""
    if text.isprintable():
        return text
    return "".join(char.encode("unicode_escape").decode("ascii") if _is_unsafe(char) else char for char in text)


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE


def shorten(text: str, width: int) -> str:
    """`printable` text on one line, cut with an ellipsis."""
    return cut(" ".join(printable(text).split()), width)


def cut(line: str, width: int) -> str:
    """The line in so many columns of a terminal, some letters of which take two or none, cut with an ellipsis."""
    if len(line) * 2 <= width or (line.isascii() and len(line) <= width):
        return line
    from rich.cells import cell_len, set_cell_size

    return line if cell_len(line) <= width else set_cell_size(line, width - 1) + "…"


def fitted(text: str, taken: int = 0) -> str:
    """Text on one line: cut to what a terminal has beside the `taken` columns, elsewhere whole."""
    return shorten(text, max(20, columns() - taken)) if is_terminal() else " ".join(printable(text).split())


def is_terminal() -> bool:
    """Whether results go to a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def columns() -> int:
    """Columns of the terminal, or of a line in a log; COLUMNS says otherwise."""
    return shutil.get_terminal_size((_TERMINAL if is_terminal() else _LOG, 0)).columns


def emit(text: str, end: str = "\n") -> None:
    """Print a result, or a piece of one, as it is; on a terminal control characters are shown, not obeyed."""
    if is_terminal() and not text.isprintable():
        # JSON's escapes: what is JSON stays JSON.
        text = "".join(json.dumps(c)[1:-1] if _is_unsafe(c) and c not in "\r\n\t" else c for c in text)
    print(text, end=end)


def emit_json(value: object) -> None:
    """Print a result as indented JSON."""
    import msgspec

    emit(msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8"))


@contextlib.contextmanager
def unread_is_fine() -> Iterator[None]:
    """Results that nobody reads any more (`| head`) are no error, and what follows them is done."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        if not nobody_reads(sys.stdout):
            raise
        drop_output()


@contextlib.contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """What libraries and child processes write to file descriptor 1 goes to stderr for a while.

    Some parsers print to stdout, which would spoil the results there.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        # Nothing of ours is buffered meanwhile: results are printed afterwards.
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)
