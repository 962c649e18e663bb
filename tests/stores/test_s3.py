"""Whole runs with documents and tables in S3: a local server (moto), the usual environment variables, no patches."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from pipeline_runs import check_output, command, read_tables, without_run, write_documents

from schemas.failures import SourceUnavailable
from transforms.lake.datasets import output_format
from transforms.stores.delta import delta_options
from transforms.stores.s3 import S3Store, _client

SECRET = "s3cr3tKeyOfNobody"


@contextmanager
def s3_server(log: Path) -> Iterator[str]:
    """The URL of a server in a process of its own: deltalake keeps Python's lock during some of its requests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            _await(port, server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _await(port: int, server: subprocess.Popen, log: Path) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory) -> Iterator[str]:
    """`s3://` prefix of a bucket that holds small documents of every format below `in/`."""
    with s3_server(tmp_path_factory.mktemp("s3") / "log") as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = boto3.client("s3")
        client.create_bucket(Bucket="documents")
        folder = tmp_path_factory.mktemp("documents")
        write_documents(folder)
        for path in folder.rglob("*"):
            if path.is_file():
                client.upload_file(str(path), "documents", f"in/{path.relative_to(folder).as_posix()}")
        listed = [f"s3://documents/in/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*.md")]
        client.put_object(Bucket="documents", Key="list.txt", Body="\n".join(listed).encode())
        yield "s3://documents"


def docbeam(*args: object) -> subprocess.CompletedProcess[str]:
    words, environment = command(*args)
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=1800, check=False)
    assert SECRET not in done.stderr + done.stdout
    return done


def ingest(*args: object) -> dict:
    done = docbeam("ingest", *args, "--workers", 2, "--quiet", "--json")
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def tables(bucket) -> str:
    """A Delta output in the bucket."""
    assert ingest(f"{bucket}/in", "-o", f"{bucket}/tables")["statuses"] == {"ok": 7}
    return f"{bucket}/tables"


def keys(prefix: str) -> list[str]:
    found = boto3.client("s3").list_objects_v2(Bucket="documents", Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", [])]


def test_tables_in_a_bucket_fulfil_what_local_ones_do(tables):
    assert output_format(tables) == "delta"
    rows = read_tables(tables)
    check_output(rows)
    assert {row["uri"].split("/")[3] for row in rows["documents"]} == {"in"}
    assert not keys("tables/_staging")


def test_no_credential_is_in_the_tables(tables):
    store = boto3.client("s3")
    for key in keys("tables/"):
        assert SECRET.encode() not in store.get_object(Bucket="documents", Key=key)["Body"].read(), key


def test_a_second_run_finds_nothing_new_and_a_changed_document_replaces_its_rows(bucket, tables):
    before = read_tables(tables)
    assert ingest(f"{bucket}/in", "-o", tables)["statuses"] == {"unchanged": 7}
    boto3.client("s3").put_object(Bucket="documents", Key="in/plain.txt", Body=b"Quite another text.\n")
    assert ingest(f"{bucket}/in", "-o", tables)["statuses"] == {"ok": 1, "unchanged": 6}
    after = read_tables(tables)
    check_output(after)
    (row,) = [chunk for chunk in after["chunks"] if "Quite another text" in chunk["text"]]
    others = [chunk for chunk in after["chunks"] if chunk["doc_id"] != row["doc_id"]]
    assert others == [chunk for chunk in before["chunks"] if chunk["doc_id"] != row["doc_id"]]


def test_a_prefix_that_is_no_uri_holds_its_tables_and_vacuum_spares_what_is_not_ours(bucket):
    output = f"{bucket}/run #1 + 100% é"
    assert ingest(f"{bucket}/in/notes.md", "-o", output)["statuses"] == {"ok": 1}
    store = boto3.client("s3")
    theirs = "run #1 + 100% é/documents/mine.parquet"
    store.put_object(Bucket="documents", Key=theirs, Body=b"mine")
    assert ingest(f"{bucket}/in/notes.md", "-o", output, "--force")["statuses"] == {"ok": 1}
    before = keys("run")
    assert all(key.startswith("run #1 + 100% é/") for key in before)
    done = docbeam("vacuum", output, "--keep-days", 0)
    assert done.returncode == 0, done.stderr
    gone = {*before} - {*keys("run")}
    assert len(gone) == int(done.stderr.split()[0]) > 3 and theirs not in gone
    assert docbeam("query", output, "SELECT count(*) FROM documents", "--csv").stdout.split()[-1] == "1"
    for name in ("a%20b", "[x]", "what?"):
        assert docbeam("ingest", f"{bucket}/in", "-o", f"{bucket}/{name}", "-q").returncode == 2


@pytest.mark.parametrize("format_name", ["parquet", "arrow", "avro"])
def test_plain_formats(bucket, tables, format_name):
    output = f"{bucket}/{format_name}"
    ingest(f"{bucket}/in", "-o", output, "--format", format_name)
    assert output_format(output) == format_name
    rows, delta = without_run(read_tables(output)), without_run(read_tables(tables))
    assert rows["chunks"] == delta["chunks"]
    assert rows["documents"] == delta["documents"]


def test_manifests_in_a_bucket(bucket):
    assert ingest("--manifest", f"{bucket}/list.txt", "-o", f"{bucket}/listed")["statuses"] == {"ok": 1}


def test_export_and_query_read_buckets(bucket, tables, tmp_path):
    assert docbeam("export", tables, tmp_path, "--markdown").returncode == 0
    assert len(list(Path(tmp_path).rglob("*.md"))) == 7
    done = docbeam("query", tables, "SELECT count(*) AS n FROM documents", "--json")
    assert json.loads(done.stdout) == [{"n": 7}]


def test_operations_share_the_connections_of_their_process(bucket, monkeypatch):
    """Beam's own client reads boto3's descriptions and connects for each operation."""
    made, make = [], boto3.session.Session.client

    def counted(*args: object, **options: object) -> object:
        made.append(args)
        return make(*args, **options)

    monkeypatch.setattr(boto3.session.Session, "client", counted)
    _client.cache_clear()
    store = S3Store()
    for _ in range(3):
        assert store.stat(f"{bucket}/in/notes.md").size
        with store.open(f"{bucket}/in/notes.md") as one, store.open(f"{bucket}/in/page.html") as other:
            assert one.read(7) == b"# Notes"
            assert other.read(6) == b"<html>"
    assert len(made) == 1


def test_objects_are_found_and_read_anywhere(bucket):
    client, store, uri = boto3.client("s3"), S3Store(), f"{bucket}/odd/a b+[1].txt"
    client.put_object(Bucket="documents", Key="odd/a b+[1].txt", Body=b"0123456789")
    client.put_object(Bucket="documents", Key="odd/folder/", Body=b"")
    assert [(info.uri, info.size) for info in store.match(f"{bucket}/odd/**")] == [(uri, 10)]
    assert store.match(f"{bucket}/odd/none") == []
    info, stream = store.get(uri)
    with stream:
        assert info == store.stat(uri)
        assert (stream.read(3), stream.seek(-2, 2), stream.read(), stream.read()) == (b"012", 8, b"89", b"")
        assert (stream.seek(5), stream.read(2), stream.tell()) == (5, b"56", 7)


def test_an_object_that_changes_while_it_is_read_is_not_mixed(bucket):
    client, uri = boto3.client("s3"), f"{bucket}/odd/changing.txt"
    client.put_object(Bucket="documents", Key="odd/changing.txt", Body=b"old words")
    _, stream = S3Store().get(uri)
    with stream:
        stream.seek(4)
        client.put_object(Bucket="documents", Key="odd/changing.txt", Body=b"new words")
        with pytest.raises(SourceUnavailable, match="412"):
            stream.read()


def test_a_bucket_that_is_not_there_ends_with_a_clear_line(bucket):
    done = docbeam("ingest", f"{bucket}/in", "-o", "s3://nobodys-bucket/x", "--quiet")
    assert done.returncode == 3
    assert "nobodys-bucket" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("root", "environment", "expected"),
    [
        ("gs://b/x", {"STORAGE_EMULATOR_HOST": "localhost:4443"}, ("google_base_url", "http://localhost:4443")),
        ("gs://b/x", {"STORAGE_EMULATOR_HOST": "http://h:1"}, ("google_base_url", "http://h:1")),
        ("s3://b/x", {"AWS_ENDPOINT_URL": "http://h:1"}, ("allow_http", "true")),
        ("s3://b/x", {"AWS_ENDPOINT_URL_S3": "https://h", "AWS_ENDPOINT_URL": "x"}, ("aws_endpoint_url", "https://h")),
        ("/tables", {"AWS_ENDPOINT_URL": "http://h:1", "STORAGE_EMULATOR_HOST": "h"}, None),
        ("gs://b/x", {"AWS_ENDPOINT_URL": "http://h:1"}, None),
    ],
)
def test_deltalake_is_told_of_emulators_only(root, environment, expected):
    found = delta_options(root, environment)
    assert (expected in found.items()) if expected else found == {}
