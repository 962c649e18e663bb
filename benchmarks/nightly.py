"""What a second night costs: 2,000 small documents, then 1% of them changed, 5 removed and 20 new.

    python benchmarks/nightly.py [--documents 2000] [--length 1] [--workers 2] [--layout never] [--no-bucket]

Half of the documents (PDF, HTML, Markdown; one to three pages, times the length) are on a web server that a manifest
names, half in an S3 bucket of this machine (moto); both count the bodies they send. Each run is a `docbeam ingest`
process, without the layout model unless told otherwise: it makes the first run longer, and so the second one's share
smaller. At the end the tables are compared with those of a fresh ingest of the final state.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pymupdf
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from schemas.tables import TABLES  # noqa: E402
from transforms.lake.datasets import open_table  # noqa: E402

SENTENCE = "The committee read the report of the northern office and asked it to repeat its count of the lakes. "
BUCKET, REMOVED, NEW = "nightly", 5, 20


def text_of(number: int, night: int, length: int) -> list[str]:
    """Paragraphs of a document; they tell documents and nights apart."""
    items = range((6 + number % 12) * length)
    paragraphs = [f"Report {number}, night {night}, item {item}. " + SENTENCE * 4 for item in items]
    return [f"Report {number}", *paragraphs]


def pdf(paragraphs: list[str]) -> bytes:
    document = pymupdf.open()
    for start in range(0, len(paragraphs), 6):
        page = document.new_page()
        for row, paragraph in enumerate(paragraphs[start : start + 6]):
            size = 18 if start + row == 0 else 10
            page.insert_textbox((72, 72 + row * 115, 520, 182 + row * 115), paragraph, fontsize=size)
    # Without an id: the same document has the same bytes.
    return document.tobytes(no_new_id=True, deflate=True)  # type: ignore[no-any-return]


def html(paragraphs: list[str]) -> bytes:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs[1:])
    return f"<html><body><h1>{paragraphs[0]}</h1>{body}</body></html>".encode()


def markdown(paragraphs: list[str]) -> bytes:
    return "\n\n".join([f"# {paragraphs[0]}", *paragraphs[1:]]).encode()


FORMATS: list[tuple[str, Callable[[list[str]], bytes]]] = [("pdf", pdf), ("html", html), ("pdf", pdf), ("md", markdown)]


def document(number: int, night: int, length: int) -> tuple[str, bytes]:
    """Name and bytes."""
    suffix, make = FORMATS[number // 2 % len(FORMATS)]
    return f"report-{number:05d}.{suffix}", make(text_of(number, night, length))


class Silent(WSGIRequestHandler):
    """Logs nothing."""

    def log(self, *_: object) -> None:
        """Nothing."""


class Site(BaseHTTPRequestHandler):
    """A web server's answers; it keeps connections, as web servers do."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    servers: Servers

    def do_GET(self) -> None:
        """Send a document, or say that it is as it was."""
        name, servers = self.path.removeprefix("/"), self.servers
        body = servers.bodies.get(name, b"")
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        if body and self.headers.get("If-None-Match") == etag:
            servers.questions += 1
            self._answer(304, etag, b"")
        else:
            servers.sent[name] += bool(body)
            self._answer(200 if body else 404, etag, body)

    def _answer(self, status: int, etag: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", etag)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass
class Servers:
    """A web server and a bucket in this process; both count the bodies of documents that they send."""

    length: int = 1
    bodies: dict[str, bytes] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    questions: int = 0

    def start(self) -> None:
        """Serve, and let this process's children find the bucket."""
        store = DomainDispatcherApplication(create_backend_app)
        bucket = make_server("127.0.0.1", 0, self._counted(store), threaded=True, request_handler=Silent)
        site = ThreadingHTTPServer(("127.0.0.1", 0), type("OurSite", (Site,), {"servers": self}))
        for server in (bucket, site):
            Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{site.server_port}"
        os.environ |= {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{bucket.server_port}",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self.client = boto3.client("s3")
        self.client.create_bucket(Bucket=BUCKET)

    def _counted(self, application: Any) -> Any:
        def answer(environ: dict[str, Any], start: Any) -> Any:
            name = environ["PATH_INFO"].removeprefix(f"/{BUCKET}/in/")
            if environ["REQUEST_METHOD"] == "GET" and name.startswith("report-"):
                self.sent[name] += 1
            return application(environ, start)

        return answer

    def put(self, number: int, night: int, *, bucket: bool) -> str:
        """Store a document: odd numbers in the bucket, unless there is none; its name."""
        name, body = document(number, night, self.length)
        if bucket and number % 2:
            self.client.put_object(Bucket=BUCKET, Key=f"in/{name}", Body=body)
        else:
            self.bodies[name] = body
        return name

    def remove(self, number: int) -> None:
        """Take a document away."""
        name, _ = document(number, 0, 1)
        if self.bodies.pop(name, None) is None:
            self.client.delete_object(Bucket=BUCKET, Key=f"in/{name}")

    def write_manifest(self, path: Path) -> None:
        """Name all documents of the web server."""
        path.write_text("uri\n" + "".join(f"{self.url}/{name}\n" for name in sorted(self.bodies)))


@dataclass
class Bench:
    """The runs of one benchmark."""

    folder: Path
    servers: Servers
    workers: int
    bucket: bool
    layout: str

    def ingest(self, output: Path) -> dict[str, Any]:
        """One run: its seconds, the bodies it was sent, and its report."""
        self.servers.sent.clear()
        self.servers.questions = 0
        manifest = self.folder / "list.csv"
        self.servers.write_manifest(manifest)
        sources = [f"s3://{BUCKET}/in"] if self.bucket else []
        command = [sys.executable, "-c", "from beam_pipeline.cli.app import main; main()", "ingest", *sources]
        command += [
            "--manifest",
            str(manifest),
            "-o",
            str(output),
            "--workers",
            str(self.workers),
            "--layout",
            self.layout,
        ]
        started, used = time.monotonic(), cpu_seconds()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([*command, "--json", "--quiet"], env=environment, check=True, stdout=subprocess.PIPE)
        seconds = time.monotonic() - started
        report = json.loads(done.stdout)
        return {
            "seconds": round(seconds, 1),
            "cpu_seconds": round(cpu_seconds() - used, 1),
            "statuses": report["statuses"],
            "bodies": dict(self.servers.sent),
            "not_modified": self.servers.questions,
        }


def cpu_seconds() -> float:
    """Of all runs so far: a busy machine takes its time, but not its work."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def rows(output: Path) -> dict[str, list[str]]:
    """All tables, without what tells runs apart."""
    tables = {}
    for name in TABLES:
        found = open_table(str(output), name).to_table().to_pylist()
        plain = [{key: value for key, value in row.items() if key != "run_id"} for row in found]
        tables[name] = sorted(json.dumps(row, sort_keys=True, default=str) for row in plain)
    return tables


def differences(ours: dict[str, list[str]], fresh: dict[str, list[str]]) -> list[str]:
    """The first row of each table that the other output lacks."""
    found = []
    for name, rows_of_ours in ours.items():
        both = {*rows_of_ours}, {*fresh[name]}
        for side, lacking in (("ours", both[0] - both[1]), ("fresh", both[1] - both[0])):
            found += [f"{name}, {side}: {row[:2_000]}" for row in sorted(lacking)[:1]]
    return found


def change(servers: Servers, count: int, *, bucket: bool) -> set[str]:
    """The second night; names of the documents that have to be fetched."""
    changed = [number * 100 + number % 2 for number in range(count // 100)]
    fetched = {servers.put(number, 1, bucket=bucket) for number in changed}
    for number in range(REMOVED):
        servers.remove(number * 7 + 50)
    return fetched | {servers.put(count + number, 1, bucket=bucket) for number in range(NEW)}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--length", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--layout", choices=("never", "auto"), default="never")
    parser.add_argument("--bucket", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args(arguments)
    servers = Servers(given.length)
    servers.start()
    with tempfile.TemporaryDirectory(prefix="docbeam-nightly-") as folder:
        bench = Bench(Path(folder), servers, given.workers, given.bucket, given.layout)
        for number in range(given.documents):
            servers.put(number, 0, bucket=given.bucket)
        output, fresh = bench.folder / "out", bench.folder / "fresh"
        first = bench.ingest(output)
        wanted = change(servers, given.documents, bucket=given.bucket)
        second = bench.ingest(output)
        exactly = second["bodies"] == dict.fromkeys(wanted, 1)
        third = bench.ingest(output)
        bench.ingest(fresh)
        for night, report in enumerate((first, second, third), 1):
            print(f"night {night}: {json.dumps({**report, 'bodies': sum(report['bodies'].values())})}")
        ratios = [second[name] / first[name] for name in ("seconds", "cpu_seconds")]
        print(f"second / first: {ratios[0]:.3f} of its time, {ratios[1]:.3f} of its CPU time")
        print(f"fetched exactly the {len(wanted)} documents that changed or are new: {exactly}")
        print(f"tables equal a fresh ingest: {not (other := differences(rows(output), rows(fresh)))}", *other, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
