"""One entry that cannot be looked at costs itself; what is ours, or a system's, is no document."""

import os
import socket
from pathlib import Path

import pytest

from schemas.failures import ConfigurationError, InputMissing, NothingListed
from schemas.options import FetchOptions, SourceOptions
from schemas.plan import Known, Root
from schemas.source import SourceRef
from transforms.fetch.cache import CacheEntry, FileCache
from transforms.fetch.fetcher import Fetcher
from transforms.plan.document_cache import DocumentCache
from transforms.plan.roots import gone_finder, require_some
from transforms.runtime.guard import guarded
from transforms.sources import local
from transforms.sources.listing import check_inputs, expand, expand_input, expand_inputs
from transforms.stores.base import FileInfo
from transforms.stores.local import LocalStore
from transforms.stores.outputs import MARKER


def listed(text, **options) -> dict[str, SourceRef]:
    return {ref.path: ref for ref in expand(str(text), LocalStore(), SourceOptions(**options))}


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "in"
    for name in ("a.md", "sub/b.md", "sub/deep/c.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")
    return root


def make_output(folder: Path, *tables: str) -> None:
    for table in tables:
        (folder / table / "_delta_log").mkdir(parents=True)
        (folder / table / "part-1.parquet").write_bytes(b"PAR1")
    (folder / MARKER).write_text('{"docbeam": "output", "layout": 1, "format": "delta"}')


@pytest.mark.parametrize("pattern", ["", "**", "**/*.md"])
def test_bad_entries_cost_themselves(tree, pattern):
    os.symlink("loop.md", tree / "loop.md")
    os.symlink("nowhere", tree / "dangling.md")
    os.mkfifo(tree / "pipe.md")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tree / "socket.md"))
    with open(os.fsencode(tree) + b"/\xff.md", "wb"):
        pass
    found = listed(tree / pattern if pattern else tree)
    assert {path for path, ref in found.items() if ref.size is None} == {"loop.md", "dangling.md"}
    assert {path for path, ref in found.items() if ref.size} == {"a.md", "sub/b.md", "sub/deep/c.md"}
    assert len(found) == 6
    fetcher = Fetcher(FetchOptions(), LocalStore())
    failures = {
        path: guarded("fetch", lambda ref=found[path]: fetcher.fetch(ref)) for path in ("loop.md", "dangling.md")
    }
    assert {failure.category for failure in failures.values()} == {"not_found"}


def test_a_file_that_cannot_be_read_just_now_is_unavailable(tree):
    os.symlink("/proc/self/mem", tree / "torn.md")
    failure = guarded("fetch", lambda: Fetcher(FetchOptions(), LocalStore()).fetch(listed(tree)["torn.md"]))
    assert (failure.category, failure.retryable) == ("unavailable", True)


class Broken:
    """A folder whose reading ends in the middle, as on a failing disk."""

    def __init__(self, entries):
        self._entries = entries

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        yield from self._entries
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("pattern", ["", "**/*.md", "*/*.md"])
def test_what_was_read_of_a_folder_is_listed_and_the_rest_is_not_taken_for_gone(tree, monkeypatch, pattern):
    real = os.scandir

    def scandir(path):
        with real(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        return Broken([e for e in found if e.name == "b.md"]) if str(path).endswith("/sub") else real(path)

    monkeypatch.setattr(local.os, "scandir", scandir)
    text = str(tree / pattern) if pattern else str(tree)
    *refs, root = expand_input(text, LocalStore(), SourceOptions(include=("*.md",)), is_manifest=False)
    assert {"sub", "sub/b.md"} <= {ref.path for ref in refs}
    assert root.holes == (f"{tree}/sub",)
    is_gone = gone_finder([root], SourceOptions(include=("*.md",)))
    assert not is_gone(Known(b"1" * 16, f"{tree}/sub/z.md", "ok", b"h", True))


def test_folders_that_are_excluded_need_not_be_read(tree, monkeypatch):
    def scandir(path, real=os.scandir):
        if str(path).endswith("/sub"):
            raise PermissionError(path)
        return real(path)

    monkeypatch.setattr(local.os, "scandir", scandir)
    assert sorted(listed(tree)) == ["a.md", "sub"]
    assert sorted(listed(tree, exclude=("sub/",))) == ["a.md"]


@pytest.mark.parametrize(
    "name",
    ["lost+found", "$RECYCLE.BIN", "$Recycle.Bin", "System Volume Information", "@eaDir", "#recycle", ".snapshot",
     ".Trash-1000", ".zfs", "__MACOSX", "FOUND.000", "@Recently-Snapshot"],
)  # fmt: skip
def test_folders_of_systems_are_not_listed(tree, name):
    for folder in (tree / name, tree / "sub" / name):
        folder.mkdir()
        (folder / "x.md").write_text("# x\n")
    for pattern in ("", "**/*.md", "*/*.md"):
        assert not any(path.endswith("x.md") for path in listed(tree / pattern if pattern else tree))
    # Whoever names it means it.
    assert list(listed(tree / name)) == ["x.md"]


def test_outputs_and_caches_are_not_listed_by_any_way(tree, tmp_path):
    make_output(tree / "sub" / "out", "documents", "chunks", "runs")
    (tree / "sub" / "out" / "notes.md").write_text("# Mine\n")
    make_output(tmp_path / "elsewhere", "documents", "pages")
    os.symlink(tmp_path / "elsewhere", tree / "linked")
    os.symlink(tmp_path / "elsewhere" / "pages", tree / "table")
    os.symlink(tmp_path / "elsewhere" / "pages" / "part-1.parquet", tree / "file.parquet")
    cache = FileCache(str(tree / "cache"), 1 << 20)
    cache.note("key", CacheEntry(sha256="0" * 64, size=1))
    DocumentCache(str(tree / "extracted"), 1 << 20).put("ab12", b"packed")
    expected = {"a.md", "sub/b.md", "sub/deep/c.md", "sub/out/notes.md"}
    assert set(listed(tree)) == expected
    assert set(listed(tree / "**")) == expected
    assert set(listed(tree / "*" / "*")) == {"sub/b.md"}


def test_tables_are_refused_as_inputs(tmp_path):
    out = tmp_path / "out"
    make_output(out, "documents", "chunks")
    for text in (out, out / "chunks", out / "**", out / "chunks" / "*.parquet"):
        with pytest.raises(ConfigurationError, match=r"output|no file matches"):
            listed(text)
    (out / "mine.md").write_text("# Mine\n")
    assert list(listed(out)) == ["mine.md"]


class Bucket:
    def __init__(self, *names):
        self.names = names

    def match(self, pattern):
        prefix = pattern.removesuffix("**")
        return [FileInfo(uri=name, size=1) for name in self.names if name.startswith(prefix)]


def test_outputs_in_stores_are_not_listed():
    bucket = Bucket(
        "s3://b/in/a.md",
        "s3://b/in/lost+found/x.md",
        "s3://b/in/out/_docbeam.json",
        "s3://b/in/out/chunks/part-1.parquet",
        "s3://b/in/old/documents/_delta_log/0.json",
        "s3://b/in/old/runs/_delta_log/0.json",
        "s3://b/in/old/chunks/part-1.parquet",
        "s3://b/in/old/readme.md",
        "s3://b/in/documents/b.md",
    )
    for text in ("s3://b/in/", "s3://b/in/**"):
        found = [ref.path for ref in expand(text, bucket, SourceOptions())]
        assert found == ["a.md", "old/readme.md", "documents/b.md"]
    with pytest.raises(ConfigurationError, match="is a table"):
        list(expand("s3://b/in/old/runs/", bucket, SourceOptions()))


def test_a_missing_input_beside_others_is_told_and_removes_nothing(tree, tmp_path):
    options = SourceOptions(inputs=(str(tree), str(tmp_path / "gone"), str(tmp_path / "*.pdf")))
    found = list(expand_inputs(options, (), LocalStore()))
    stand_ins = [item for item in found if isinstance(item, SourceRef) and item.failure]
    assert [(ref.uri, ref.failure.category) for ref in stand_ins] == [
        (f"{tmp_path}/gone", "not_found"),
        (f"{tmp_path}/*.pdf", "not_found"),
    ]
    roots = [item for item in found if isinstance(item, Root)]
    assert [(root.kind, root.empty) for root in roots] == [("folder", False), ("missing", False), ("missing", True)]
    is_gone = gone_finder(roots, options)
    assert not is_gone(Known(b"1" * 16, f"{tmp_path}/gone/a.md", "ok", b"h", True))
    assert is_gone(Known(b"1" * 16, f"{tree}/gone.md", "ok", b"h", True))
    with pytest.raises(InputMissing):
        list(expand_inputs(SourceOptions(inputs=options.inputs, require_inputs=True), (), LocalStore()))


def test_what_stood_for_an_input_goes_when_it_is_back():
    is_gone = gone_finder([Root("folder", "/in/", 1), Root("manifest", "/m.csv", 1)], SourceOptions())
    for uri in ("/in", "/m.csv"):
        assert is_gone(Known(b"1" * 16, uri, "failed", b"", True))
        assert not is_gone(Known(b"1" * 16, uri, "ok", b"h", True))


def test_some_input_must_be_there():
    gone = Root("missing", "/in", 1, problem="no such file or folder: /in")
    empty = Root("missing", "/x*", 1, problem="no file matches /x*", empty=True)
    for roots in ([], [gone, Root("folder", "/b/", 0)], [gone, Root("single", "/b", 1)]):
        require_some(roots, sum(root.listed for root in roots))
    require_some([gone], 2)
    with pytest.raises(InputMissing, match="/in"):
        require_some([gone, empty], 2)
    with pytest.raises(NothingListed):
        require_some([empty], 1)


def test_local_inputs_are_looked_for_before_the_run(tree, tmp_path):
    none = str(tmp_path / "none")
    check_inputs(SourceOptions(inputs=(str(tree), none)))
    for options in (
        SourceOptions(inputs=(none,)),
        SourceOptions(inputs=(none,), manifests=(none + ".csv",)),
        SourceOptions(inputs=(str(tree), none), require_inputs=True),
    ):
        with pytest.raises(ConfigurationError, match="none"):
            check_inputs(options)
