"""Claims, repairs, snapshots, time travel and housekeeping, on real Delta tables."""

import subprocess
import sys
import tarfile
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from beam_pipeline.jobs import upkeep
from beam_pipeline.jobs.journal import failed, ledger_of, opened, record_of
from schemas.failures import ConfigurationError, OutputError
from schemas.options import WriteOptions
from schemas.plan import Changes, RunFacts
from schemas.tables import TABLES
from transforms.lake.changes import changes
from transforms.lake.documents import read_documents
from transforms.lake.format.columns import adapted_row, conform, nothing
from transforms.lake.format.files import TableFiles
from transforms.lake.format.rows import table_batch
from transforms.lake.log.lock import only_writer
from transforms.lake.snapshot import read_runs, snapshot
from transforms.stores.local import LocalStorage
from transforms.write.commit import committer

ROOT = Path(__file__).resolve().parents[2]


def options(root) -> WriteOptions:
    return WriteOptions(output=str(root))


def staged(root, run, documents, **more) -> Changes:
    written = []
    for name in TABLES:
        files = TableFiles(
            name, f"{root}/_staging/{run}/{name}/part-{run}-x", "delta", LocalStorage().create, (1 << 20, 2, 1 << 20)
        )
        for document in documents:
            written += files.add(table_batch(document, run).tables[name]) if document else []
        written += files.close()
    return Changes(files=written, doc_ids=[d.info.doc_id for d in documents], listed=len(documents), **more)


def ingest(root, run, documents, **more):
    seen = opened(options(root), run).seen
    return committer(options(root), RunFacts(run_id=run), seen).commit(staged(root, run, documents, **more))


def names(root, **at) -> list[str]:
    return sorted(d.info.ref.path for d in read_documents(str(root), snapshot(str(root), **at).open))


def test_each_run_is_on_record_with_the_versions_it_left(tmp_path, document):
    ingest(tmp_path, "20260101T000000-a", [document("a.txt")])
    ingest(tmp_path, "20260102T000000-b", [document("b.txt")])
    records = read_runs(str(tmp_path))
    assert [(r.run_id, r.kind, r.status) for r in records] == [
        ("20260101T000000-a-before", "baseline", "committed"),
        ("20260101T000000-a", "ingest", "committed"),
        ("20260102T000000-b", "ingest", "committed"),
    ]
    assert [r.table_versions["documents"] for r in records] == [0, 1, 2]
    assert records[1].counts["partial"] == 1 and records[1].counts["pages"] == 2
    assert records[1].failures == {"corrupt": 1}
    assert names(tmp_path, as_of="20260101T000000-a") == ["a.txt"]
    assert names(tmp_path, as_of="20260102") == ["a.txt", "b.txt"]
    assert names(tmp_path, version=1) == ["a.txt"]
    assert names(tmp_path) == names(tmp_path, version=9) == ["a.txt", "b.txt"]
    assert names(tmp_path, as_of="20260101") == ["a.txt"], "the run, not what was there before it"
    for wrong, told in ("nope", "no run 'nope'"), ("2026", "2 runs begin with '2026'"):
        with pytest.raises(ConfigurationError, match=told):
            snapshot(str(tmp_path), wrong)
    assert record_of(options(tmp_path), "20260102T000000-b") == records[2]


def test_of_two_runs_that_began_together_the_second_changes_nothing(tmp_path, document):
    seen = {run: opened(options(tmp_path), run).seen for run in ("one", "two")}
    assert committer(options(tmp_path), RunFacts(run_id="one"), seen["one"]).commit(
        staged(tmp_path, "one", [document("a.txt")])
    )
    late = staged(tmp_path, "two", [document("b.txt")])
    with pytest.raises(OutputError, match="another run committed"):
        committer(options(tmp_path), RunFacts(run_id="two"), seen["two"]).commit(late)
    assert names(tmp_path) == ["a.txt"]


def test_a_listing_that_did_not_arrive_whole_changes_nothing(tmp_path, document):
    with pytest.raises(OutputError, match="of 3 listed documents 2 reached the plan"):
        ingest(tmp_path, "one", [document("a.txt")], sent=3, received=2)
    assert names(tmp_path) == []


def torn(root, run, documents, stop_at, monkeypatch, **more):
    """A commit that dies before the table `stop_at`."""
    from transforms.lake.log.catalog import DeltaCatalog

    original = DeltaCatalog.commit

    def dies(self, table, *rest):
        if table == stop_at:
            raise KeyboardInterrupt
        return original(self, table, *rest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(DeltaCatalog, "commit", dies)
        ingest(root, run, documents, **more)


@pytest.mark.parametrize("stop_at", [*TABLES, "runs"])
def test_a_torn_commit_is_not_seen_and_is_undone(tmp_path, document, monkeypatch, stop_at):
    ingest(tmp_path, "one", [document("a.txt"), document("b.txt")])
    before = sorted(read_documents(str(tmp_path)), key=lambda d: d.info.ref.path)
    gone = [document("b.txt").info.doc_id]
    torn(
        tmp_path,
        "20260102T000000-two222",
        [document("a.txt", text="new"), document("c.txt")],
        stop_at,
        monkeypatch,
        removed=gone,
    )
    seen = sorted(read_documents(str(tmp_path), snapshot(str(tmp_path)).open), key=lambda d: d.info.ref.path)
    assert seen == before
    # Nothing changed at the sources when the next run comes: what was torn must not stay.
    ingest(tmp_path, "three", [])
    after = sorted(read_documents(str(tmp_path)), key=lambda d: d.info.ref.path)
    assert after == before
    kinds = [record.kind for record in read_runs(str(tmp_path))]
    assert kinds.count("repair") == 1
    ingest(tmp_path, "four", [document("a.txt", text="new")])
    upkeep.vacuum(str(tmp_path), timedelta())
    assert plain_files(tmp_path) == active_files(tmp_path)


def plain_files(root):
    return {str(path) for name in TABLES for path in (Path(root) / name).glob("*.parquet")}


def active_files(root):
    catalog = ledger_of(options(root)).catalog
    return {path for name in TABLES for path in catalog.files(name)}


def test_restore_goes_back_and_forth(tmp_path, document):
    ingest(tmp_path, "one", [document("a.txt")])
    ingest(tmp_path, "two", [document("b.txt")], removed=[document("a.txt").info.doc_id])
    assert names(tmp_path) == ["b.txt"]
    versions = upkeep.restore(str(tmp_path), "one")
    assert names(tmp_path) == ["a.txt"]
    assert read_runs(str(tmp_path))[-1].table_versions == versions
    upkeep.restore(str(tmp_path), "two")
    assert names(tmp_path) == ["b.txt"]
    failed(options(tmp_path), RunFacts(run_id="three"), "failed", RuntimeError("no luck"))
    assert read_runs(str(tmp_path))[-1].message == "no luck"
    with pytest.raises(ConfigurationError, match="changed nothing"):
        upkeep.restore(str(tmp_path), "three")


def test_compact_and_vacuum_leave_plain_parquet(tmp_path, document):
    for number in range(4):
        ingest(tmp_path, f"run{number}", [document(f"{number}.txt")])
    before = sorted(read_documents(str(tmp_path)), key=lambda d: d.info.doc_id)
    done = upkeep.compact(str(tmp_path), 1 << 20, 1000)
    assert done["chunks"] == {"added": 1, "removed": 4}
    assert names(tmp_path, as_of="run1") == ["0.txt", "1.txt"]
    orphan = tmp_path / "chunks" / "part-20250101T000000-nobody-0000.parquet"
    orphan.write_bytes(b"left by a dead run")
    would_go = upkeep.vacuum(str(tmp_path), timedelta(days=7), dry_run=True)
    assert [Path(path).name for path in would_go if "chunks" in path] == [orphan.name] and orphan.exists()
    assert names(tmp_path, as_of="run1") == ["0.txt", "1.txt"]
    assert len(upkeep.vacuum(str(tmp_path), timedelta())) > 10
    assert plain_files(tmp_path) == active_files(tmp_path)
    assert all(len(list((tmp_path / name).glob("*.parquet"))) == 1 for name in TABLES)
    assert sorted(read_documents(str(tmp_path)), key=lambda d: d.info.doc_id) == before
    ingest(tmp_path, "after", [document("after.txt")])
    assert len(names(tmp_path)) == 5


def test_changes_between_two_runs(tmp_path, document):
    ingest(tmp_path, "one", [document("a.txt"), document("b.txt"), document("same.txt")])
    new = document("a.txt", text="new")
    new.chunks = [type(new.chunks[0])(**{**fields(new.chunks[0]), "chunk_id": "other", "content_hash": "x"})]
    ingest(tmp_path, "two", [new, document("c.txt")], removed=[document("b.txt").info.doc_id])
    found = list(changes(snapshot(str(tmp_path), "one"), snapshot(str(tmp_path))))
    assert {(c.change, c.uri) for c in found if c.kind == "document"} == {
        ("changed", "/docs/a.txt"),
        ("removed", "/docs/b.txt"),
        ("added", "/docs/c.txt"),
    }
    chunks = {(c.change, c.chunk_id, c.old_chunk_id) for c in found if c.kind == "chunk"}
    assert chunks == {("changed", "other", "a.txt-c0"), ("removed", "", "b.txt-c0"), ("added", "c.txt-c0", "")}
    assert list(changes(snapshot(str(tmp_path)), snapshot(str(tmp_path)))) == []


def fields(record):
    return {name: getattr(record, name) for name in record.__struct_fields__}


HOLDER = """
import sys
from transforms.lake.log.lock import only_writer
with only_writer(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_writer_at_a_time_and_dead_ones_do_not_count(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    with pytest.raises(OutputError, match="--wait"), only_writer(str(tmp_path)):
        pass
    process.kill()
    process.communicate()
    with only_writer(str(tmp_path), wait=True):
        assert (tmp_path / "_staging" / "writer").exists()
    assert not (tmp_path / "_staging" / "writer").exists()
    with only_writer("gs://bucket/out"):
        pass


@pytest.fixture
def old_output(tmp_path):
    """What docbeam wrote with table schema 1: no runs table, no stamps."""
    with tarfile.open(Path(__file__).parent / "outputs" / "schema_1.tar.gz") as archive:
        archive.extractall(tmp_path / "old", filter="data")
    return tmp_path / "old"


def test_an_output_of_the_first_schema_is_read_and_written_on(old_output, document):
    old = {d.info.ref.path: d for d in read_documents(str(old_output), snapshot(str(old_output)).open)}
    assert sorted(old) == ["lakes.md", "rivers.txt"]
    assert old["lakes.md"].info.ref.stamp == "" and old["lakes.md"].info.attempts == 0
    ingest(old_output, "new", [document("a.txt")], removed=[old["rivers.txt"].info.doc_id])
    assert names(old_output) == ["a.txt", "lakes.md"]
    assert names(old_output, as_of="new-before") == ["lakes.md", "rivers.txt"]
    kept = {d.info.ref.path: d for d in read_documents(str(old_output))}["lakes.md"]
    assert kept == old["lakes.md"]
    assert upkeep.migrate(str(old_output)) == []


def test_an_incompatible_column_asks_for_migrate(tmp_path, document):
    ingest(tmp_path, "one", [document("a.txt")])
    folder = str(tmp_path / "pages")
    table = DeltaTable(folder).to_pyarrow_table()
    text = table.set_column(1, "page", pa.array(["1", "2"]))
    write_deltalake(folder, text, mode="overwrite", schema_mode="overwrite")
    with pytest.raises(ConfigurationError, match="docbeam migrate"):
        opened(options(tmp_path), "two")
    assert upkeep.migrate(str(tmp_path)) == ["pages"]
    ingest(tmp_path, "three", [document("b.txt")])
    assert DeltaTable(folder).to_pyarrow_table()["page"].to_pylist() == [1, 2, 1, 2]


def test_rows_of_other_shapes_become_todays():
    struct = pa.struct([pa.field("x", pa.int32(), False), pa.field("note", pa.string(), False)])
    schema = pa.schema([pa.field("items", pa.list_(struct), False), pa.field("box", struct), pa.field("n", pa.int32())])
    assert adapted_row({"items": [{"x": "7"}], "box": None}, schema) == {
        "items": [{"x": 7, "note": ""}],
        "box": None,
        "n": None,
    }
    with pytest.raises(ConfigurationError, match="holds 'seven'"):
        adapted_row({"n": "seven"}, schema)
    assert nothing(struct) == {"x": 0, "note": ""} and nothing(pa.bool_()) is False and nothing(pa.list_(struct)) == []
    bare = pa.table({"doc_id": ["d"], "uri": ["/a"], "retryable": [None]})
    row = conform(bare, "documents").to_pylist()[0]
    assert (row["uri"], row["retryable"], row["stamp"], row["metadata"], row["size"]) == ("/a", False, "", [], 0)
    with pytest.raises(ConfigurationError, match="docbeam migrate"):
        conform(pa.table({"page": ["one"]}), "pages")
