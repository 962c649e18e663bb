import errno
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from apache_beam.io.filesystem import BeamIOError, FileMetadata, MatchResult
from apache_beam.io.filesystems import FileSystems
from google.api_core import exceptions as google
from google.auth.exceptions import DefaultCredentialsError, TransportError

from schemas.failures import ConfigurationError, Forbidden, NotFound, SourceUnavailable, Unsupported
from transforms.stores import gcs
from transforms.stores.any import AnyStore
from transforms.stores.gcs import BeamStore, store_errors
from transforms.stores.local import LocalStore, local_errors
from transforms.stores.patterns import uri_pattern
from transforms.stores.s3 import _client, s3_errors


@pytest.mark.parametrize("store", [LocalStore(), AnyStore()])
def test_local_files(store, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b[1].txt").write_bytes(b"bb")
    (tmp_path / "a.txt").write_bytes(b"a")
    found = store.match(f"{tmp_path}/**")
    assert [(info.uri, info.size) for info in found] == [(f"{tmp_path}/a.txt", 1), (f"{tmp_path}/sub/b[1].txt", 2)]
    assert store.stat(f"file://{tmp_path}/sub/b[1].txt").mtime == pytest.approx(
        (tmp_path / "a.txt").stat().st_mtime, abs=5
    )
    with store.open(f"{tmp_path}/a.txt") as stream:
        assert stream.read() == b"a"
    assert store.match(f"{tmp_path}/*.pdf") == []
    for missing in (f"{tmp_path}/none", f"{tmp_path}/a.txt/x", "/a\0b", "/" + "x" * 5000):
        with pytest.raises(NotFound):
            store.stat(missing)
        with pytest.raises(NotFound):
            store.open(missing)


def test_local_errors():
    with pytest.raises(Forbidden), local_errors("/x"):
        raise PermissionError(errno.EACCES, "denied")
    with pytest.raises(SourceUnavailable, match="Input/output"), local_errors("/x"):
        raise OSError(errno.EIO, "Input/output error")


def chained(inner, outer):
    outer.__context__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (google.NotFound("x"), NotFound),
        (google.Forbidden("x"), Forbidden),
        (google.Unauthorized("x"), Forbidden),
        (google.ServiceUnavailable("x"), SourceUnavailable),
        (google.RetryError("x", None), SourceUnavailable),
        (BeamIOError("x", {"gs://b/k": google.Forbidden("x")}), Forbidden),
        (BeamIOError("x", {"a": BeamIOError("y", {"b": google.NotFound("x")})}), NotFound),
        (chained(google.NotFound("x"), BeamIOError("y")), NotFound),
        (OSError(errno.ENOENT, "Not found"), NotFound),
        (ConnectionResetError(), SourceUnavailable),
        (DefaultCredentialsError("x"), Forbidden),
        (TransportError("x"), SourceUnavailable),
        (NotImplementedError("Doubly compressed"), Unsupported),
        (ValueError("bad path"), NotFound),
    ],
)
def test_store_errors_are_typed(error, kind):
    with pytest.raises(kind) as caught, store_errors("gs://user:secret@bucket/k"):
        raise error
    assert "secret" not in caught.value.message
    assert caught.value.hint


def test_credentials_of_s3():
    botocore = pytest.importorskip("botocore.exceptions")
    with pytest.raises(Forbidden, match="credentials") as caught, s3_errors("s3://b/k"):
        raise botocore.NoCredentialsError
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (403, Forbidden), (412, SourceUnavailable), (503, SourceUnavailable)]
)
def test_answers_of_s3_are_typed(status, kind):
    botocore = pytest.importorskip("botocore.exceptions")
    answer = {"ResponseMetadata": {"HTTPStatusCode": status}, "Error": {"Code": "x", "Message": "y"}}
    with pytest.raises(kind), s3_errors("s3://b/k"):
        raise botocore.ClientError(answer, "GetObject")


class Stream:
    """A store's stream that ends in an error."""

    def __init__(self, data):
        self.data, self.closed, self.position = data, False, 0

    def read(self, size):
        if self.position >= len(self.data):
            raise google.NotFound("gone")
        piece = self.data[self.position : self.position + size]
        self.position += len(piece)
        return piece

    def seek(self, offset, whence=0):
        self.position = offset

    def tell(self):
        return self.position

    def close(self):
        self.closed = True


class Cloud:
    """What `FileSystems.get_filesystem` returns for gs://."""

    def metadata(self, path):
        return FileMetadata(path, 3, 1.5)


def test_objects(monkeypatch):
    found = [FileMetadata("gs://b/z", 1, 2.0), FileMetadata("gs://b/folder/", 0), FileMetadata("gs://b/a", 2)]
    stream = Stream(b"abc")
    monkeypatch.setattr(FileSystems, "match", staticmethod(lambda patterns: [MatchResult(patterns[0], found)]))
    monkeypatch.setattr(FileSystems, "get_filesystem", staticmethod(lambda path: Cloud()))
    monkeypatch.setattr(FileSystems, "open", staticmethod(lambda path, compression_type: stream))
    monkeypatch.setattr(gcs, "is_anonymous", lambda uri: False)
    store = BeamStore()
    assert [(info.uri, info.mtime) for info in store.match("gs://b/**")] == [("gs://b/a", None), ("gs://b/z", 2.0)]
    assert (store.stat("gs://b/[a]").size, store.stat("gs://b/a").mtime) == (3, 1.5)
    opened = store.open("gs://b/a.gz")
    assert opened.seekable() and opened.read(2) == b"ab" and opened.tell() == 2
    assert opened.seek(1) == 1 and opened.read(2) == b"bc"
    with pytest.raises(NotFound):
        opened.read(1)
    opened.close()
    assert stream.closed


def test_unknown_schemes_and_missing_extras(monkeypatch):
    with pytest.raises(Unsupported, match="ftp"):
        AnyStore().open("ftp://host/x")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    _client.cache_clear()
    with pytest.raises(ConfigurationError, match="pip install boto3"):
        AnyStore().match("s3://b/**")


class Bucket(BaseHTTPRequestHandler):
    """An S3 server with the object `key`."""

    def do_HEAD(self):
        self.send_response(200 if self.path.endswith("/key") else 403)
        for name, value in {"Content-Length": "4", "ETag": "x", "Content-Type": "text/plain"}.items():
            self.send_header(name, value)
        self.send_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
        self.end_headers()

    def log_message(self, *args):
        pass


def test_s3_without_beam(monkeypatch):
    pytest.importorskip("boto3")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    assert AnyStore().stat("s3://bucket/key").size == 4
    with pytest.raises(Forbidden):
        AnyStore().stat("s3://bucket/denied")
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("s3://b/in/**", ["s3://b/in/a", "s3://b/in/x/y.pdf"], ["s3://b/inn", "s3://c/in/a"]),
        ("s3://b/in/re**", ["s3://b/in/report", "s3://b/in/re/x"], ["s3://b/in/a"]),
        ("s3://b/o[*]t/*", ["s3://b/o*t/part"], ["s3://b/out/part", "s3://b/o*t/x/part"]),
        ("s3://b/a.?df", ["s3://b/a.pdf"], ["s3://b/a./df", "s3://b/axpdf"]),
    ],
)
def test_patterns_of_uris(pattern, matching, other):
    wanted = uri_pattern(pattern)
    assert all(wanted.fullmatch(uri) for uri in matching)
    assert not any(wanted.fullmatch(uri) for uri in other)
