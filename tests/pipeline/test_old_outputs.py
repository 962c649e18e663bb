"""Outputs of table schema 2 are read, grow, and their next run works."""

import tarfile
from collections import Counter
from pathlib import Path

import pytest
from nightly import ingest, options, write
from pipeline_runs import check_output, read_tables
from typer.testing import CliRunner

from beam_pipeline.cli.app import app
from beam_pipeline.fingerprint import fingerprints
from beam_pipeline.jobs import upkeep
from beam_pipeline.jobs.planning import plan_run
from schemas.source import SourceRef
from transforms.lake.changes import changes
from transforms.lake.known import known_files, known_rows
from transforms.lake.snapshot import read_runs, snapshot
from transforms.stores.any import storage_of

OLD = Path(__file__).resolve().parents[1] / "write" / "outputs" / "schema_2.tar.gz"
#: Its documents are those of this folder, which is not there any more: two good ones, a PDF and slides that failed.
URI = "/tmp/v2in"
FORMATS = ["delta", "parquet", "avro"]


@pytest.fixture
def outputs(tmp_path) -> Path:
    with tarfile.open(OLD) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def known(output: Path, format_name: str, made) -> dict:
    storage = storage_of(str(output))
    files = known_files(str(output), format_name, storage)
    rows = [row for file in files for row in known_rows(file, format_name, storage, fingerprints(made))]
    return {row.uri: row for row in rows}


@pytest.mark.parametrize("format_name", FORMATS)
def test_outputs_of_schema_2_grow_with_the_next_run(outputs, tmp_path, format_name):
    output, folder = outputs / format_name, tmp_path / "in"
    write(folder / "new.md", "# New\n\nOne more.\n")
    before = known(output, format_name, options([folder], output, format_name))
    assert len(before) == 4 and not any(row.current for row in before.values())
    report = ingest([folder], output, format_name)
    assert report.statuses == {"ok": 1}
    # Whether a type is supported is known once it was tried again.
    assert report.held == {"ok": 3, "failed": 2}
    tables = read_tables(output)
    assert Counter(tuple(row["notes"] or ()) for row in tables["documents"]) == {(): 5}
    assert {row["path"] for row in tables["documents"]} == {
        "lakes.md",
        "rivers.txt",
        "broken.pdf",
        "slides.pptx",
        "new.md",
    }
    check_output({name: of(rows, "new.md", tables) for name, rows in tables.items()})
    assert ingest([folder], output, format_name).statuses == {"unchanged": 1}
    shown = CliRunner().invoke(app, ["query", str(output), "SELECT count(*) AS n FROM chunks", "--csv"])
    assert shown.exit_code == 0, shown.output


def of(rows: list, path: str, tables: dict) -> list:
    (doc_id,) = [row["doc_id"] for row in tables["documents"] if row["path"] == path]
    return [row for row in rows if row["doc_id"] == doc_id]


def test_documents_of_schema_2_are_redone_once(outputs):
    output = outputs / "delta"
    refs = [SourceRef(uri=uri, path=Path(uri).name) for uri in known(output, "delta", options([], output))]
    plan = plan_run(options([], output), refs)
    assert plan.counts == {"option-changed": 4}


def test_versions_of_schema_2_are_compared_with_those_of_today(outputs, tmp_path):
    """Their chunks had other ids: where the text is the same, nothing is to be embedded again."""
    output = outputs / "delta"
    before = snapshot(str(output))
    runs = read_runs(str(output))
    assert runs[-1].counts["listed"] == 4 and runs[-1].reasons == ()
    write(tmp_path / "in" / "new.md", "# New\n\nOne more.\n")
    ingest([tmp_path / "in"], output)
    found = Counter((change.kind, change.change) for change in changes(before, snapshot(str(output))))
    assert found == {("document", "added"): 1, ("chunk", "added"): 1}
    assert upkeep.migrate(str(output)) == []
    upkeep.restore(str(output), runs[-1].run_id)
    assert len(read_tables(output)["documents"]) == 4
    assert ingest([tmp_path / "in"], output).statuses == {"ok": 1}
