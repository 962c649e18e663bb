"""Gives fake-gcs-server what Google's clients and deltalake rely on and it lacks; nothing of this is in the product.

    gcs_proxy.py LISTEN_PORT BACKEND_PORT

- `PUT /bucket/object` of the XML API, which deltalake writes with, as a JSON upload with the same precondition;
- `start-after` in XML listings, which deltalake reads its log with;
- a Content-ID for the parts of batch requests, which the server drops otherwise;
- tokens for made-up service accounts.
"""

import http.client
import itertools
import re
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LISTEN, BACKEND = int(sys.argv[1]), int(sys.argv[2])
#: Headers that belong to one connection.
HOP = {"connection", "transfer-encoding", "content-length", "host", "keep-alive"}
JSON_ROOTS = ("storage", "upload", "_internal", "batch")
TOKEN = b'{"access_token": "made-up", "expires_in": 3600, "token_type": "Bearer"}'


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/token":
            self.answer(200, [("Content-Type", "application/json")], TOKEN)
            return
        method, path = self.command, self.path
        first, _, name = url.path.lstrip("/").partition("/")
        xml_put = method == "PUT" and "uploadType" not in url.query and first not in JSON_ROOTS
        if xml_put:
            method, path = "POST", self.json_upload(first, urllib.parse.unquote(name))
        if first == "batch":
            body = with_content_ids(body)
        if method == "GET" and "/o/" in url.path:
            # The tests see from this log how far a job is.
            print(url.path, flush=True)
        status, headers, data = self.ask(method, path, body)
        after = urllib.parse.parse_qs(url.query).get("start-after")
        if after and "list-type" in url.query:
            data = listed_after(data, after[0])
        if xml_put and status == 200 and not any(key.lower() == "etag" for key, _ in headers):
            headers.append(("ETag", '"0"'))
        self.answer(status, headers, data)

    def json_upload(self, bucket: str, name: str) -> str:
        query = {"uploadType": "media", "name": name}
        if "x-goog-if-generation-match" in self.headers:
            query["ifGenerationMatch"] = self.headers["x-goog-if-generation-match"]
        return f"/upload/storage/v1/b/{bucket}/o?{urllib.parse.urlencode(query)}"

    def ask(self, method: str, path: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP}
        backend = http.client.HTTPConnection("127.0.0.1", BACKEND, timeout=60)
        backend.request(method, path, body, {**headers, "Host": f"127.0.0.1:{LISTEN}"})
        answer = backend.getresponse()
        data = answer.read()
        backend.close()
        kept = [(key, value) for key, value in answer.getheaders() if key.lower() not in HOP]
        # The length of what a HEAD does not bring is all that it is asked for.
        if self.command == "HEAD" and answer.getheader("Content-Length"):
            kept.append(("Content-Length", answer.getheader("Content-Length")))
        return answer.status, kept, data

    def answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        if not any(key == "Content-Length" for key, _ in headers):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = forward

    def log_message(self, *args: object) -> None:
        pass


def with_content_ids(body: bytes) -> bytes:
    if b"Content-ID" in body:
        return body
    count = itertools.count(1)
    return re.sub(
        rb"(?i)(Content-Type: application/http\r?\n)",
        lambda found: found[1] + b"Content-ID: <%d>\r\n" % next(count),
        body,
    )


def listed_after(data: bytes, name: str) -> bytes:
    def keep(found: re.Match[str]) -> str:
        return found[0] if found[1] > name else ""

    return re.sub(r"<Contents><Key>(.*?)</Key>.*?</Contents>", keep, data.decode(), flags=re.DOTALL).encode()


ThreadingHTTPServer(("127.0.0.1", LISTEN), Proxy).serve_forever()
