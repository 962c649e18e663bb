"""Every connection and every file of a whole run with models and OCR, as the kernel saw them.

strace is on no machine by itself (apt-get install strace), and some containers do not let it trace.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pymupdf
import pytest
from terminals import DOCBEAM

WATCHED = "trace=%network,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
#: Calls that make or change something in the file system; the last name of each is what is made.
CHANGES = re.compile(r"O_CREAT|O_WRONLY|O_RDWR|O_TMPFILE|\b(creat|mkdir|rename|link|symlink)\w*\(")
SENDS = re.compile(r"\b(connect|send\w*)\(")
PLACE = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"')
LOOPBACK = re.compile(r"127\..*|::1|::ffff:127\..*")
#: Devices, what a process says of itself, and the semaphores of multiprocessing.
NO_FILES = ("/dev/", "/proc/")


def _can_trace() -> bool:
    strace = shutil.which("strace")
    return bool(strace) and subprocess.run([strace, "-f", "-o", os.devnull, "true"], check=False).returncode == 0


pytestmark = pytest.mark.skipif(not _can_trace(), reason="needs strace, and leave to use it")


@pytest.fixture(scope="module")
def documents(tmp_path_factory) -> Path:
    """A PDF with text, a picture of its page, and a text."""
    folder = tmp_path_factory.mktemp("documents")
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 80), "A heading of a report", fontsize=22)
    page.insert_text((72, 140), "Some words that are body text.", fontsize=11)
    document.save(folder / "report.pdf")
    page.get_pixmap(dpi=100).save(folder / "scan.png")
    (folder / "note.md").write_text("# Note\n\nWords.\n")
    return folder


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder with room for sockets: those of pytest have long names."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def traced(command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> tuple[int, list[str]]:
    """Exit code of a command, and the calls of all its processes that worked out (connections: all that were tried)."""
    trace = cwd / "trace"
    strace = ["strace", "-f", "-qq", "-y", "-s", "4096", "-o", str(trace), "-e", WATCHED]
    code = subprocess.run([*strace, *command], cwd=cwd, env=environ, capture_output=True, check=False).returncode
    lines = _whole(trace.read_text(encoding="utf-8", errors="replace").splitlines())
    return code, [line for line in lines if SENDS.search(line) or not re.search(r"= -1 E\w+", line)]


def _whole(lines: Sequence[str]) -> Iterator[str]:
    """Calls that others came between are written in two pieces."""
    begun: dict[str, str] = {}
    for line in lines:
        process, _, call = line.partition(" ")
        if call.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>")
        elif "resumed>" in call and process in begun:
            yield begun.pop(process) + call.partition("resumed>")[2]
        else:
            yield line
    yield from begun.values()


def sent(calls: Sequence[str]) -> list[str]:
    """Where to: all but this machine, whose port 53 may ask others for names."""
    found = [place for call in calls if SENDS.search(call) for place in PLACE.findall(call)]
    return [f"{host}:{port}" for port, host in found if not LOOPBACK.fullmatch(host) or port == "53"]


def made(calls: Sequence[str], cwd: Path) -> set[str]:
    """Absolute paths of what was made or changed."""
    names = (re.findall(r'"((?:[^"\\]|\\.)*)"', call)[-1:] for call in calls if CHANGES.search(call))
    return {os.path.normpath(os.path.join(cwd, name)) for found in names for name in found}


@pytest.mark.parametrize("home", ["a folder", None, "/nonexistent/home"])
def test_a_run_sends_nothing_and_writes_where_it_may(documents, tmp_path, temporary, home):
    (tmp_path / "home").mkdir()
    environ = {"PATH": os.environ["PATH"], "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    if home:
        environ["HOME"] = str(tmp_path / "home") if home == "a folder" else home
    options = ["--layout", "always", "--ocr", "always", "--ocr-engine", "onnx", "--workers", "1", "-q"]
    code, calls = traced([DOCBEAM, "ingest", str(documents), "-o", "out", *options], tmp_path, environ)
    assert code == 0
    places = made(calls, tmp_path)
    assert any(place.startswith(f"{tmp_path}/out/") for place in places)
    assert any("connect(" in call for call in calls), "Beam's own connections would be seen"
    assert sent(calls) == []
    allowed = (f"{tmp_path}/out", f"{temporary}", *NO_FILES)
    assert sorted(place for place in places if not place.startswith(allowed)) == []
    assert not list((tmp_path / "home").iterdir())
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("sql", ["FROM 'https://example.org/x.parquet'", "SELECT count(*), now() FROM chunks"])
def test_a_query_asks_nobody(documents, tmp_path, sql):
    (tmp_path / "home").mkdir()
    subprocess.run([DOCBEAM, "ingest", str(documents / "note.md"), "-o", "out", "-q"], cwd=tmp_path, check=True)
    environ = os.environ | {"HOME": str(tmp_path / "home")}
    code, calls = traced([DOCBEAM, "query", "out", sql], tmp_path, environ)
    assert code == (2 if "https" in sql else 0)
    assert sent(calls) == []
    assert not list((tmp_path / "home").iterdir())


def test_the_counting_itself(tmp_path):
    code, calls = traced(["bash", "-c", "echo x > made; exec 3<>/dev/udp/192.0.2.1/9"], tmp_path, os.environ)
    assert code in (0, 1)
    assert f"{tmp_path}/made" in made(calls, tmp_path)
    assert sent(calls) == ["192.0.2.1:9"]
