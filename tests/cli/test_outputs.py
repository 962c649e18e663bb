"""Where runs write, in which format, and what they refuse to touch: the command itself."""

import json
import os

import pytest
from typer.testing import CliRunner

from beam_pipeline.cli.app import app


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.md").write_text("# Title\n\nBody.\n")
    return tmp_path


def docbeam(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


def ingest(*words: object, code: int = 0) -> str:
    return docbeam("ingest", "in", "-q", "--workers", "1", *words, code=code)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "avro"])
def test_every_command_finds_the_format_of_an_output(kind, here):
    ingest("-o", "out", "--format", kind)
    (here / "in" / "b.md").write_text("# Other\n\nBody.\n")
    assert "1 new" in docbeam("plan", "in", "-o", "out")
    assert f"({kind}" in ingest("-o", "out")
    assert '"n":2' in docbeam("query", "out", "SELECT count(*) AS n FROM chunks", "--json")
    assert docbeam("runs", "list", "out", "--json").count('"kind": "ingest"') == 2
    assert "2 documents written" in docbeam("export", "out", "texts")
    assert "no document failed\n" in docbeam("retry", "-o", "out")
    for command in ("compact", "vacuum"):
        assert "only delta outputs" in docbeam(command, "out", code=2)
    assert "without versions" in docbeam("diff", "out", "1", code=2)
    assert f"format {kind}, not delta: leave --format out" in ingest("-o", "out", "--format", "delta", code=2)


def test_a_retry_without_anything_to_try_answers_in_json_too(here):
    ingest("-o", "out")
    report = json.loads(docbeam("retry", "-o", "out", "-q", "--json"))
    assert (report["kind"], report["run_id"], report["held"]) == ("retry", "", {"ok": 1})
    (here / "in" / "b.docx").write_text("no archive")
    ingest("-o", "out", code=1)
    report = json.loads(
        docbeam("retry", "-o", "out", "-q", "--json", "--category", "timeout", "--max-failure-ratio", 1)
    )
    assert (report["documents"], report["failure_ratio"]) == (0, 0.5)


@pytest.mark.parametrize("word", [("--format", "parquet"), ("--config", "other.toml")])
def test_a_delta_output_stays_one(word, here):
    (here / "other.toml").write_text('[write]\nformat = "parquet"\n')
    ingest("-o", "out")
    before = sorted(here.rglob("out/**/*"))
    (here / "in" / "a.md").write_text("# Title\n\nChanged.\n")
    for command in ("ingest", "plan"):
        assert "is an output of format delta, not parquet" in docbeam(command, "in", "-o", "out", *word, code=2)
    assert sorted(here.rglob("out/**/*")) == before
    ingest("-o", "out", "--format", "delta")
    assert "Changed" in docbeam("query", "out", "SELECT text FROM chunks")


@pytest.mark.parametrize(
    "spelling", ["file://{}/out", "file://localhost{}/out", "file:{}/out/", "out//", "./in/../out"]
)
def test_one_output_has_many_spellings(spelling, here):
    output = spelling.format(here)
    ingest("-o", output)
    assert sorted(os.listdir(here)) == ["in", "out"]
    assert "unchanged" in ingest("-o", "out")
    run = docbeam("query", output, "SELECT run_id FROM documents", "--csv").split()[-1]
    assert run in docbeam("runs", "list", output)
    assert "unchanged" in docbeam("plan", "in", "-o", output)
    docbeam("diff", output, run)
    docbeam("restore", output, run)
    docbeam("compact", output)
    docbeam("vacuum", output)
    docbeam("export", output, "texts")
    assert '"n":1' in docbeam("query", output, "SELECT count(*) AS n FROM chunks", "--json")


@pytest.mark.parametrize("output", ["caf\udce9", "a%20b", "[x]", "back\\slash"])
def test_names_that_delta_cannot_say_are_for_the_other_formats(output, here):
    assert "--format parquet" in ingest("-o", output, "--format", "delta", code=2)
    assert sorted(os.listdir(here)) == ["in"]
    told = docbeam("ingest", "in", "--workers", "1", "-o", output)
    assert "(parquet, since the Delta library would take this name for another)" in told
    assert "1 unchanged" in ingest("-o", output)
    assert '"n":1' in docbeam("query", output, "SELECT count(*) AS n FROM chunks", "--json")
    assert sorted(os.listdir(here)) == sorted(["in", output])


def test_a_project_whose_documents_have_the_name_of_a_table_is_left_alone(here):
    (here / "in").rename(here / "documents")
    for command in (("ingest", "documents", "-o", "."), ("plan", "documents", "-o", "."), ("watch", ".", "-o", ".")):
        assert "documents/a.md" in docbeam(*command, code=2)
    assert "no docbeam output" in docbeam("vacuum", ".", code=2)
    assert sorted(path.name for path in here.rglob("*")) == ["a.md", "documents"]


@pytest.mark.parametrize("name", ["documents", "_staging", "chunks/deep", "link", "documents/*.md"])
def test_an_input_among_the_tables_is_refused(name, here):
    (here / "out" / "documents").mkdir(parents=True)
    (here / "out" / "chunks" / "deep").mkdir(parents=True)
    (here / "out" / "_staging").mkdir()
    (here / "out" / "chunks" / "deep").rmdir() if name != "chunks/deep" else None
    (here / "out" / "link").symlink_to("documents")
    (here / "out" / "documents" / ".hidden.md").write_text("mine")
    before = sorted(here.rglob("*"))
    assert "error" in docbeam("ingest", f"out/{name}", "-o", "out", code=2)
    assert sorted(here.rglob("*")) == before
