"""Credentials for `gs://`, and a bucket that answers everybody, nobody, or not at all."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from schemas.failures import Forbidden
from transforms.stores import gs_access
from transforms.stores.gs_access import is_anonymous


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch, tmp_path):
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    gs_access._lack.cache_clear()
    gs_access._refusal.cache_clear()
    yield
    gs_access._lack.cache_clear()
    gs_access._refusal.cache_clear()


@pytest.fixture
def store(monkeypatch):
    """Answers as the name of the bucket says."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(int(self.path.split("/")[1]))
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(gs_access, "_LISTING", f"http://127.0.0.1:{server.server_port}/{{bucket}}/o")
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("bucket", ["200", "404"])
def test_a_public_bucket_needs_none(store, bucket):
    assert is_anonymous(f"gs://{bucket}/a/b.pdf")


@pytest.mark.parametrize("bucket", ["401", "403"])
def test_a_private_bucket_wants_some(store, bucket):
    with pytest.raises(Forbidden, match=f"no usable credentials for gs://{bucket}/a .*answers {bucket}") as caught:
        is_anonymous(f"gs://{bucket}/a")
    assert "gcloud auth" in caught.value.hint


def test_without_a_network(monkeypatch):
    monkeypatch.setattr(gs_access, "_LISTING", "http://127.0.0.1:9/{bucket}")
    with pytest.raises(Forbidden, match=r"cannot be asked: .*refused"):
        is_anonymous("gs://bucket/a")


def test_a_file_of_credentials_that_is_not_there(monkeypatch, store):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/none.json")
    with pytest.raises(Forbidden, match=r"GOOGLE_APPLICATION_CREDENTIALS=/none\.json: File /none\.json was not found"):
        is_anonymous("gs://200/a")


def test_a_stand_in_is_not_asked(monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    assert is_anonymous("gs://bucket/a")
