"""plan, runs, diff, restore, compact, vacuum, migrate and retry over a tiny output, without a run of the graph."""

import os
import tarfile
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

import beam_pipeline.jobs.local_run
from beam_pipeline.cli.app import app
from beam_pipeline.jobs.journal import ledger_of, opened
from schemas.failures import Category, Failure
from schemas.options import WriteOptions
from schemas.plan import Changes, RunFacts, Touch
from schemas.report import RunReport
from schemas.source import SourceRef
from transforms.write.commit import committer

OLD = Path(__file__).resolve().parents[1] / "write" / "outputs" / "schema_1.tar.gz"
RUN = "20260102T000000-abcdef"


@pytest.fixture
def output(tmp_path) -> str:
    """An output of an earlier docbeam that a run of today removed one of two documents from."""
    with tarfile.open(OLD) as archive:
        archive.extractall(tmp_path / "out", filter="data")
    options = WriteOptions(output=str(tmp_path / "out"))
    seen = opened(options, RUN).seen
    facts = RunFacts(run_id=RUN, options=(("chunk.max_tokens", "512", "--max-tokens"),), versions={"python": "3"})
    (gone,) = answer(tmp_path / "out", "SELECT doc_id FROM documents WHERE path = 'lakes.md'")
    committer(options, facts, seen).commit(Changes(removed=[gone["doc_id"]]))
    return str(tmp_path / "out")


def answer(output, sql, *more):
    return msgspec.json.decode(docbeam("query", output, sql, "--json", *more))


def docbeam(*words, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def paths(output, *more):
    return [row["path"] for row in answer(output, "SELECT path FROM documents ORDER BY path", *more)]


def test_runs_are_listed_and_shown(output):
    assert RUN[:8] in docbeam("runs", "list", output)
    records = msgspec.json.decode(docbeam("runs", "list", output, "--json"))
    assert [record["kind"] for record in records] == ["baseline", "ingest"]
    text = docbeam("runs", "show", output, RUN)
    assert "--max-tokens" in text and "committed" in text and "documents" in text
    assert msgspec.json.decode(docbeam("runs", "show", output, RUN, "--json"))["run_id"] == RUN
    assert "no run 'x'" in docbeam("runs", "show", output, "x", code=2)


def test_earlier_states_are_queried_and_restored(output):
    assert paths(output) == ["rivers.txt"]
    assert paths(output, "--as-of", f"{RUN}-before") == paths(output, "--version", 2) == ["lakes.md", "rivers.txt"]
    assert "exclude each other" in docbeam("query", output, "SELECT 1", "--as-of", "x", "--version", 1, code=2)
    docbeam("restore", output, f"{RUN}-before")
    assert paths(output) == ["lakes.md", "rivers.txt"]


def test_a_run_is_named_by_how_its_id_begins(output):
    assert docbeam("runs", "show", output, "20260102").split()[1] == RUN
    assert docbeam("runs", "show", output, f"{RUN}-b").split()[1] == f"{RUN}-before"
    docbeam("restore", output, RUN)
    assert " runs begin with '20'; " in docbeam("runs", "show", output, "20", code=2)


def test_what_vacuum_took_away_is_told_in_one_way(output):
    docbeam("vacuum", output, "--keep-days", 0)
    before = f"{RUN}-before"
    for words in (
        ["query", output, "SELECT 1", "--as-of", before],
        ["diff", output, before],
        ["restore", output, before],
    ):
        told = docbeam(*words, code=3)
        assert "--keep-days" in told and "\x1b" not in told and "internal" not in told, told
    assert paths(output) == ["rivers.txt"]


def test_lines_of_csv_end_as_the_shell_expects(output):
    assert docbeam("query", output, "SELECT path FROM documents", "--csv") == "path\nrivers.txt\n"


def test_differences_are_told_for_people_and_programs(output):
    text = docbeam("diff", output, f"{RUN}-before")
    assert "removed  /tmp/v1in/lakes.md" in text and "1 documents removed" in text and "1 chunks removed" in text
    lines = docbeam("diff", output, 2, RUN, "--json").splitlines()
    assert [msgspec.json.decode(line)["kind"] for line in lines] == ["document", "chunk"]


def test_housekeeping(output):
    docbeam("compact", output, "--file-bytes", "1MiB")
    assert "no size" in docbeam("compact", output, "--file-bytes", "no size", code=2)
    assert ".parquet" in docbeam("vacuum", output, "--dry-run", "--keep-days", 0)
    docbeam("vacuum", output, "--keep-days", 0)
    assert len(list(Path(output, "chunks").glob("*.parquet"))) == 1
    docbeam("migrate", output)
    assert paths(output) == ["rivers.txt"]


def test_formats_without_versions_say_so(tmp_path):
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "part-20260101T000000-abcdef-0000.avro").write_bytes(b"")
    assert "only delta outputs" in docbeam("compact", tmp_path, code=2)


def test_a_plan_is_printed(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(22):
        (folder / f"{number:02d}.md").write_text("words")
        os.utime(folder / f"{number:02d}.md", (1e9, 1e9))
    (tmp_path / "empty").mkdir()
    words = ("plan", folder, tmp_path / "empty", "-o", tmp_path / "out", "--layout", "never", "--ocr", "never")
    text = docbeam(*words)
    assert "22 new" in text and "and 2 more" in text and "lists no document" in text
    found = msgspec.json.decode(docbeam(*words, "--json"))
    assert (found["counts"], len(found["documents"]["new"])) == ({"new": 22}, 22)
    assert "nothing to ingest" in docbeam("plan", "-o", tmp_path / "out", code=2)


def test_retry_works_on_failed_documents_only(output, monkeypatch):
    calls = []

    def run(options, pipeline_args=(), observer=None, refs=(), about=None):
        calls.append((options, refs, about))
        return RunReport(run_id="r", output=output, format="delta", statuses={"ok": 1})

    monkeypatch.setattr(beam_pipeline.jobs.local_run, "run", run)
    docbeam("retry", "-o", output)
    assert calls == []
    row = answer(output, "SELECT * FROM documents")[0]
    add_failure(output, row["doc_id"])
    docbeam("retry", "-o", output, "--category", "corrupt", code=1)
    assert calls == []
    docbeam("retry", "-o", output, "--category", "timeout", "--quiet")
    ((options, refs, about),) = calls
    assert [ref.path for ref in refs] == ["rivers.txt"]
    assert (options.plan.force, options.plan.deleted, options.source.inputs, about.kind) == (True, "keep", (), "retry")
    assert "--category nonsense" in docbeam("retry", "-o", output, "--category", "nonsense", code=2)


def add_failure(output, doc_id):
    options = WriteOptions(output=output)
    failure = Failure(stage="fetch", category=Category.TIMEOUT, message="slow", retryable=True)
    touch = Touch(doc_id=doc_id, ref=SourceRef(uri="/tmp/v1in/rivers.txt", path="rivers.txt"), failure=failure)
    seen = ledger_of(options).catalog.writer()
    committer(options, RunFacts(run_id="20260103T000000-abcdef"), seen).commit(Changes(touched=[touch]))
