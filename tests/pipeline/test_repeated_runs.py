"""Runs over the same documents: what stays, what is replaced, and that nothing depends on how a run was spread."""

import shutil

import pytest
from pipeline_runs import (
    SENTENCE,
    check_output,
    document_named,
    ingest,
    read_tables,
    rows_of,
    without_run,
)

from schemas.options import ChunkOptions, ExtractOptions
from transforms.lake.datasets import open_table


@pytest.fixture(scope="module")
def reference(documents, tmp_path_factory):
    """The tables of one run with two workers."""
    output = tmp_path_factory.mktemp("reference")
    ingest([documents], output)
    return read_tables(output)


@pytest.mark.parametrize("format_name", ["delta", "avro"])
def test_again_and_changed_and_with_other_options(documents, tmp_path, format_name):
    folder, output = tmp_path / "in", tmp_path / "out"
    shutil.copytree(documents, folder)
    count = len([path for path in folder.rglob("*") if path.is_file()])

    versions = ingest([folder], output, format_name).table_versions
    first = read_tables(output)
    again = ingest([folder], output, format_name)
    assert again.statuses == {"unchanged": count}
    assert again.table_versions == versions
    assert read_tables(output) == first

    (folder / "notes.md").write_text(f"# Other notes\n\n{SENTENCE}\n")
    changed = ingest([folder], output, format_name)
    assert changed.statuses == {"unchanged": count - 1, "ok": 1}
    second = read_tables(output)
    check_output(second)
    doc_id = document_named(first, "notes.md")["doc_id"]
    for name in first:
        assert others(second, name, doc_id) == others(first, name, doc_id)
    assert [row["text"] for row in rows_of(second, "elements", doc_id)] == ["Other notes", SENTENCE.strip()]

    assert ingest([folder], output, format_name, chunk=ChunkOptions(max_tokens=64)).statuses == {"ok": count}
    third = read_tables(output)
    check_output(third)
    assert len(third["chunks"]) > len(second["chunks"])
    assert [row["text"] for row in third["elements"]] == [row["text"] for row in second["elements"]]
    assert not values(third, "documents", "fingerprint") & values(second, "documents", "fingerprint")
    assert values(third, "elements", "element_id") == values(second, "elements", "element_id")
    # Chunks are known by their texts.
    before, after = ids_by_text(second), ids_by_text(third)
    assert before.keys() & after.keys() and before.keys() != after.keys()
    assert all(before[key] == after[key] for key in before.keys() & after.keys())
    assert {*before.values()} & {*after.values()} == {before[key] for key in before.keys() & after.keys()}


def ids_by_text(tables):
    return {(row["doc_id"], row["content_hash"]): row["chunk_id"] for row in tables["chunks"]}


def values(tables, name, column):
    return {row[column] for row in tables[name]}


def others(tables, name, doc_id):
    return [row for row in tables[name] if row["doc_id"] != doc_id]


@pytest.mark.parametrize("workers", [1, 3])
def test_rows_do_not_depend_on_workers_or_order(documents, tmp_path, reference, workers):
    inputs = sorted((path for path in documents.rglob("*") if path.is_file()), reverse=workers == 1)
    ingest(inputs, tmp_path, extract=ExtractOptions(workers=workers))
    assert without_paths(read_tables(tmp_path)) == without_paths(reference)


def without_paths(tables):
    """Files named one by one have paths of their own."""
    tables = without_run(tables)
    return {**tables, "documents": [{**row, "path": ""} for row in tables["documents"]]}


def test_rows_do_not_depend_on_how_documents_are_split(documents, tmp_path, reference):
    ingest([documents], tmp_path, extract=ExtractOptions(part_pages=5))
    tables = read_tables(tmp_path)
    check_output(tables)
    assert without_run(tables) == without_run(reference)


def test_only_the_pages_of_the_range_have_rows(documents, tmp_path):
    # One of the two ranges is within the bound of a part, both together are not.
    extract = ExtractOptions(part_pages=5, page_range="2-3,7-")
    report = ingest([documents / "long.pdf", documents / "sub" / "short.pdf"], tmp_path, extract=extract)
    assert report.statuses == {"ok": 2}
    tables = read_tables(tmp_path)
    long, short = document_named(tables, "long.pdf"), document_named(tables, "short.pdf")
    wanted = [2, 3, 7, 8, 9, 10, 11, 12]
    assert [row["page"] for row in rows_of(tables, "pages", long["doc_id"])] == wanted
    elements = rows_of(tables, "elements", long["doc_id"])
    assert sorted({row["page"] for row in elements}) == wanted
    assert [row["page"] for row in elements] == sorted(row["page"] for row in elements)
    assert (long["page_count"], long["pages"]) == (12, 8)
    assert [row["page"] for row in rows_of(tables, "pages", short["doc_id"])] == [2]


def test_pages_of_a_split_document_are_in_order(documents, tmp_path):
    ingest([documents / "long.pdf"], tmp_path, extract=ExtractOptions(part_pages=1, workers=3))
    pages = open_table(str(tmp_path), "pages").to_table(columns=["page"])["page"].to_pylist()
    elements = open_table(str(tmp_path), "elements").to_table(columns=["index", "page"]).to_pylist()
    assert pages == list(range(1, 13))
    assert [row["index"] for row in elements] == list(range(len(elements)))
    assert [row["page"] for row in elements] == sorted(row["page"] for row in elements)
