"""A whole run over a small mixed folder, for each output format: what its reopened tables say."""

import functools
from collections import Counter

import apache_beam as beam
import pytest
from pipeline_runs import (
    check_output,
    document_named,
    ingest,
    read_tables,
    rows_of,
    without_run,
    write_broken_documents,
    write_documents,
)

from beam_pipeline.jobs import threads

FORMATS = ("delta", "parquet", "arrow", "avro")


@pytest.fixture(scope="session")
def mixed(tmp_path_factory):
    """(folder, manifest, categories by file name): readable, broken, missing and twice-named documents."""
    root = tmp_path_factory.mktemp("mixed")
    folder = root / "in"
    folder.mkdir()
    write_documents(folder)
    categories = write_broken_documents(folder)
    manifest = root / "list.csv"
    manifest.write_text("uri,team\nin/missing.pdf,blue\nin/notes.md,red\n")
    return folder, manifest, {**categories, "in/missing.pdf": "not_found"}


@pytest.fixture(scope="session")
def outcomes(mixed, tmp_path_factory):
    """format -> (report, tables) of one run."""
    folder, manifest, _ = mixed

    @functools.cache
    def outcome_in(format_name):
        output = tmp_path_factory.mktemp(format_name)
        # A folder of the folder again: each document is ingested once all the same.
        report = ingest([folder, folder / "sub"], output, format_name, manifests=(str(manifest),))
        return report, read_tables(output)

    return outcome_in


@pytest.fixture(scope="session", params=FORMATS)
def outcome(request, outcomes):
    return outcomes(request.param)


def test_every_row_is_right(outcome):
    check_output(outcome[1])


def test_few_documents_get_the_rows_that_the_graph_makes(mixed, outcomes, tmp_path, monkeypatch):
    folder, manifest, _ = mixed
    monkeypatch.setattr(threads, "SHARE", 1.0)
    monkeypatch.setattr(beam, "Pipeline", None)
    report = ingest([folder, folder / "sub"], tmp_path, manifests=(str(manifest),))
    assert without_run(read_tables(tmp_path)) == without_run(outcomes("delta")[1])
    ours = outcomes("delta")[0]
    told = {
        "statuses",
        "pages",
        "elements",
        "chunks",
        "hidden_elements",
        "doubtful_pages",
        "failures",
        "table_versions",
    }
    assert {name: getattr(report, name) for name in told} == {name: getattr(ours, name) for name in told}


def test_every_uri_ends_in_one_status(mixed, outcome):
    folder, _, categories = mixed
    report, tables = outcome
    expected = {str(path) for path in folder.rglob("*") if path.is_file()} | {str(folder / "missing.pdf")}
    assert [row["uri"] for row in tables["documents"]] == sorted(expected)
    assert report.statuses == Counter(row["status"] for row in tables["documents"])
    bad = {row["path"]: row["status"] for row in tables["documents"] if row["status"] in ("failed", "unsupported")}
    assert bad == {path: "unsupported" if why == "unsupported" else "failed" for path, why in categories.items()}


def test_failures_name_their_category(mixed, outcome):
    _, tables = outcome
    for path, category in mixed[2].items():
        (failure,) = rows_of(tables, "failures", document_named(tables, path)["doc_id"])
        assert failure["category"] == category
    assert len(tables["failures"]) == len(mixed[2])


def test_metadata_of_the_manifest_wins_over_the_folder(outcome):
    for path in ("in/missing.pdf", "in/notes.md"):
        (pair,) = document_named(outcome[1], path)["metadata"]
        assert pair["key"] == "team"


def test_content_reaches_the_tables(outcome):
    _, tables = outcome
    texts = {row["text"] for row in tables["elements"]}
    assert {"Harbour rules", "Weather", "Notes", "Lakes, part 12"} <= texts
    assert {row["type"] for row in tables["elements"]} >= {"heading", "paragraph", "list_item", "table"}
    assert any(len(row["section_path"]) == 2 for row in tables["elements"])
    assert any(row["section_path"] for row in tables["chunks"])
    assert document_named(tables, "long.pdf")["title"] == "Lakes of the north"
    last = rows_of(tables, "chunks", document_named(tables, "long.pdf")["doc_id"])[-1]
    assert last["page_end"] == 12
    assert last["boxes"]


def test_formats_hold_the_same_rows(outcome, outcomes):
    _, tables = outcomes("delta")
    assert without_run(outcome[1]) == without_run(tables)
