"""A folder and a web server whose documents change between runs, and runs over both without models."""

import os
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from msgspec.structs import replace
from pipeline_runs import options_for, without_run

from beam_pipeline.jobs.local_run import run
from schemas.options import ExtractOptions, LayoutOptions, OcrOptions, Options, PlanOptions
from schemas.report import RunReport

LONG_AGO = time.time() - 86_400


def write(path: Path, text: str, age: float = 0.0) -> None:
    """A file that did not change for a while: the listing trusts its time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    moment = LONG_AGO - age
    os.utime(path, (moment, moment))


def options(inputs: list, output: Path, format_name: str = "delta", *, manifests: tuple = (), **plan) -> Options:
    made = options_for(inputs, output, format_name, manifests=manifests, extract=ExtractOptions(workers=1))
    without = {"layout": LayoutOptions(mode="never"), "ocr": OcrOptions(mode="never")}
    return replace(made, **without, plan=PlanOptions(**plan))


def ingest(inputs: list, output: Path, format_name: str = "delta", **given) -> RunReport:
    return run(options(inputs, output, format_name, **given))


def same_rows(tables: dict) -> dict:
    """The tables without what tells runs apart."""
    return without_run(tables)


class Site:
    """Documents by path, with ETags unless told otherwise; counts bodies that were sent."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.status: dict[str, int] = {}
        #: Answers questions about ETags with the whole body.
        self.deaf = False
        self.sent: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path: str, text: str) -> str:
        self.bodies[path] = text.encode()
        self.etags[path] = f'"{hash(text) & 0xFFFFFFFF:x}"'
        return self.url + path

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path
        self.asked[path] += 1
        status, etag = self.status.get(path, 200 if path in self.bodies else 404), self.etags.get(path, "")
        if status == 200 and etag and not self.deaf and request.headers.get("If-None-Match") == etag:
            status = 304
        request.send_response(status)
        body = self.bodies[path] if status == 200 else b""
        if etag:
            request.send_header("ETag", etag)
        if status != 304:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
        self.sent[path] += status == 200
