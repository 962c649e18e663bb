"""Where documents of a run come from: a web server, standard input, a manifest, filters."""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest
from pipeline_runs import check_output, document_named, ingest, options_for, read_tables, rows_of
from typer.testing import CliRunner

from beam_pipeline.cli.app import app
from beam_pipeline.jobs.local_run import run


@pytest.fixture(scope="module")
def site(documents):
    """Base URL of a server of the documents, and its requests by path; flaky.html fails once, gone.pdf always."""
    requests = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests[self.path] += 1
            name = {"/flaky.html": "page.html"}.get(self.path, self.path[1:])
            if self.path == "/flaky.html" and requests[self.path] == 1:
                self.send_error(503)
            elif not (documents / name).is_file():
                self.send_error(404)
            else:
                data = (documents / name).read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("ETag", '"one"')
                self.end_headers()
                self.wfile.write(data)

        def log_message(self, *_):
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", requests
    server.shutdown()
    server.server_close()


def test_documents_of_a_web_server(site, tmp_path):
    base, requests = site
    urls = [f"{base}/{name}" for name in ("long.pdf", "flaky.html", "gone.pdf")]
    report = ingest(urls, tmp_path)
    assert report.statuses == {"ok": 2, "failed": 1}
    tables = read_tables(tmp_path)
    check_output(tables)
    assert {row["uri"] for row in tables["documents"]} == set(urls)
    gone = document_named(tables, "127.0.0.1/gone.pdf")
    (failure,) = tables["failures"]
    assert (failure["doc_id"], failure["category"], failure["stage"]) == (gone["doc_id"], "not_found", "fetch")
    assert (gone["retryable"], gone["content_hash"]) == (False, "")
    assert requests["/flaky.html"] == 2
    flaky = document_named(tables, "127.0.0.1/flaky.html")
    assert "Weather" in {row["text"] for row in rows_of(tables, "elements", flaky["doc_id"])}
    assert document_named(tables, "127.0.0.1/long.pdf")["etag"] == '"one"'


def test_names_on_standard_input(documents, tmp_path):
    lines = f"{documents}/notes.md\n\n# a comment\n{documents}/sub/table.csv\n{documents}/notes.md\n"
    arguments = ["ingest", "-", "-o", str(tmp_path), "--workers", "2", "--quiet", "--json"]
    result = CliRunner().invoke(app, arguments, input=lines)
    assert result.exit_code == 0, result.output
    assert msgspec.json.decode(result.stdout)["statuses"] == {"ok": 2}
    tables = read_tables(tmp_path)
    check_output(tables)
    assert [row["uri"] for row in tables["documents"]] == [
        str(documents / "notes.md"),
        str(documents / "sub" / "table.csv"),
    ]


def test_metadata_of_a_manifest(documents, tmp_path):
    manifest = tmp_path / "list.csv"
    manifest.write_text(f"team,uri,note\nblue,{documents}/notes.md,\nred,{documents}/plain.txt,see page 2\n")
    ingest([], tmp_path / "out", manifests=(str(manifest),))
    metadata = {
        row["uri"]: {pair["key"]: pair["value"] for pair in row["metadata"]}
        for row in read_tables(tmp_path / "out")["documents"]
    }
    assert metadata == {
        str(documents / "notes.md"): {"team": "blue", "note": ""},
        str(documents / "plain.txt"): {"team": "red", "note": "see page 2"},
    }


def test_only_paths_that_pass_the_filters(documents, tmp_path):
    options = options_for([documents], tmp_path)
    source = msgspec.structs.replace(options.source, include=("*.pdf", "*.md"), exclude=("long.*",))
    run(msgspec.structs.replace(options, source=source))
    assert [row["path"] for row in read_tables(tmp_path)["documents"]] == ["notes.md", "sub/short.pdf"]
