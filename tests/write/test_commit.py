"""Files and commits, on real Delta tables and plain folders."""

import os
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from schemas.failures import ConfigurationError, OutputError
from schemas.options import WriteOptions
from schemas.plan import Changes, Known, RunFacts
from schemas.stamps import content_mark, listed_mark
from schemas.tables import TABLES
from schemas.versions import Fingerprints, Made
from transforms.lake.datasets import open_table, output_format
from transforms.lake.documents import read_documents
from transforms.lake.format.files import TableFiles
from transforms.lake.format.rows import table_batch
from transforms.lake.known import known_files, known_rows
from transforms.lake.log.catalog import STAGING, DeltaCatalog
from transforms.stores.local import LocalStorage
from transforms.write.commit import committer

FORMATS = ("delta", "parquet", "arrow", "avro")


def ingest(root: Path, run: str, documents, format_name: str = "delta", file_bytes: int = 1 << 20):
    options = WriteOptions(output=str(root), format=format_name)
    committer(options, RunFacts(run_id=run)).catalog.prepare()
    written = []
    for name in TABLES:
        prefix = f"{root}/{STAGING}/{run}/{name}/part-{run}-x"
        files = TableFiles(name, prefix, format_name, LocalStorage().create, (file_bytes, 2, 1 << 20))
        for document in documents:
            tables = table_batch(document, run).tables
            if name in tables:
                written += files.add(tables[name])
        written += files.close()
    changes = Changes(files=written, doc_ids=[d.info.doc_id for d in documents])
    return committer(options, RunFacts(run_id=run)).commit(changes)


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_is_committed_is_read_back(format_name, tmp_path, document) -> None:
    originals = [document(f"{i}.txt") for i in range(5)]
    ingest(tmp_path, "run1", originals, format_name)
    assert output_format(str(tmp_path)) == format_name
    assert sorted(read_documents(str(tmp_path)), key=lambda d: d.info.ref.path) == originals


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_second_run_replaces_its_documents_and_keeps_the_others(format_name, tmp_path, document) -> None:
    ingest(tmp_path, "run1", [document("a.txt"), document("b.txt"), document("c.txt")], format_name)
    ingest(tmp_path, "run2", [document("b.txt", text="new"), document("d.txt")], format_name)
    expected = [document("a.txt"), document("b.txt", text="new"), document("c.txt"), document("d.txt")]
    assert sorted(read_documents(str(tmp_path)), key=lambda d: d.info.ref.path) == expected
    runs = open_table(str(tmp_path), "documents").to_table().sort_by("path")["run_id"].to_pylist()
    assert runs == ["run1", "run2", "run1", "run2"]


def test_a_replaced_file_disappears_in_the_commit_that_brings_its_rows(tmp_path, document) -> None:
    ingest(tmp_path, "run1", [document("a.txt"), document("b.txt")])
    before = DeltaTable(f"{tmp_path}/chunks").version()
    versions = ingest(tmp_path, "run2", [document("a.txt", text="new")])
    assert versions["chunks"] == before + 1
    for version in (before, before + 1):
        table = DeltaTable(f"{tmp_path}/chunks", version=version).to_pyarrow_dataset().to_table()
        assert table.num_rows == 2


def test_a_retried_commit_changes_nothing(tmp_path, document) -> None:
    first = ingest(tmp_path, "run1", [document("a.txt")])
    again = committer(WriteOptions(output=str(tmp_path)), RunFacts(run_id="run1")).commit(
        Changes(doc_ids=[document("a.txt").info.doc_id])
    )
    assert set(first) == set(TABLES) and again == {}
    assert open_table(str(tmp_path), "chunks").count_rows() == 1


def test_nothing_is_visible_before_the_commit(tmp_path, document) -> None:
    options = WriteOptions(output=str(tmp_path))
    committer(options, RunFacts(run_id="dead")).catalog.prepare()
    prefix = f"{tmp_path}/{STAGING}/dead/chunks/part"
    files = TableFiles("chunks", prefix, "delta", LocalStorage().create, (1, 1, 1))
    assert [f.rows for f in files.add(table_batch(document("a.txt"), "dead").tables["chunks"])] == [1]
    assert open_table(str(tmp_path), "chunks").count_rows() == 0
    assert not list((tmp_path / "chunks").glob("*.parquet"))


def test_documents_are_committed_last(tmp_path, document, monkeypatch) -> None:
    order = []
    original = DeltaCatalog.commit
    monkeypatch.setattr(
        DeltaCatalog, "commit", lambda self, table, *rest: (order.append(table), original(self, table, *rest))[1]
    )
    ingest(tmp_path, "run1", [document("a.txt")])
    assert order[-2:] == ["documents", "runs"] and set(order) == {*TABLES, "runs"}


def test_files_roll_by_bytes_and_groups_by_rows(tmp_path, document) -> None:
    batches = [table_batch(document(f"{i}.txt"), "r").tables["elements"] for i in range(4)]
    files = TableFiles("elements", f"{tmp_path}/part", "parquet", LocalStorage().create, (1, 6, 1 << 20))
    written = [file for batch in batches for file in files.add(batch)]
    assert [file.rows for file in written] == [6, 6] and list(files.close()) == []
    assert [os.path.getsize(file.path) for file in written] == [file.size for file in written]


def known(root: Path, fingerprint: str) -> dict[str, Known]:
    versions = Fingerprints(current={fingerprint: Made("onnx")})
    files = known_files(str(root), "delta", LocalStorage())
    return {row.uri: row for path in files for row in known_rows(path, "delta", LocalStorage(), versions)}


def test_known_rows_tell_what_planning_needs(tmp_path, document) -> None:
    retry = document("retry.txt")
    retry.failures = [msgspec.structs.replace(retry.failures[0], retryable=True)]
    ingest(tmp_path, "run1", [document("a.txt"), document("old.txt", fingerprint="other"), retry])
    rows = known(tmp_path, "f")
    assert {uri: (row.current, row.retryable) for uri, row in rows.items()} == {
        "/docs/a.txt": (True, False),
        "/docs/old.txt": (False, False),
        "/docs/retry.txt": (True, True),
    }
    assert {uri: row.reader for uri, row in rows.items()} == {
        "/docs/a.txt": "onnx",
        "/docs/old.txt": "",
        "/docs/retry.txt": "onnx",
    }
    ref = document("a.txt").info.ref
    assert rows["/docs/a.txt"].doc_id.hex() == document("a.txt").info.doc_id
    assert rows["/docs/a.txt"].content == content_mark("hash of Hello")
    assert rows["/docs/a.txt"].mark == listed_mark(ref.path, ref.manifest, ref.metadata)


def test_an_output_without_tables_is_a_configuration_error(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="no docbeam output"):
        open_table(str(tmp_path), "documents")
    assert known(tmp_path, "f") == {}


def test_an_output_that_cannot_be_written_stops_the_run(tmp_path) -> None:
    (tmp_path / "documents").write_text("in the way")
    with pytest.raises(ConfigurationError, match="did not write where its tables go: documents"):
        DeltaCatalog(str(tmp_path)).prepare()


def test_a_missing_table_is_an_output_error(tmp_path, document) -> None:
    ingest(tmp_path, "run1", [document("a.txt")])
    with pytest.raises(OutputError, match="nothere"):
        open_table(str(tmp_path), "nothere")


@pytest.mark.parametrize("format_name", FORMATS)
def test_empty_tables_have_their_columns(format_name, tmp_path, document) -> None:
    plain = document("a.txt")
    plain.failures, plain.chunks = [], []
    ingest(tmp_path, "run1", [plain], format_name)
    table = open_table(str(tmp_path), "chunks").to_table()
    assert table.num_rows == 0 and table.schema.names == TABLES["chunks"].names


def test_schemas_are_versioned_and_have_no_json_strings() -> None:
    for name, schema in TABLES.items():
        assert schema.metadata[b"docbeam.table"].decode() == name
        assert int(schema.metadata[b"docbeam.schema_version"]) >= 1
        assert all(not pa.types.is_binary(field.type) for field in schema)
