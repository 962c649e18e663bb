"""A real terminal of so many columns for a command: what it writes there, with line ends as the terminal gets them."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

#: The installed command.
DOCBEAM = str(Path(sys.executable).with_name("docbeam"))


def on_terminal(
    command: Sequence[str], columns: int, cwd: Path, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Exit code, and all that the command wrote to its terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environ = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    environ |= {"TERM": "xterm-256color", **(env or {})}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, env=environ) as process:
        os.close(theirs)
        written = bytearray()
        while piece := _read(ours):
            written += piece
    os.close(ours)
    return process.returncode, written.decode("utf-8", "replace")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        # Linux says EIO when the last writer is gone.
        return b""
