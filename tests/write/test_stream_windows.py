"""Windows of a stream that are committed again, with the same bundles or others, whole or torn."""

import itertools
from pathlib import Path

import msgspec
import pytest
from deltalake import DeltaTable

from schemas.failures import OutputError
from schemas.options import WriteOptions
from schemas.plan import Changes, RunFacts, Touch
from schemas.source import SourceRef
from schemas.tables import TABLES
from schemas.versions import Fingerprints, Made
from transforms.lake.documents import read_documents
from transforms.lake.format.files import TableFiles
from transforms.lake.format.rows import table_batch
from transforms.lake.index import DocumentIndex
from transforms.lake.log.catalog import STAGING
from transforms.lake.log.ledger import Ledger
from transforms.lake.log.open_catalog import KeptCatalog
from transforms.lake.log.repair import settle
from transforms.lake.snapshot import read_runs, snapshot
from transforms.stores.local import LocalStorage
from transforms.write.commit import committer
from transforms.write.windows import WindowCommitter, generations, transaction

STREAM = "20261121T080000-abcdef"
_numbers = itertools.count()


def stage(root: Path, *documents) -> Changes:
    """A bundle as workers leave it."""
    written, bundle = [], next(_numbers)
    for name in TABLES:
        prefix = f"{root}/{STAGING}/{STREAM}/{name}/part-{STREAM}-{bundle}"
        files = TableFiles(name, prefix, "delta", LocalStorage().create, (1 << 20, 2, 1 << 20))
        for document in documents:
            if name in (tables := table_batch(document, STREAM).tables):
                written += files.add(tables[name])
        written += files.close()
    doc_ids = [document.info.doc_id for document in documents]
    return Changes(files=written, doc_ids=doc_ids, emptied=[d.info.doc_id for d in documents if not d.chunks])


def windows(root: Path, stream: str = STREAM) -> WindowCommitter:
    target = committer(WriteOptions(output=str(root)), RunFacts(run_id=stream, kind="stream"))
    return WindowCommitter(
        committer=target, catalog=KeptCatalog(str(root)), index=DocumentIndex(), sleep=lambda seconds: None
    )


def commit(root: Path, *bundles: Changes) -> list[dict[str, int]]:
    return list(windows(root).commit(bundles))


@pytest.fixture
def root(tmp_path) -> Path:
    target = windows(tmp_path).committer
    target.catalog.prepare()
    settle(Ledger(target.root, target.format, target.storage, target.catalog), "before")
    return tmp_path


def texts(root: Path) -> dict[str, str]:
    """Title element of each document; fails when one is there twice."""
    found = list(read_documents(str(root), snapshot(str(root)).open))
    assert len({d.info.doc_id for d in found}) == len(found)
    for name in ("elements", "chunks", "pages"):
        ids = snapshot(str(root)).open(name).to_table().to_pylist()
        keys = [(row["doc_id"], row.get("index", row.get("page"))) for row in ids]
        assert len(set(keys)) == len(keys), name
        if name != "chunks":
            assert {doc_id for doc_id, _ in keys} == {d.info.doc_id for d in found}, name
    return {document.info.ref.path: document.elements[0].text for document in found}


def test_each_window_is_a_version_and_a_run(root, document):
    commit(root, stage(root, document("a")), stage(root, document("b")))
    commit(root, stage(root, document("c")))
    assert texts(root) == {"a": "Hello", "b": "Hello", "c": "Hello"}
    assert DeltaTable(f"{root}/chunks").version() == 2
    records = [record for record in read_runs(str(root)) if record.kind == "stream"]
    assert [record.counts["partial"] for record in records] == [2, 1]
    assert all(record.run_id.startswith(STREAM) for record in records)


def test_the_same_bundles_again_do_nothing(root, document):
    bundles = [stage(root, document("a")), stage(root, document("b"))]
    commit(root, *bundles)
    version = DeltaTable(f"{root}/chunks").version()
    assert commit(root, *bundles[::-1]) == []
    assert DeltaTable(f"{root}/chunks").version() == version


def test_a_bundle_that_is_in_the_tables_may_come_again_with_others(root, document):
    first, second = stage(root, document("a")), stage(root, document("b"))
    commit(root, first)
    commit(root, first, second)
    assert texts(root) == {"a": "Hello", "b": "Hello"}


def test_work_that_was_done_again_replaces_what_it_did_before(root, document):
    commit(root, stage(root, document("a", "old"), document("b")))
    commit(root, stage(root, document("a", "new")))
    assert texts(root) == {"a": "new", "b": "Hello"}


def test_versions_of_a_document_in_one_window_replace_each_other(root, document):
    versions = commit(
        root, stage(root, document("a", "one")), stage(root, document("b")), stage(root, document("a", "two"))
    )
    assert len(versions) == 2
    assert texts(root) == {"a": "two", "b": "Hello"}


def test_bundles_are_grouped_in_order():
    bundles = [Changes(doc_ids=list(names)) for names in ("ab", "c", "b", "d", "bc")]
    assert [[c.doc_ids for c in group] for group in generations(bundles)] == [
        [["a", "b"], ["c"], ["d"]],
        [["b"]],
        [["b", "c"]],
    ]


def test_touches_count_as_documents():
    touch = Touch(doc_id="a", ref=SourceRef(uri="u", path="p"))
    assert len(list(generations([Changes(doc_ids=["a"]), Changes(touched=[touch])]))) == 2


def test_other_bundles_are_another_transaction(root, document):
    one, other = stage(root, document("a")), stage(root, document("a"))
    assert transaction([one]) != transaction([other])
    assert transaction([one, other]) == transaction([other, one]) != transaction([one])


class Dies(Exception):
    pass


def torn(root: Path, bundles: list[Changes], commits: int) -> None:
    """Commit, and die after so many commits of tables."""
    target = windows(root)
    catalog = target.catalog
    left = iter(range(commits))

    def dying(*args, **kwargs):
        if next(left, None) is None:
            raise Dies
        return type(catalog).commit(catalog, *args, **kwargs)

    catalog.commit = dying
    with pytest.raises(Dies):
        list(target.commit(bundles))


@pytest.mark.parametrize("commits", range(6))
@pytest.mark.parametrize("more", [False, True], ids=["same", "more"])
def test_a_torn_commit_is_made_whole(root, document, commits, more):
    commit(root, stage(root, document("a", "old"), document("b", "old")))
    bundles = [stage(root, document("a", "new")), stage(root, document("c", "new"))]
    torn(root, bundles, commits)
    assert texts(root) == {"a": "old", "b": "old"}, "readers stay at the last whole version"
    again = [*bundles, stage(root, document("d", "new"))] if more else bundles
    commit(root, *again)
    expected = {"a": "new", "b": "old", "c": "new"}
    assert texts(root) == (expected | {"d": "new"} if more else expected)


@pytest.mark.parametrize("commits", range(6))
def test_a_torn_commit_that_others_undid_is_made_again(root, document, commits):
    commit(root, stage(root, document("a", "old"), document("b", "old")))
    bundles = [stage(root, document("a", "new")), stage(root, document("c", "new"))]
    torn(root, bundles, commits)
    # The file that holds the old rows of one of them is another one now.
    commit(root, stage(root, document("d", "new"), document("b", "newer")))
    commit(root, *bundles)
    assert texts(root) == {"a": "new", "b": "newer", "c": "new", "d": "new"}


def test_a_torn_commit_of_an_emptied_document_leaves_no_chunks(root, document):
    commit(root, stage(root, document("a")))
    empty = document("a")
    empty.chunks = []
    bundle = stage(root, empty)
    torn(root, [bundle], 1)
    commit(root, bundle)
    assert snapshot(str(root)).open("chunks").count_rows() == 0
    assert texts(root) == {"a": "Hello"}


def test_somebody_else_who_commits_is_waited_for(root, document):
    target = windows(root)
    other = windows(root, "20261121T090000-other0").catalog
    other.claim("20261121T090000-other0", other.writer())
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            committer_of_other = windows(root, "20261121T090000-other0").committer
            ledger = Ledger(str(root), "delta", LocalStorage(), committer_of_other.catalog)
            settle(ledger, "repair")

    target = msgspec.structs.replace(target, sleep=sleep)
    assert list(target.commit([stage(root, document("a"))]))
    assert len(waited) == 3


def test_a_worker_that_was_given_up_commits_no_more(root, document):
    late, bundle = windows(root), stage(root, document("a", "late"))
    open_file = late.committer.storage.open

    def give_up(path):
        """Others take it for dead when it has claimed the output and looks at what it brings."""
        other = windows(root).committer
        settle(Ledger(other.root, other.format, other.storage, other.catalog), "repair")
        late.committer.storage.open = open_file
        return open_file(path)

    late.committer.storage.open = give_up
    with pytest.raises(OutputError, match="took too long"):
        list(late.commit([bundle]))
    assert texts(root) == {}
    commit(root, stage(root, document("a", "new")))
    assert texts(root) == {"a": "new"}


def test_a_race_for_the_claim_is_run_again(root, document):
    target = windows(root)
    catalog = target.catalog
    losses = iter([True, True, False])

    def claim(run_id: str, seen: int) -> None:
        if next(losses):
            raise OutputError("another run committed meanwhile")
        type(catalog).claim(catalog, run_id, seen)

    catalog.claim = claim
    assert list(target.commit([stage(root, document("a"))]))


def test_the_index_reads_each_file_once(root, document):
    commit(root, stage(root, document("a")), stage(root, document("b")))
    index, target = DocumentIndex(), windows(root).committer
    opened = []

    class Counting(LocalStorage):
        def open(self, path):
            opened.append(path)
            return super().open(path)

    storage = Counting()
    ids = {document(name).info.doc_id for name in "abx"}
    for _ in range(2):
        assert index.present(ids, target.catalog, storage, "delta") == {document(n).info.doc_id for n in "ab"}
    assert len(opened) == 2
    (known,) = index.known(
        {document("a").info.doc_id}, Fingerprints(current={"f": Made()}), (target.catalog, storage, "delta")
    )
    assert known.uri == "/docs/a" and known.current
