"""Outputs on file systems that lack what Linux's own have: locks, hard links, room, the right to write."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline_runs import command

from transforms.runtime.locks import own

#: What a process is told by a file system without locks and hard links, and by NFS about how files are open.
SHIM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>
static int refuse(int error) { errno = error; return -1; }
int flock(int file, int operation) {
    int access = fcntl(file, F_GETFL) & O_ACCMODE;
    if (!getenv("LIKE_NFS")) return refuse(ENOLCK);
    if ((operation & LOCK_EX) && access == O_RDONLY) return refuse(EBADF);
    if ((operation & LOCK_SH) && access == O_WRONLY) return refuse(EBADF);
    return syscall(SYS_flock, file, operation);
}
int link(const char *from, const char *to) { return refuse(EPERM); }
int linkat(int a, const char *from, int b, const char *to, int flags) { return refuse(EPERM); }
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory) -> dict[str, str]:
    """The environment of processes on such a file system."""
    compiler, folder = shutil.which("cc"), tmp_path_factory.mktemp("shim")
    if compiler is None:
        pytest.skip("no C compiler")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c"], check=True)
    return {"LD_PRELOAD": str(folder / "shim.so")}


def start(environment: dict[str, str], *args: object) -> subprocess.Popen:
    words, own_environment = command(*args)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(words, env={**own_environment, **environment}, **pipes)


def docbeam(environment: dict[str, str], *args: object, code: int = 0) -> str:
    process = start(environment, *args)
    said = process.communicate(timeout=600)[0]
    assert process.returncode == code, said
    return said


def appears(path: Path) -> None:
    deadline = time.monotonic() + 300
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not appear"
        time.sleep(0.05)


@pytest.fixture
def temporary() -> Iterator[str]:
    """Temporary folders of its own: to whoever has locks, those of a process without are a dead one's.

    Its path is short, or else sockets would go where everybody's go.
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield folder


@pytest.mark.parametrize("like", [{}, {"LIKE_NFS": "1"}], ids=["no-locks", "nfs"])
def test_runs_work_one_at_a_time_without_locks_and_hard_links(shim, like, tmp_path, temporary):
    environment = {**shim, **like, "TMPDIR": temporary}
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "a.md").write_text("# One\n\nText.\n")
    first = start(environment, "ingest", folder, "-o", output, "-q", "--workers", 1)
    appears(output / "_staging" / ("writer" if like else "writer.owned"))
    assert "another run or command is writing" in docbeam(environment, "ingest", folder, "-o", output, "-q", code=3)
    said = first.communicate(timeout=600)[0]
    assert first.returncode == 0, said
    # Killed at work, it is in nobody's way.
    (folder / "b.md").write_text("# Two\n\nText.\n")
    killed = start(environment, "ingest", folder, "-o", output, "-q", "--workers", 1)
    appears(output / "_staging" / ("writer" if like else "writer.owned"))
    killed.kill()
    killed.communicate()
    docbeam(environment, "ingest", folder, "-o", output, "-q", "--workers", 1)
    assert list((output / "_staging").iterdir()) == []
    docbeam(environment, "compact", output)
    docbeam(environment, "vacuum", output, "--keep-days", 0)
    assert docbeam({}, "query", output, "SELECT count(*) FROM chunks", "--csv").split()[-1] == "2"


def test_who_owns_a_file_keeps_it_until_he_dies(tmp_path):
    path = str(tmp_path / "writer.owned")
    holder = f"import sys; sys.path.insert(0, {os.getcwd()!r}); from transforms.runtime.locks import own; "
    holder += f"print(own({path!r}), flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", holder], **pipes) as process:
        assert process.stdout.readline() == "True\n"
        assert not own(path)
        process.kill()
    assert own(path) and not own(path)
    Path(path).write_text("elsewhere 1 5")
    assert not own(path)


def mounted(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script that mounts what it likes below a folder, with `docbeam` as a command."""
    words, environment = command()
    if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    text = f'docbeam() {{ {shlex.join(words)} "$@"; }}; set -e; {script}'
    return subprocess.run(
        ["unshare", "-m", "bash", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_an_output_that_cannot_be_written_can_be_read_and_says_why_not(tmp_path):
    for name in ("in", "disk"):
        (tmp_path / name).mkdir()
    (tmp_path / "in" / "a.md").write_text("# One\n\nText.\n")
    done = mounted(
        """
        mount -t tmpfs -o size=8m tmpfs disk
        docbeam ingest in -o disk/out -q --workers 1
        mount -o remount,ro disk
        for output in out new; do docbeam ingest in -o disk/$output -q || echo "code $?"; done
        docbeam plan in -o disk/out
        docbeam query disk/out 'SELECT count(*) AS n FROM documents' --json
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("code 3") == 2 and '"n":1' in done.stdout
    assert done.stderr.count("Read-only file system") == len(done.stderr.splitlines()) == 2
