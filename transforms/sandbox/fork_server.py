"""The fork server of the parser processes: a process without threads that has the parsers loaded."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.util import Finalize

from schemas.failures import ConfigurationError
from transforms.runtime.temporary import TemporaryFolder

#: Imported once by the fork server, so that a fresh child starts in milliseconds.
PRELOAD = (f"{__name__.rpartition('.sandbox.')[0]}.preload",)
#: Bytes that the path of a socket may have (Linux: sun_path without its end).
_SOCKET_BYTES = 107
#: What is added to the temporary folder: a folder of ours, and a name by multiprocessing.
_ADDED = "/docbeam-12345678/listener-12345678"
#: Where sockets go when the temporary folder's path is too long: batch systems and CI make such.
_SHORT_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run")


def start_fork_server() -> None:
    """Start the fork server, which imports the parsers, unless it runs.

    Raises ConfigurationError where there is no place for temporary files.
    """
    _choose_socket_folder()
    forkserver.set_forkserver_preload(list(PRELOAD))
    # Before, since it ends with interrupts let through.
    resource_tracker.ensure_running()
    with _deaf_to_interrupts(), _blind_to_the_folder():
        forkserver.ensure_running()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that start meanwhile never see Ctrl-C, which a terminal sends to all: their parent ends them.

    Python's own fork server minds it only after its imports, and tells where it was amid them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _blind_to_the_folder() -> Iterator[None]:
    """Processes that start meanwhile import nothing from the folder that they start in: a project's `transforms` there
    is not ours, nor is its `queue.py` that of the library."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        del os.environ["PYTHONSAFEPATH"]
        if before is not None:
            os.environ["PYTHONSAFEPATH"] = before


def _choose_socket_folder() -> None:
    config: dict[str, str] = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    if "tempdir" not in config:
        folder = _socket_folder()
        config["tempdir"] = folder.path
        # Late, as multiprocessing does with a folder of its own: the socket is in use until then.
        Finalize(None, folder.close, exitpriority=-100)


def _socket_folder() -> TemporaryFolder:
    try:
        usual = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"no folder for temporary files can be written ({error.strerror}): set TMPDIR to one that can"
        ) from error
    fits = len(os.fsencode(usual + _ADDED)) <= _SOCKET_BYTES
    for parent in (usual,) if fits else _SHORT_FOLDERS:
        try:
            return TemporaryFolder(parent)
        except OSError:
            continue
    raise ConfigurationError(
        f"TMPDIR is too long for the path of a socket, and {', '.join(_SHORT_FOLDERS)} cannot be written: "
        f"set TMPDIR to a path of at most {_SOCKET_BYTES - len(_ADDED)} bytes"
    )
