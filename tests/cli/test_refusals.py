"""Ordinary mistakes: refused with one line that names cause and fix, and nothing is left behind."""

import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from beam_pipeline.cli.app import app

RUNNER = CliRunner()
#: Refused when inputs are listed: the output is open by then.
REFUSED = ["ingest", "gs://bucket/x", "-o", "out", "-q"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """in/ with a text, empty/, and a file."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)
    for name in ("in", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "in" / "a.md").write_text("# A\n")
    (tmp_path / "file").write_text("x")
    return tmp_path


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("ingest ftp://host/x -o out", "ftp://host/x: cannot read 'ftp://'; use a local path, gs://, s3:// or http"),
        ("ingest in hdfs://host/x -o out", "hdfs://host/x: cannot read 'hdfs://'"),
        ("ingest --manifest ftp://host/x.csv -o out", "ftp://host/x.csv: cannot read 'ftp://'"),
        ("ingest C:\\docs\\x.pdf -o out", "no such file or folder: C:\\docs\\x.pdf"),
        ("ingest in -o ftp://host/out", "cannot write to ftp://host/out: give a folder, or a gs:// or s3:// prefix"),
        ("ingest in -o https://host/out", "cannot write to https://host/out"),
        ("query hdfs://host/out VALUES(1)", "cannot write to hdfs://host/out"),
        ("ingest in -o file", "/file is a file: give a folder"),
        ("ingest in -o file/deep/out", "/file is a file: give a folder"),
        ("plan in -o file", "/file is a file: give a folder"),
        ("ingest gs://bucket/x -o new/out", "no usable credentials for gs://bucket/x"),
        ("stream in -o out", "use `docbeam watch` on one machine, or --runner flink or dataflow"),
        ("ingest in -o out --layout-model none.onnx", "none.onnx"),
        ("ingest in -o out --max-tokens lots", "lots"),
        ("query in VALUES(1)", "in holds no docbeam output"),
        ("query file VALUES(1)", "file holds no docbeam output"),
    ],
)
def test_mistakes_are_refused(folder, arguments, message):
    before = left(folder)
    result = RUNNER.invoke(app, [*arguments.split(), *(["-q"] if arguments.startswith("ingest") else [])])
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert "internal" not in result.stderr
    assert left(folder) == before


def test_an_empty_folder_for_the_output_stays(folder):
    (folder / "out").mkdir()
    before = left(folder)
    assert RUNNER.invoke(app, REFUSED).exit_code == 2
    assert left(folder) == before


def test_what_others_put_there_stays(folder, monkeypatch):
    from beam_pipeline.jobs import local_run

    decided = local_run._decided

    def puts_a_file(*arguments):
        (folder / "out" / "note.txt").write_text("mine")
        return decided(*arguments)

    monkeypatch.setattr(local_run, "_decided", puts_a_file)
    assert RUNNER.invoke(app, REFUSED).exit_code == 2
    assert os.listdir("out") == ["note.txt"]


def test_a_refusal_leaves_an_output_as_it_is(folder):
    assert RUNNER.invoke(app, ["ingest", "in", "-o", "out", "--workers", "1", "-q"]).exit_code == 0
    assert RUNNER.invoke(app, REFUSED).exit_code == 2
    assert RUNNER.invoke(app, ["query", "out", "SELECT 1 / count(*) FROM documents"]).exit_code == 0


@pytest.mark.parametrize("arguments", ["ingest s3://b/x -o new", "ingest in -o s3://b/x", "query s3://b/x VALUES(1)"])
def test_s3_without_its_library(folder, monkeypatch, arguments):
    monkeypatch.setitem(sys.modules, "boto3", None)
    before = left(folder)
    result = RUNNER.invoke(app, arguments.split())
    assert result.exit_code == 2, result.output
    assert "s3:// needs boto3: pip install boto3" in result.stderr
    assert left(folder) == before
