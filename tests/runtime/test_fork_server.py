"""The fork server where sockets have no room, and under Ctrl-C, in processes of their own."""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time

import psutil
import pytest

from schemas.failures import ConfigurationError
from transforms.sandbox import fork_server

CALL = """
import os
import sys
from transforms.sandbox import fork_server
fork_server._SHORT_FOLDERS = sys.argv[1:]
from transforms.sandbox.pool import ParserPool, PoolOptions
pool = ParserPool(PoolOptions(workers=1, memory_limit=1 << 30, timeout=60.0, recycle_after=9))
print(pool.call(os.getpid) != os.getpid())
pool.close()
"""


def test_a_long_temporary_folder_has_its_sockets_elsewhere(tmp_path):
    folder = tmp_path / ("x" * 90)
    folder.mkdir()
    environ = os.environ | {"TMPDIR": str(folder)}
    with tempfile.TemporaryDirectory() as short:
        call = [sys.executable, "-c", CALL, "/proc/none", short]
        done = subprocess.run(call, env=environ, capture_output=True, text=True, check=False)
        assert not os.listdir(short)
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert not list(folder.iterdir())


@pytest.fixture
def no_folder_yet(monkeypatch):
    """As if no fork server had been started here."""
    monkeypatch.delitem(multiprocessing.current_process()._config, "tempdir", raising=False)


def test_no_room_for_sockets_names_the_fix(monkeypatch, no_folder_yet):
    monkeypatch.setattr(fork_server, "_SHORT_FOLDERS", ("/proc/none", "/dev/null"))
    monkeypatch.setattr("tempfile.tempdir", "/" + "x" * 100)
    with pytest.raises(ConfigurationError, match="set TMPDIR to a path of at most 72 bytes"):
        fork_server.start_fork_server()


def test_no_temporary_folder_at_all_names_the_fix(monkeypatch, no_folder_yet):
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/proc/none"])
    with pytest.raises(ConfigurationError, match="files can be written"):
        fork_server.start_fork_server()


def test_interrupt_of_the_whole_group_while_the_parsers_load(tmp_path):
    code = (
        "from transforms.sandbox.fork_server import start_fork_server; start_fork_server(); import time; time.sleep(60)"
    )
    with open(tmp_path / "errors", "w", encoding="utf-8") as errors:
        parent = subprocess.Popen(
            [sys.executable, "-c", "import signal; signal.signal(2, lambda *_: None)\n" + code],
            stderr=errors,
            start_new_session=True,
        )
    try:
        server = _fork_server_of(psutil.Process(parent.pid))
        for _ in range(20):
            os.killpg(parent.pid, signal.SIGINT)
            time.sleep(0.05)
        assert server.is_running()
        assert server.status() != psutil.STATUS_ZOMBIE
    finally:
        parent.kill()
        parent.wait()
    psutil.wait_procs([server], timeout=30)
    assert (tmp_path / "errors").read_text() == ""


def _fork_server_of(parent: psutil.Process) -> psutil.Process:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in parent.children():
            if any("forkserver" in word for word in child.cmdline()):
                return child
        time.sleep(0.01)
    raise AssertionError("no fork server started")
