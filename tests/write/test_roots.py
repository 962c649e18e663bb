"""Where outputs may be, and under which names tables work there."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beam_pipeline.jobs.journal import failed, opened
from schemas.failures import ConfigurationError
from schemas.options import WriteOptions
from schemas.plan import Changes, RunFacts
from schemas.tables import TABLES
from transforms.lake.format.rows import table_batch
from transforms.lake.log.delta import commit_info, delta_uri
from transforms.lake.roots import output_root
from transforms.lake.snapshot import read_runs, snapshot
from transforms.stores.outputs import MARKER
from transforms.write.commit import committer
from transforms.write.stager import Stager

RUN = "20260101T000000-abcdef"
NAMES = [
    "run #1 ok?",
    "a#b",
    "a?b=c&d",
    "100%",
    " blanks ",
    "q'uo\"te",
    "{y}*",
    "ünï 中 😀",
    "e=1;x,y",
    "~$HOME",
    "co:lon",
]
UNSPEAKABLE = ["a%20b", "back\\slash", "[x]", "a|b", "a^b", "new\nline", "caf\udce9"]


@pytest.mark.parametrize(
    "text, root",
    [
        ("file:///a/b/", "/a/b"),
        ("file://localhost/a/b", "/a/b"),
        ("file:/a/b", "/a/b"),
        ("FILE:///a/b", "/a/b"),
        ("file:///a%20b/c%23", "/a b/c#"),
        ("file:///a#b?c", "/a#b?c"),
        ("/a//b/./", "/a/b"),
        ("s3://bucket/a b/", "s3://bucket/a b"),
        ("S3://bucket", "s3://bucket"),
        ("gs://bucket/x//", "gs://bucket/x"),
    ],
)
def test_each_output_has_one_spelling(text, root):
    assert output_root(text) == root


@pytest.mark.parametrize(
    "text",
    ["", "http://h/x", "hdfs://x/y", "s3://", "gs:///x", "s3://b/[x]", "s3://b/a*", "file://server/share", "a\0b"],
)
def test_what_is_no_place_for_tables_is_refused(text):
    with pytest.raises(ConfigurationError):
        output_root(text)


@given(st.text(alphabet=st.characters(blacklist_characters="\0"), min_size=1))
@example("file:x")
@example("a/../b")
def test_what_is_no_uri_is_a_folder(text):
    if "://" not in text and not text.lower().startswith("file:/"):
        assert output_root(text) == output_root(output_root(text)) and output_root(text).startswith("/")


def ingest(root: Path, kind: str, document, run: str = RUN) -> None:
    options = WriteOptions(output=str(root), format=kind)
    facts, seen = RunFacts(run_id=run, kind="ingest"), opened(options, run).seen
    stager = Stager(options, run)
    stager.add(table_batch(document, run))
    changes = stager.close()
    committer(options, facts, seen).commit(changes)
    failed(options, RunFacts(run_id=run[:-1] + "0"), "failed", RuntimeError("no luck"))


@pytest.mark.parametrize("name", NAMES)
def test_delta_tables_work_under_any_name_that_the_library_can_say(name, tmp_path, document):
    root = tmp_path / name
    ingest(root, "delta", document("a.txt"))
    ingest(root, "delta", document("b.txt"), "20260102T000000-abcdef")
    assert snapshot(str(root)).open("documents").count_rows() == 2
    assert len(read_runs(f"file://{root}".replace("%", "%25"))) == 5
    assert commit_info(str(root), "documents", 1)["docbeam.run_id"] == RUN
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", UNSPEAKABLE)
def test_delta_tables_are_refused_under_other_names(name, tmp_path):
    with pytest.raises(ConfigurationError, match="--format parquet"):
        opened(WriteOptions(output=str(tmp_path / name)), RUN)
    with pytest.raises(ConfigurationError, match="cannot name"):
        delta_uri(str(tmp_path / name), "documents")


@pytest.mark.parametrize("kind", ["parquet", "arrow", "avro"])
@pytest.mark.parametrize("name", [*NAMES, *UNSPEAKABLE])
def test_plain_tables_work_under_any_name(name, kind, tmp_path, document):
    root = tmp_path / name
    ingest(root, kind, document("a.txt"))
    found = snapshot(str(root))
    for table in TABLES:
        assert found.open(table).count_rows() > 0
    assert [record.status for record in read_runs(str(root))] == ["committed", "failed"]
    assert (root / MARKER).exists() and os.listdir(os.fsencode(tmp_path)) == [os.fsencode(name)]


def test_an_output_without_rows_has_its_format_and_its_tables(tmp_path):
    options = WriteOptions(output=str(tmp_path), format="arrow")
    committer(options, RunFacts(run_id=RUN, kind="ingest"), opened(options, RUN).seen).commit(Changes())
    assert all(snapshot(str(tmp_path)).open(table).count_rows() == 0 for table in TABLES)
