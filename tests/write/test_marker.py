"""What an output says of itself, and what it refuses to share a folder with."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from beam_pipeline.jobs.journal import opened
from schemas.failures import ConfigurationError, OutputError
from schemas.options import WriteOptions
from schemas.plan import Changes, RunFacts
from schemas.tables import TABLES
from transforms.lake.format.columns import schema_of
from transforms.lake.marker import format_of, mark, require_own
from transforms.stores.outputs import MARKER, OWN, TABLE_FOLDERS, is_output, output_around, own_names
from transforms.write.commit import committer

RUN = "20260101T000000-abcdef"


def made(root: Path, kind: str = "delta") -> Path:
    committer(WriteOptions(output=str(root), format=kind), RunFacts(run_id=RUN)).catalog.prepare()
    return root


@pytest.mark.parametrize("kind", ["delta", "parquet", "arrow", "avro"])
def test_a_new_output_says_what_it_is(kind, tmp_path):
    root = made(tmp_path / "out", kind)
    assert json.loads((root / MARKER).read_text()) == {"docbeam": "output", "layout": 1, "format": kind}
    assert is_output(str(root)) and format_of(str(root)) == kind
    before = (root / MARKER).stat().st_mtime_ns
    made(root, kind)
    assert (root / MARKER).stat().st_mtime_ns == before
    assert {path.name for path in root.iterdir()} <= OWN
    with pytest.raises(ConfigurationError, match=f"is an output of format {kind}"):
        made(root, "parquet" if kind == "delta" else "delta")


def test_outputs_from_before_the_marker_are_known_by_their_tables_and_get_one(tmp_path):
    root = made(tmp_path / "delta")
    (root / MARKER).unlink()
    assert is_output(str(root)) and format_of(str(root)) == "delta"
    made(root)
    assert (root / MARKER).exists()
    plain = tmp_path / "plain"
    (plain / "documents").mkdir(parents=True)
    pq.write_table(TABLES["documents"].empty_table(), plain / "documents" / f"part-{RUN}-0123-0000.parquet")
    assert is_output(str(plain)) and format_of(str(plain)) == "parquet"
    require_own(str(plain))


def test_a_folder_with_tables_is_known_from_inside_and_from_outside(tmp_path):
    root = made(tmp_path / "out")
    (root / "mine").mkdir()
    for inside in (root / "documents", root / "_staging" / "x", root / "chunks" / "_delta_log" / "0.json"):
        assert output_around(str(inside)) == str(root)
    for outside in (root, root / "mine", tmp_path, tmp_path / "documents" / "a.md"):
        assert output_around(str(outside)) == ""
    assert own_names(str(root)) == OWN and own_names(str(tmp_path)) == frozenset()


@pytest.mark.parametrize("table", TABLE_FOLDERS)
@pytest.mark.parametrize("file", ["notes.md", "part-1.parquet", f"part-{RUN}.md", "deep/er/notes.md"])
def test_a_table_is_not_made_among_files_of_others(table, file, tmp_path):
    theirs = tmp_path / table / file
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    assert not is_output(str(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    for kind in ("delta", "parquet"):
        with pytest.raises(ConfigurationError, match=f"{table}/{file.partition('/')[0]}.*--output"):
            mark(str(tmp_path), kind)
    assert sorted(tmp_path.rglob("*")) == before


def test_neither_is_one_in_the_delta_table_of_others(tmp_path):
    write_deltalake(tmp_path / "documents", pa.table({"name": ["x"]}))
    assert not is_output(str(tmp_path)) and format_of(str(tmp_path)) == ""
    with pytest.raises(ConfigurationError, match="documents/_delta_log, documents/part-00"):
        mark(str(tmp_path), "delta")


def test_hidden_files_and_foreign_folders_beside_the_tables_do_not_matter(tmp_path):
    root = made(tmp_path / "out")
    (root / "documents" / ".DS_Store").write_text("")
    (root / "notes").mkdir()
    (root / "notes" / "a.md").write_text("mine")
    made(root)
    (root / "documents" / "late.md").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"documents/late\.md"):
        made(root)


def test_somebody_elses_marker_is_not_written_over(tmp_path):
    (tmp_path / MARKER).write_text('{"title": "mine"}')
    with pytest.raises(ConfigurationError, match="move it away"):
        made(tmp_path)
    assert (tmp_path / MARKER).read_text() == '{"title": "mine"}'


def test_a_marker_that_a_power_failure_emptied_is_written_again(tmp_path):
    root = made(tmp_path / "out")
    (root / MARKER).write_text("")
    assert format_of(str(root)) == "delta"
    made(root)
    assert format_of(str(root)) == "delta" and (root / MARKER).stat().st_size


def test_outputs_of_a_later_docbeam_are_refused(tmp_path):
    (tmp_path / MARKER).write_text('{"docbeam": "output", "layout": 2, "format": "delta"}')
    assert is_output(str(tmp_path))
    with pytest.raises(ConfigurationError, match="later docbeam"):
        made(tmp_path)


def test_a_table_may_be_a_link_to_an_empty_folder_but_not_to_a_full_one(tmp_path):
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "chunks").symlink_to(elsewhere)
    made(tmp_path / "out")
    assert (elsewhere / "_delta_log").is_dir()
    shutil.rmtree(tmp_path / "out" / "documents")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.md").write_text("mine")
    (tmp_path / "out" / "documents").symlink_to(tmp_path / "mine")
    with pytest.raises(ConfigurationError, match=r"documents/a\.md"):
        made(tmp_path / "out")


def test_a_table_that_is_lost_is_told_and_not_made_anew_in_silence(tmp_path):
    options = WriteOptions(output=str(tmp_path))
    committer(options, RunFacts(run_id=RUN, kind="ingest"), opened(options, RUN).seen).commit(Changes())
    for _ in range(2):
        opened(options, RUN)
    table = schema_of("chunks").empty_table()
    write_deltalake(tmp_path / "chunks", table, mode="append")
    committer(options, RunFacts(run_id=RUN[:-1] + "0", kind="ingest"), opened(options, RUN).seen).commit(Changes())
    shutil.rmtree(tmp_path / "chunks")
    for _ in range(2):
        with pytest.raises(OutputError, match="lost its table chunks"):
            opened(options, RUN)
