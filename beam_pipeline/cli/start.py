"""The first moments of the `docbeam` command, before anything is imported that takes time.

Ctrl-C and the like end the process at once until a command has something to clean up: amid imports they would show
where, and be lost in some.
"""

import os
import signal
from contextlib import suppress
from types import FrameType

from beam_pipeline.cli.signals import WORDS


def main() -> None:
    """Entry point of the command."""
    listen()
    from beam_pipeline.cli import app

    app.main()


def listen() -> None:
    """End at once on a signal, with its exit code. The first process of a container gets none that is not listened to.

    A hang-up that whoever started the process had ignored (nohup) stays ignored.
    """
    for number in WORDS:
        if number != signal.SIGHUP or signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    with suppress(OSError):
        os.write(2, f"docbeam: {WORDS[number]}\n".encode())
    os._exit(128 + number)
