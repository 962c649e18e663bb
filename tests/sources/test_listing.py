import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.failures import ConfigurationError, Forbidden
from schemas.options import SourceOptions
from schemas.source import SourceRef
from transforms.runtime.references import better
from transforms.sources import local
from transforms.sources.listing import absolute, check_inputs, expand, expand_manifest
from transforms.stores.base import FileInfo
from transforms.stores.local import LocalStore
from transforms.stores.patterns import fixed_prefix, matches, path_filter


class Bucket:
    """An object store's listing."""

    def __init__(self, *names):
        self.names, self.patterns = names, []

    def match(self, pattern):
        self.patterns.append(pattern)
        if "denied" in pattern:
            raise Forbidden("no permission", hint="ask")
        prefix = pattern.removesuffix("**")
        hit = str.startswith if pattern.endswith("**") else str.__eq__
        return [FileInfo(uri=name, size=1) for name in self.names if hit(name, prefix)]


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "root"
    for name in (
        "a.pdf",
        "docs/b.pdf",
        "docs/deep/c.txt",
        "truth/d.json",
        ".hidden",
        ".git/x",
        "docs/~$b.docx",
        "Thumbs.db",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x" * len(name))
    return root


def listed(text, store=None, **options):
    return list(expand(str(text), store or LocalStore(), SourceOptions(**options)))


def paths(text, **options):
    return [ref.path for ref in listed(text, **options)]


def test_folders_are_read_to_the_bottom(tree):
    refs = listed(tree)
    assert [ref.path for ref in refs] == ["a.pdf", "docs/b.pdf", "docs/deep/c.txt", "truth/d.json"]
    assert refs[1] == SourceRef(uri=f"{tree}/docs/b.pdf", path="docs/b.pdf", size=10)
    assert listed(f"file://{tree}/docs/deep") == [SourceRef(uri=f"{tree}/docs/deep/c.txt", path="c.txt", size=15)]


def test_single_files(tree):
    assert listed(tree / "docs" / "b.pdf") == [SourceRef(uri=f"{tree}/docs/b.pdf", path="b.pdf", size=10)]
    assert paths(tree / ".hidden") == [".hidden"]
    (tree / "odd[1].pdf").write_bytes(b"")
    assert paths(tree / "odd[1].pdf") == ["odd[1].pdf"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.pdf", ["a.pdf"]),
        ("*/*.pdf", ["docs/b.pdf"]),
        ("docs/*.pdf", ["b.pdf"]),
        ("**", ["a.pdf", "docs/b.pdf", "docs/deep/c.txt", "truth/d.json"]),
        ("**/*.pdf", ["a.pdf", "docs/b.pdf"]),
        ("docs/**/c.*", ["deep/c.txt"]),
        ("[a-b].pdf", ["a.pdf"]),
        ("?.pdf", ["a.pdf"]),
    ],
)
def test_globs_are_relative_to_their_fixed_folder(tree, pattern, found):
    assert paths(tree / pattern) == found


def test_links(tree):
    (tree / "docs" / "up").symlink_to(tree)
    (tree / "again").symlink_to(tree / "docs")
    (tree / "gone.pdf").symlink_to(tree / "nowhere")
    (tree / "other.pdf").symlink_to(tree / "a.pdf")
    refs = {ref.path: ref for ref in listed(tree)}
    assert sorted(refs) == ["a.pdf", "docs/b.pdf", "docs/deep/c.txt", "gone.pdf", "other.pdf", "truth/d.json"]
    assert refs["gone.pdf"].size is None
    assert len(paths(tree / "**" / "*.pdf")) == 4


def test_special_files_are_left_out(tree):
    os.mkfifo(tree / "pipe")
    assert "pipe" not in paths(tree)


def test_folders_that_cannot_be_read_are_listed(tree, monkeypatch):
    real = os.scandir

    def scandir(path):
        if str(path).endswith("docs"):
            raise PermissionError(path)
        return real(path)

    monkeypatch.setattr(local.os, "scandir", scandir)
    refs = {ref.path: ref for ref in listed(tree)}
    assert refs["docs"].uri == f"{tree}/docs"
    assert refs["docs"].size is None


def test_names_that_are_not_utf8(tree):
    with open(os.fsencode(tree) + b"/docs/deep/\xff.txt", "wb"):
        pass
    refs = listed(tree / "docs" / "deep")
    assert refs[1].uri.startswith("file:///") and refs[1].uri.endswith("%FF.txt")
    refs[1].path.encode("utf-8")


def test_missing_inputs_are_errors(tree):
    for text in (tree / "none.pdf", tree / "*.docx", tree / "none" / "**"):
        with pytest.raises(ConfigurationError, match=r"no (such )?file"):
            listed(text)
    with pytest.raises(ConfigurationError, match="ftp"):
        listed("ftp://host/x")
    (tree / "empty").mkdir()
    assert listed(tree / "empty") == []


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"include": ("**/docs/**",)}, ["docs/b.pdf", "docs/deep/c.txt"]),
        ({"include": ("*.pdf",)}, ["a.pdf", "docs/b.pdf"]),
        ({"include": ("/*.pdf",)}, ["a.pdf"]),
        ({"exclude": ("truth",)}, ["a.pdf", "docs/b.pdf", "docs/deep/c.txt"]),
        ({"exclude": ("deep/", "a.*")}, ["docs/b.pdf", "truth/d.json"]),
        ({"include": ("docs",), "exclude": ("*.txt",)}, ["docs/b.pdf"]),
        ({"exclude": ("*", "!*.json")}, ["truth/d.json"]),
    ],
)
def test_include_and_exclude(tree, options, found):
    assert paths(tree, **options) == found


def test_invalid_patterns_are_named():
    with pytest.raises(ConfigurationError, match="--include"):
        path_filter(SourceOptions(include=("!",)))


def test_object_stores():
    bucket = Bucket("gs://b/x/a.pdf", "gs://b/x/sub/b.pdf", "gs://b/x/.git/c", "gs://b/xy.pdf", "gs://b/x/[1].pdf")
    assert [ref.path for ref in listed("gs://b/x/", bucket)] == ["a.pdf", "sub/b.pdf", "[1].pdf"]
    assert [ref.path for ref in listed("gs://b/x", bucket)] == ["a.pdf", "sub/b.pdf", "[1].pdf"]
    assert listed("gs://b/xy.pdf", bucket) == [SourceRef(uri="gs://b/xy.pdf", path="xy.pdf", size=1)]
    assert [ref.path for ref in listed("gs://b/**/*.pdf", bucket)] == ["x/a.pdf", "x/sub/b.pdf", "xy.pdf", "x/[1].pdf"]
    assert [ref.path for ref in listed("gs://b/x/a*.pdf", bucket)] == ["a.pdf"]
    assert bucket.patterns[-1] == "gs://b/x/a**"
    assert [ref.path for ref in listed("gs://b/x/[1].pdf", bucket)] == ["[1].pdf"]
    assert listed("gs://b/none.pdf", bucket) == [SourceRef(uri="gs://b/none.pdf", path="none.pdf")]
    for text in ("gs://b/none/", "gs://b/none*"):
        with pytest.raises(ConfigurationError, match="no object"):
            listed(text, bucket)
    with pytest.raises(ConfigurationError, match="Hint: ask"):
        listed("gs://denied/", bucket)


def test_http_is_passed_through():
    assert listed("HTTPS://Host.org:443/a/b.pdf?q=1#f") == [
        SourceRef(uri="https://host.org/a/b.pdf?q=1", path="host.org/a/b.pdf")
    ]
    assert listed("https://host.org/a/b.pdf", exclude=("*.pdf",)) == []


def test_a_manifests_rows_are_filtered_and_never_checked(tmp_path):
    (tmp_path / "m.txt").write_text("missing.pdf\nother.txt\n")
    refs = list(expand_manifest(str(tmp_path / "m.txt"), LocalStore(), SourceOptions(include=("*.pdf",))))
    assert refs == [SourceRef(uri=f"{tmp_path}/missing.pdf", path="missing.pdf", manifest=f"{tmp_path}/m.txt")]


def test_absolute_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = absolute(SourceOptions(inputs=("a/**/*.pdf", "-", "gs://b/x/", "/"), manifests=("m.csv",)))
    assert made.inputs == (f"{tmp_path}/a/**/*.pdf", "gs://b/x/", "/")
    assert made.manifests == (f"{tmp_path}/m.csv",)


def test_check_inputs(tree):
    check_inputs(
        SourceOptions(inputs=(str(tree), f"{tree}/*.pdf", "-", "gs://b/x"), manifests=(f"{tree}/a.pdf", "gs://b/m.csv"))
    )
    with pytest.raises(ConfigurationError, match=r"/no1.*/no\*2.*root"):
        check_inputs(SourceOptions(inputs=("/no1", "/no*2"), manifests=(str(tree),)))


refs = st.builds(
    SourceRef,
    uri=st.just("u"),
    path=st.sampled_from("ab"),
    size=st.sampled_from([None, 1]),
    metadata=st.dictionaries(st.sampled_from("kl"), st.sampled_from("12")),
)


@given(refs, refs, refs)
def test_the_winner_does_not_depend_on_order(one, two, three):
    assert better(better(one, two), three) == better(three, better(two, one))
    assert len(better(one, two).metadata) == max(len(one.metadata), len(two.metadata))


def test_matching():
    assert matches(["a"], ["**", "a"]) and matches(["x", "y", "a"], ["**", "a"])
    assert not matches(["x", "a"], ["*"]) and not matches([], ["*"])
    assert fixed_prefix("/a/b*/c") == "/a" and fixed_prefix("gs://b/*") == "gs://b"


def test_ten_thousand_files_take_less_than_three_seconds(tmp_path):
    for folder in range(20):
        (tmp_path / str(folder)).mkdir()
        for number in range(500):
            os.close(os.open(f"{tmp_path}/{folder}/{number}.txt", os.O_CREAT))
    start = time.monotonic()
    assert len(listed(tmp_path, exclude=("truth",))) == 10_000
    assert time.monotonic() - start < 3
