"""Runs follow each other as the log has them, whatever the clock said."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.jobs import upkeep
from beam_pipeline.jobs.journal import failed, opened
from schemas.options import WriteOptions
from schemas.plan import RunFacts, RunRecord
from transforms.lake.format.rows import table_batch
from transforms.lake.log import ledger
from transforms.lake.log.ledger import in_order, newest, run_at_version
from transforms.lake.snapshot import read_runs, snapshot
from transforms.write.commit import committer
from transforms.write.stager import Stager

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def row(run: str, day: int, version: int | None, number: int | None) -> dict:
    finished = (NOW + timedelta(days=day)).isoformat()
    versions = {} if version is None else {"documents": version, "chunks": version}
    record = RunRecord(
        run_id=run, kind="ingest", started=finished, finished=finished, status="", table_versions=versions
    )
    return ledger._row(msgspec.structs.replace(record, number=number))


@given(st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=1), st.booleans(), st.randoms())
def test_records_are_in_the_order_of_their_numbers(nights, numbered, shuffle: random.Random):
    rows, version = [], 0
    for number, (day, works) in enumerate(nights):
        version += works
        rows.append(row(str(number), day, version if works else None, number if numbered else None))
    shuffle.shuffle(rows)
    found = in_order(rows)
    committed = [int(record.run_id) for record in found if record.table_versions]
    assert committed == sorted(committed)
    if numbered:
        assert [int(record.run_id) for record in found] == list(range(len(nights)))
    last = newest(found)
    assert (last.table_versions["documents"] if last else 0) == version
    if committed:
        assert run_at_version(found, version) == last


@pytest.mark.parametrize("kind", ["delta", "parquet"])
def test_each_run_follows_the_one_before_though_its_clock_is_behind(kind, tmp_path, document, monkeypatch):
    options, runs = WriteOptions(output=str(tmp_path), format=kind), []
    for night in (3, 2, 1):
        monkeypatch.setattr(ledger, "utc_now", lambda night=night: (NOW + timedelta(days=night)).isoformat())
        run = f"2026011{night}T000000-abcdef"
        seen, stager = opened(options, run).seen, Stager(options, run)
        stager.add(table_batch(document(f"{night}.txt"), run))
        committer(options, RunFacts(run_id=run, kind="ingest"), seen).commit(stager.close())
        failed(options, RunFacts(run_id=run[:-1] + "0"), "failed", RuntimeError("no luck"))
        runs += [run, run[:-1] + "0"]
    assert [record.run_id for record in read_runs(str(tmp_path)) if record.kind != "baseline"] == runs
    assert snapshot(str(tmp_path)).open("documents").count_rows() == 3
    if kind == "delta":
        upkeep.vacuum(str(tmp_path), timedelta(0))
        assert snapshot(str(tmp_path), runs[-2]).open("chunks").to_table().num_rows == 3
