"""Whole runs over HTTP: connections are kept and shared, and what signs a URL is in no table and no message."""

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pipeline_runs import command, read_tables, write_documents

DOCUMENTS = 40
WORKERS = 2
SECRET = "0123456789abcdef0123"


class CountingServer:
    """Serves a folder over HTTP/1.1; counts connections and requests."""

    def __init__(self, folder: Path) -> None:
        self.connections = self.requests = 0
        counts = self

        class Handler(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __init__(self, *args: object) -> None:
                super().__init__(*args, directory=str(folder))

            def setup(self) -> None:
                counts.connections += 1
                super().setup()

            def do_GET(self) -> None:
                counts.requests += 1
                super().do_GET()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def server(tmp_path) -> Iterator[CountingServer]:
    folder = tmp_path / "site"
    folder.mkdir()
    write_documents(folder)
    for number in range(DOCUMENTS):
        (folder / f"{number}.txt").write_text(f"Text number {number}.\n")
    made = CountingServer(folder)
    yield made
    made.server.shutdown()


def ingest(urls: list[str], output: Path, *flags: object) -> subprocess.CompletedProcess[str]:
    words, environment = command("ingest", "-", "-o", output, "--workers", WORKERS, "--json", *flags)
    return subprocess.run(
        words, env=environment, input="\n".join(urls), capture_output=True, text=True, timeout=1800, check=False
    )


def test_connections_are_kept(server, tmp_path):
    urls = [f"http://{server.address}/{number}.txt" for number in range(DOCUMENTS)]
    done = ingest(urls, tmp_path / "out")
    assert json.loads(done.stdout)["statuses"] == {"ok": DOCUMENTS}, done.stderr[-2000:]
    assert server.requests == DOCUMENTS
    # A few for each thread of the local runner at most, never one for each document.
    assert server.connections <= DOCUMENTS // 2


def test_signed_urls_name_the_same_document_again_and_show_nothing(server, tmp_path):
    def signed(signature: str) -> str:
        return f"http://reader:{SECRET}@{server.address}/notes.md?X-Amz-Expires=60&X-Amz-Signature={signature}"

    first = ingest([signed(SECRET)], tmp_path / "out")
    second = ingest([signed(SECRET[::-1])], tmp_path / "out")
    assert json.loads(first.stdout)["statuses"] == {"ok": 1}
    assert json.loads(second.stdout)["statuses"] == {"unchanged": 1}
    (row,) = read_tables(tmp_path / "out")["documents"]
    assert row["uri"] == f"http://{server.address}/notes.md"
    shown = first.stderr + first.stdout + second.stderr + second.stdout
    assert SECRET not in shown and SECRET[::-1] not in shown
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
