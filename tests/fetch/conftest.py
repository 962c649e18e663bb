"""A real HTTP server on loopback, scripted by the tests."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """Routes by path; counts connections and requests, and keeps the headers of the last request."""

    def __init__(self) -> None:
        self.routes: dict[str, Answer] = {}
        self.connections = 0
        self.requests: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        self.url = ""

    def serve(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        self.routes[path] = lambda handler: reply(handler, body, status, **headers)
        return self.url + path

    def script(self, path: str, *answers: Answer) -> str:
        """One answer per request, the last one for ever."""
        pending = list(answers)

        def next_answer(handler: BaseHTTPRequestHandler) -> None:
            answer = pending.pop(0) if len(pending) > 1 else pending[0]
            answer(handler)

        self.routes[path] = next_answer
        return self.url + path

    @staticmethod
    def reply(handler: BaseHTTPRequestHandler, body: bytes = b"", status: int = 200, **headers: str) -> None:
        reply(handler, body, status, **headers)


def reply(handler: BaseHTTPRequestHandler, body: bytes = b"", status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            made.connections += 1
            super().setup()

        def do_GET(self) -> None:
            made.requests[self.path] += 1
            made.headers = dict(self.headers)
            try:
                made.routes.get(self.path.partition("?")[0], lambda handler: reply(handler, status=404))(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
