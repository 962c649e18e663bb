"""What commands print, and where: results on stdout, everything else on stderr, text from documents made harmless."""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

#: Characters that could move the cursor, change colours or reverse the text of a terminal.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def results() -> Console:
    """The console for results."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def messages() -> Console:
    """The console for everything that is not a result."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def tell(line: str) -> None:
    """One line for people, on stderr, never wrapped."""
    print(line, file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """Text from outside (names, messages, contents) for a terminal: control characters are shown, not obeyed."""
    return "".join(_escaped(char) if unicodedata.category(char) in _UNSAFE else char for char in text)


def _escaped(char: str) -> str:
    return " " if char in "\n\t" else char.encode("unicode_escape").decode("ascii")


def shorten(text: str, width: int) -> str:
    """`printable` text on one line, cut with an ellipsis."""
    line = " ".join(printable(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"


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
