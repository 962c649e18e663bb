"""Sources that change as a random test wants, and the truth about them: what each says now, if it says anything.

Documents are numbered by version: the text of version 7 holds the word `version7` and nothing of others. Times of files
only grow, so that no change hides behind an equal stamp.
"""

import gzip
import os
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pymupdf

#: What a document says: its version; BROKEN for bytes that are no document, None for nothing at all.
Said = int | str | None
BROKEN = "broken"
#: Answers of a server that are no document. They say nothing of whether the document is still there.
BAD_ANSWERS = (202, 204, 401, 403, 408, 425, 429, 503, "empty", "cut", "cut-gzip", "login")
GONE = 404


def text_of(name: str, version: int) -> bytes:
    """A tiny document of the format that the name tells."""
    words = f"Words of version{version} in {name}."
    if name.endswith(".html"):
        return f"<html><body><h1>Title {version}</h1><p>{words}</p></body></html>".encode()
    if name.endswith(".pdf"):
        document = pymupdf.open()
        document.new_page().insert_text((72, 90), words)
        return document.tobytes()
    return f"# Title {version}\n\n{words}\n".encode()


def version_in(text: str) -> int | None:
    """The version that a text is of."""
    found = re.search(r"version(\d+)", text)
    return int(found.group(1)) if found else None


class World:
    """Two folders and a server."""

    LOCAL = ("in/a.md", "in/b.html", "in/sub/c.txt", "in/d.pdf", "in/e.md", "other/f.md", "other/g.txt")
    SERVED = ("p.md", "q.html", "r.pdf")
    #: Something is always there: an input that lists nothing proves nothing.
    ANCHORS = ("in/anchor.md", "other/anchor.md")

    def __init__(self, root: Path, site: "Site") -> None:
        self.root, self.site = root, site
        self._ticks = self._versions = 0
        self.answers: dict[str, Said | int] = {}
        site.clear()
        for name in (*self.ANCHORS, *self.LOCAL[::2]):
            self.write(name)
        for name in self.SERVED:
            self.serve(name)

    def write(self, name: str, *, broken: bool = False) -> None:
        """A new version of a local document, or bytes in its place that are none."""
        self._versions += 1
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%%PDF-1.7 broken %d" % self._versions if broken else text_of(name, self._versions))
        self.touch(name)

    def touch(self, name: str) -> None:
        """Another time, the same bytes."""
        self._ticks += 1
        os.utime(self.path(name), (1_600_000_000 + self._ticks,) * 2)

    def vanish(self, name: str) -> None:
        self.path(name).unlink()

    def serve(self, name: str) -> None:
        self._versions += 1
        self.site.bodies[name] = text_of(name, self._versions)
        self.site.answers[name] = 200

    def answer(self, name: str, answer: int | str) -> None:
        self.site.answers[name] = answer

    def path(self, name: str) -> Path:
        return self.root / name

    @property
    def is_away(self) -> bool:
        """Whether one of the inputs is not there."""
        return not (self.root / "other").exists()

    def leave(self) -> None:
        (self.root / "other").rename(self.root / "away")

    def come_back(self) -> None:
        (self.root / "away").rename(self.root / "other")

    @property
    def inputs(self) -> tuple[str, ...]:
        return (str(self.root / "in"), str(self.root / "other"), *map(self.url, self.SERVED))

    def url(self, name: str) -> str:
        return f"{self.site.url}/{name}"

    def present(self) -> dict[str, Path]:
        """Local documents by URI."""
        paths = [path for name in ("in", "other") for path in (self.root / name).rglob("*") if path.is_file()]
        return {str(path): path for path in paths}

    def says(self, uri: str) -> Said | int:
        """What a source says now: a version, BROKEN, None when it is gone; an answer in BAD_ANSWERS or GONE."""
        if not uri.startswith("http"):
            path = Path(uri)
            return read(path.name, path.read_bytes()) if path.exists() else None
        name = uri.rpartition("/")[2]
        answer = self.site.answers[name]
        if answer == "login" and not name.endswith(".pdf"):
            # A page about logging in is a document where pages are expected.
            return 403
        return read(name, self.site.bodies[name]) if answer == 200 else answer


def read(name: str, data: bytes) -> Said:
    """The version that a document's bytes are of."""
    if name.endswith(".pdf"):
        if b"broken" in data:
            return BROKEN
        with pymupdf.open(stream=data, filetype="pdf") as document:
            return version_in(document[0].get_text())
    return version_in(data.decode())


class Site:
    """A server whose answers a world decides."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.answers: dict[str, int | str] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def clear(self) -> None:
        self.bodies, self.answers = {}, {}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.lstrip("/")
        answer, body = self.answers.get(name, GONE), self.bodies.get(name, b"")
        if answer == "login" and not name.endswith(".pdf"):
            answer = 403
        if isinstance(answer, int):
            self._plain(request, answer, name, body)
        else:
            ODD[answer](request, body)

    def _plain(self, request: BaseHTTPRequestHandler, status: int, name: str, body: bytes) -> None:
        etag = f'"{hash(body) & 0xFFFFFFFF:x}"'
        if status == 200 and request.headers.get("If-None-Match") == etag:
            status = 304
        body = body if status == 200 else b"no" if status >= 400 else b""
        send(request, status, body, ETag=etag) if status in (200, 304) else send(request, status, body)


def send(request: BaseHTTPRequestHandler, status: int, body: bytes, length: int = -1, **headers: str) -> None:
    """An answer, whose length may be a lie."""
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    if status not in (204, 304):
        request.send_header("Content-Length", str(len(body) if length < 0 else length))
    request.end_headers()
    request.wfile.write(body)


ODD: dict[str, Callable[[BaseHTTPRequestHandler, bytes], None]] = {
    "empty": lambda request, _: send(request, 200, b""),
    "cut": lambda request, body: send(request, 200, body[:-9], length=len(body)),
    "cut-gzip": lambda request, body: send(request, 200, gzip.compress(body)[:-9], Content_Encoding="gzip"),
    "login": lambda request, _: send(
        request, 200, b"<!doctype html><html><body><form>Please log in</form></body></html>", Content_Type="text/html"
    ),
}
