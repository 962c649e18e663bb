"""Portions of whole documents: what survives of a run that did not come to its end, on real outputs."""

import posixpath
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.jobs import upkeep
from beam_pipeline.jobs.journal import ledger_of, opened
from beam_pipeline.jobs.keeping import keep, portions_of
from schemas.failures import OutputError
from schemas.options import WriteOptions
from schemas.plan import RunFacts
from schemas.tables import TABLES
from transforms.lake.datasets import open_table
from transforms.lake.format.rows import table_batch
from transforms.lake.log.ledger import Ledger
from transforms.write.commit import Commit, Committer
from transforms.write.portions import LONGEST, SHARE, SHORTEST, Portions, is_due
from transforms.write.records import StagedRun
from transforms.write.takeover import base_of

FORMATS = ("delta", "parquet", "arrow", "avro")
DEAD, NEXT = "20260101T000000-aaaaaa", "20260102T000000-bbbbbb"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def options(root: Path, format_name: str = "delta") -> WriteOptions:
    return WriteOptions(output=str(root), format=format_name)


def died(root: Path, portions: list[list], unfinished: list, format_name: str = "delta", run: str = DEAD) -> None:
    """A run that staged these portions, and began another one, when it was killed."""
    chosen, clock = options(root, format_name), Clock()
    opened(chosen, run)
    facts = RunFacts(run_id=run, started="2026-01-01T00:00:00+00:00")
    staged = StagedRun(facts=facts, format=format_name, base=base_of(ledger_of(chosen)), planned=9)
    held = Portions(chosen, staged, clock)
    for documents in portions:
        *first, last = documents
        for document in first:
            assert held.add(table_batch(document, run))
        clock.now += LONGEST
        assert held.add(table_batch(last, run))
    for document in unfinished:
        assert held.add(table_batch(document, run))
    # What ends with its process.
    held._held.close()


def uris(root: Path, table: str = "documents") -> list[str]:
    rows = open_table(str(root), table).to_table(columns=["doc_id"] if table != "documents" else ["uri"])
    return sorted(next(iter(row.values())) for row in rows.to_pylist())


def staged(root: Path) -> list[Path]:
    return list((root / "_staging").iterdir())


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_portion_is_never_longer_than_its_share_and_never_shorter_than_a_moment(taken, age):
    assert is_due(taken, age) == (age >= SHORTEST and (age >= LONGEST or age >= SHARE * taken))


def test_ten_hours_leave_some_hundred_portions():
    taken = sealed = 0.0
    count = 0
    while taken < 36_000:
        taken += 1
        if is_due(taken, taken - sealed):
            sealed, count = taken, count + 1
    assert 80 < count < 120


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_next_run_takes_over_what_is_whole(tmp_path, document, format_name):
    portions = [[document("a.txt"), document("b.txt")], [document("c.txt")]]
    died(tmp_path, portions, [document("d.txt")], format_name)
    ready = opened(options(tmp_path, format_name), NEXT)
    assert ready.taken_over == 3
    assert uris(tmp_path) == ["/docs/a.txt", "/docs/b.txt", "/docs/c.txt"]
    for table in TABLES:
        assert len(set(uris(tmp_path, table))) == 3
    (record,) = [r for r in ledger_of(options(tmp_path, format_name)).read() if r.run_id == DEAD]
    assert (record.status, record.message) == ("killed", "killed; 3 of 9 documents are kept")
    assert record.counts["partial"] == 3 and record.counts["listed"] == 0
    assert staged(tmp_path) == []
    assert opened(options(tmp_path, format_name), NEXT).taken_over == 0


def test_documents_that_were_there_are_replaced(tmp_path, document):
    died(tmp_path, [[document("a.txt"), document("b.txt")]], [])
    opened(options(tmp_path), NEXT)
    died(tmp_path, [[document("a.txt", text="new")]], [], run="20260103T000000-cccccc")
    assert opened(options(tmp_path), "20260104T000000-dddddd").taken_over == 1
    rows = open_table(str(tmp_path), "documents").to_table(columns=["uri", "content_hash"]).to_pylist()
    assert sorted((row["uri"], row["content_hash"]) for row in rows) == [
        ("/docs/a.txt", "hash of new"),
        ("/docs/b.txt", "hash of Hello"),
    ]
    assert len(uris(tmp_path, "chunks")) == 2


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("harm", ["cut", "zeroed", "gone"])
def test_a_portion_with_a_broken_file_is_left_out(tmp_path, document, table, harm):
    died(tmp_path, [[document("a.txt")], [document("b.txt")]], [])
    first = min((tmp_path / "_staging" / DEAD / table).glob("*.parquet"))
    size = first.stat().st_size
    if harm == "gone":
        first.unlink()
    else:
        first.write_bytes(first.read_bytes()[:-1] if harm == "cut" else bytes(size))
    assert opened(options(tmp_path), NEXT).taken_over == 1
    assert uris(tmp_path) == ["/docs/b.txt"]
    assert all(len(set(uris(tmp_path, name))) == 1 for name in TABLES)
    assert staged(tmp_path) == []


@pytest.mark.parametrize("name", ["run.json", "portion-00001.json"])
def test_records_that_cannot_be_read_tell_nothing(tmp_path, document, name):
    died(tmp_path, [[document("a.txt")]], [])
    record = tmp_path / "_staging" / DEAD / name
    record.write_bytes(record.read_bytes()[:40])
    assert opened(options(tmp_path), NEXT).taken_over == 0
    assert uris(tmp_path) == [] and staged(tmp_path) == []


def test_nothing_is_taken_over_once_somebody_else_changed_the_tables(tmp_path, document):
    died(tmp_path, [[document("a.txt", text="old")]], [])
    # A stream looks for no dead runs: it holds no lock that tells who lives.
    stream, facts = options(tmp_path), RunFacts(run_id="20260101T120000-stream", kind="stream")
    portions = Portions(stream, StagedRun(facts=facts, format="delta"))
    portions.add(table_batch(document("a.txt", text="new"), facts.run_id))
    Commit(options=stream, facts=facts)(portions.close())
    assert opened(options(tmp_path), NEXT).taken_over == 0
    rows = open_table(str(tmp_path), "documents").to_table(columns=["content_hash"]).to_pylist()
    assert rows == [{"content_hash": "hash of new"}]


@pytest.mark.parametrize("act", [upkeep.vacuum, upkeep.compact, upkeep.restore])
def test_commands_that_change_the_output_lose_nothing(tmp_path, document, act):
    from datetime import timedelta

    died(tmp_path, [[document("a.txt")]], [document("b.txt")])
    more = {upkeep.vacuum: (timedelta(),), upkeep.compact: (1 << 20, 100), upkeep.restore: (DEAD + "-before",)}
    act(str(tmp_path), *more[act])
    assert uris(tmp_path) == ([] if act is upkeep.restore else ["/docs/a.txt"])
    assert DEAD in [record.run_id for record in ledger_of(options(tmp_path)).read()]


@pytest.mark.parametrize("step", range(8))
def test_who_dies_at_its_commit_is_taken_over_whole(tmp_path, document, step, monkeypatch):
    """At each of the commits of the tables, in the run itself and again in the one that takes over."""
    died(tmp_path, [[document("a.txt"), document("b.txt"), document("c.txt")]], [])
    opened(options(tmp_path), "20260101T180000-first0")
    chosen, run = options(tmp_path), "20260102T120000-second"
    facts, ready = RunFacts(run_id=run, started="2026-01-02T12:00:00+00:00"), opened(options(tmp_path), run)
    commit = Commit(options=chosen, facts=facts, seen=ready.seen)
    portions = portions_of(commit, 2)
    portions.add(table_batch(document("a.txt", text="new"), run))
    portions.add(table_batch(document("d.txt"), run))

    class Killed(BaseException):
        """Nothing of ours catches it."""

    def dying(commit, at: int):
        def act(self, *args, **more):
            act.count += 1
            if act.count > at:
                raise Killed
            return commit(self, *args, **more)

        act.count = 0
        return act

    catalog = type(ledger_of(chosen).catalog)
    for at in (step, step):
        with monkeypatch.context() as patch, pytest.raises((Killed, AssertionError)):
            patch.setattr(catalog, "commit", dying(catalog.commit, at))
            if portions is not None:
                commit(portions.close())
            else:
                opened(chosen, NEXT)
            raise AssertionError("it had fewer steps")
        if portions is not None:
            portions._held.close()
        portions = None
    opened(chosen, NEXT)
    rows = open_table(str(tmp_path), "documents").to_table(columns=["uri", "content_hash"]).to_pylist()
    assert sorted((row["uri"], row["content_hash"]) for row in rows) == [
        ("/docs/a.txt", "hash of new"),
        *((f"/docs/{name}.txt", "hash of Hello") for name in "bcd"),
    ]
    assert len(uris(tmp_path, "chunks")) == 4
    assert staged(tmp_path) == []


def test_what_is_forgotten_does_not_come_back(tmp_path, document):
    died(tmp_path, [[document("a.txt"), document("b.txt")]], [])
    assert upkeep.forget(str(tmp_path), ["/docs/a.txt"], share=1.0)[0] == ["/docs/a.txt"]
    opened(options(tmp_path), NEXT)
    assert uris(tmp_path) == ["/docs/b.txt"]


@pytest.mark.parametrize("death", [True, False], ids=["killed", "interrupted"])
def test_half_a_run_loses_no_more_than_a_whole_one_may(tmp_path, document, death):
    """A server that answers 404 for all it has, half way through a night."""
    died(tmp_path, [[document("a.txt"), document("b.txt")]], [])
    ready, run = opened(options(tmp_path), NEXT), "20260103T000000-cccccc"
    commit = Commit(options=options(tmp_path), facts=RunFacts(run_id=run), seen=ready.seen, max_removed=0.4)
    portions = portions_of(commit, 2, held=2)
    for name in ("a.txt", "b.txt"):
        portions.add(msgspec.structs.replace(table_batch(document(name, text="gone"), run), lost=True))
    portions.stop()
    if not death:
        keep(commit, portions, 2, KeyboardInterrupt())
    else:
        portions._held.close()
        portions._held = None
    opened(options(tmp_path), "20260104T000000-dddddd")
    rows = open_table(str(tmp_path), "documents").to_table(columns=["content_hash"]).to_pylist()
    assert rows == [{"content_hash": "hash of Hello"}] * 2


def test_half_a_document_is_never_kept(tmp_path, document, monkeypatch):
    chosen, clock, facts = options(tmp_path), Clock(), RunFacts(run_id=DEAD)
    ready = opened(chosen, DEAD)
    portions = Portions(chosen, StagedRun(facts=facts, format="delta", planned=3), clock)
    clock.now += LONGEST
    portions.add(table_batch(document("a.txt"), DEAD))
    portions.add(table_batch(document("b.txt"), DEAD))
    torn = table_batch(document("c.txt"), DEAD)
    torn.tables["elements"] = b"no rows"
    with pytest.raises(pa.ArrowInvalid):
        portions.add(torn)
    told = keep(Commit(options=chosen, facts=facts, seen=ready.seen), portions, 3, KeyboardInterrupt())
    assert told.kept == "1 of 3 documents are kept"
    assert uris(tmp_path) == ["/docs/a.txt"]
    assert not portions.add(table_batch(document("d.txt"), DEAD))
    portions.let_go()
    assert staged(tmp_path) == []


def test_what_cannot_be_committed_waits_for_the_next_run(tmp_path, document, monkeypatch):
    chosen, facts = options(tmp_path), RunFacts(run_id=DEAD)
    ready = opened(chosen, DEAD)
    commit = Commit(options=chosen, facts=facts, seen=ready.seen)
    portions = portions_of(commit, 2)
    portions.add(table_batch(document("a.txt"), DEAD))

    def full(*_: object) -> None:
        raise OutputError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(Committer, "_claim", full)
        told = keep(commit, portions, 2, OutputError("no space left"))
    portions.let_go()
    assert str(told) == "no space left; 1 finished documents are staged: the next run takes them over"
    assert uris(tmp_path) == []
    assert opened(chosen, NEXT).taken_over == 1
    assert uris(tmp_path) == ["/docs/a.txt"]


def test_an_output_may_be_moved_before_the_next_run(tmp_path, document):
    died(tmp_path / "out", [[document("a.txt")]], [])
    (tmp_path / "out").rename(tmp_path / "there")
    assert opened(options(tmp_path / "there"), NEXT).taken_over == 1
    assert uris(tmp_path / "there") == ["/docs/a.txt"]


def test_ids_of_repairs_are_no_base(tmp_path, document):
    died(tmp_path, [[document("a.txt")]], [])
    ledger: Ledger = ledger_of(options(tmp_path))
    assert base_of(ledger) == f"{DEAD}-before"
    assert posixpath.basename(ledger.root) == tmp_path.name
