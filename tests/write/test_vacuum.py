"""What `vacuum` removes: files of ours that no kept version needs, whatever else lies in a table's folder."""

import itertools
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.jobs.journal import ledger_of, opened
from schemas.options import WriteOptions
from schemas.plan import RunFacts, RunRecord
from schemas.tables import TABLES
from transforms.lake.format.rows import table_batch
from transforms.lake.snapshot import read_runs, snapshot
from transforms.write.commit import committer
from transforms.write.maintain import _newest_since, compact, vacuum
from transforms.write.stager import Stager

UUID = "00000000-0000-4000-8000-000000000000"
FOREIGN = ("notes.md", "part-1.parquet", "deep/er/notes.md", f"part-00000-{UUID}-c000.snappy.parquet", "other.parquet")
ORPHANS = ("part-20250101T000000-abcdef-0123-0000.parquet", f"part-00009-{UUID}-c000.zstd.parquet")


def night(root: Path, number: int, *documents) -> str:
    options, run = WriteOptions(output=str(root)), f"202601{number:02}T000000-abcdef"
    seen, stager = opened(options, run).seen, Stager(WriteOptions(output=str(root)), run)
    for document in documents:
        stager.add(table_batch(document, run))
    committer(options, RunFacts(run_id=run, kind="ingest"), seen).commit(stager.close())
    return run


def test_only_files_of_ours_go(tmp_path, document):
    root = tmp_path / "out"
    night(root, 1, document("a.txt"))
    night(root, 2, document("a.txt", text="new"))
    for table in (*TABLES, "runs"):
        for name in FOREIGN:
            (root / table / name).parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table({"mine": [1]}), root / table / name)
        for name in ORPHANS:
            schema = pa.schema(pq.read_schema(next((root / "pages").glob("part-2026*"))))
            pq.write_table(schema.empty_table(), root / table / name)
    shutil.copytree(root, tmp_path / "before")
    ledger = ledger_of(WriteOptions(output=str(root)))
    planned = vacuum(ledger, timedelta(0), dry_run=True)
    assert sorted(p.relative_to(root) for p in root.rglob("*")) == sorted(
        p.relative_to(tmp_path / "before") for p in (tmp_path / "before").rglob("*")
    )
    # Foreign files make it refuse to prepare; then nothing goes either.
    for table in (*TABLES, "runs"):
        for name in FOREIGN:
            assert f"{root}/{table}/{name}" not in planned
    ledger.storage.delete_all(planned)
    assert all((root / table / name).exists() for table in TABLES for name in FOREIGN)
    assert not (root / "pages" / ORPHANS[0]).exists() and not (root / "pages" / ORPHANS[1]).exists()
    # What has a name of Delta's, but other columns than the table, is somebody's.
    assert (root / "chunks" / ORPHANS[1]).exists()
    assert [row["text"] for row in snapshot(str(root)).open("chunks").to_table().to_pylist()] == ["new"]


def test_small_files_go_after_compaction_and_every_kept_run_can_be_read(tmp_path, document):
    runs = [night(tmp_path, number, document(f"{number}.txt")) for number in (1, 2, 3)]
    options = WriteOptions(output=str(tmp_path))
    compact(ledger_of(options), RunFacts(run_id="20260104T000000-abcdef", kind="compact"), 1 << 20, 100)
    # Nobody goes back in the runs table itself.
    assert {Path(path).parent.name for path in vacuum(ledger_of(options), timedelta(days=1))} == {"runs"}
    assert [snapshot(str(tmp_path), run).open("chunks").count_rows() for run in runs] == [1, 2, 3]
    assert len(vacuum(ledger_of(options), timedelta(0))) == 3 * 5
    assert vacuum(ledger_of(options), timedelta(0)) == []
    assert snapshot(str(tmp_path)).open("chunks").count_rows() == 3
    assert len(read_runs(str(tmp_path))) == 5


def record(finished: datetime, version: int) -> RunRecord:
    return RunRecord(
        run_id=str(version),
        kind="ingest",
        started="",
        finished=finished.isoformat(),
        status="committed",
        options=(),
        versions={},
        table_versions={"documents": version},
        message="",
    )


START = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.lists(st.integers(-30, 30), min_size=1), st.integers(-40, 40))
def test_the_newest_is_kept_whatever_the_clock_said(days, asked):
    records = [record(START + timedelta(days=day), number) for number, day in enumerate(days)]
    since = (START + timedelta(days=asked)).isoformat()
    kept = _newest_since(since, records)
    assert kept[-1] == records[-1]
    assert all(one in kept for one, end in itertools.pairwise(records) if end.finished >= since)


@pytest.mark.parametrize("asked, kept", [(1.5, [1, 2, 3]), (2.5, [2, 3]), (9, [3])])
def test_the_run_that_was_the_newest_when_the_time_began_is_kept(asked, kept):
    records = [record(START + timedelta(days=day), day) for day in (0, 1, 2, 3)]
    found = _newest_since((START + timedelta(days=asked)).isoformat(), records)
    assert [r.table_versions["documents"] for r in found] == kept
