import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from schemas.options import SourceOptions
from schemas.plan import Root
from schemas.source import SourceRef
from transforms.sources.transform import ListSources


def facts(ref: SourceRef) -> tuple:
    return ref.uri, ref.path, ref.size, tuple(ref.metadata.items()), ref.manifest


def test_every_input_is_listed_and_told_as_a_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for name in ("a.pdf", "b.pdf", "c.txt"):
        (tmp_path / "docs" / name).write_bytes(b"x")
    (tmp_path / "docs" / "gone.pdf").symlink_to(tmp_path / "nowhere")
    (tmp_path / "m.csv").write_text("uri,team\ndocs/a.pdf,red\nmissing.pdf,blue\n")
    options = SourceOptions(inputs=("docs", "docs/a*.pdf", "-"), manifests=("m.csv",), exclude=("*.txt",))
    known = (SourceRef(uri="gs://b/x.pdf", path="b/x.pdf"), SourceRef(uri="gs://b/x.txt", path="b/x.txt"))
    docs, manifest = f"{tmp_path}/docs", f"{tmp_path}/m.csv"
    with beam.Pipeline() as pipeline:
        listing = pipeline | ListSources(options, refs=known)
        assert_that(
            listing.refs | beam.Map(facts),
            equal_to(
                [
                    (f"{docs}/a.pdf", "a.pdf", 1, (), ""),
                    (f"{docs}/b.pdf", "b.pdf", 1, (), ""),
                    (f"{docs}/gone.pdf", "gone.pdf", None, (), ""),
                    (f"{docs}/a.pdf", "a.pdf", 1, (), ""),
                    (f"{docs}/a.pdf", "docs/a.pdf", None, (("team", "red"),), manifest),
                    (f"{tmp_path}/missing.pdf", "missing.pdf", None, (("team", "blue"),), manifest),
                    ("gs://b/x.pdf", "b/x.pdf", None, (), ""),
                ]
            ),
        )
        assert_that(
            listing.roots,
            equal_to(
                [
                    Root("folder", f"{docs}/", 3, (f"{docs}/gone.pdf",)),
                    Root("pattern", f"{docs}/a*.pdf", 1),
                    Root("manifest", manifest, 2),
                    Root("single", "gs://b/x.pdf", 1),
                ]
            ),
            label="roots",
        )


def test_errors_stop_the_run(tmp_path):
    none = str(tmp_path / "none")
    with pytest.raises(Exception, match="no such file or folder"), beam.Pipeline() as pipeline:
        _ = pipeline | ListSources(SourceOptions(inputs=(none,), require_inputs=True))
    with pytest.raises(Exception, match="ftp"), beam.Pipeline() as pipeline:
        _ = pipeline | ListSources(SourceOptions(inputs=("ftp://host/x",)))


def test_an_input_that_cannot_be_listed_stands_for_itself(tmp_path):
    none = str(tmp_path / "none")
    with beam.Pipeline() as pipeline:
        listing = pipeline | ListSources(SourceOptions(inputs=(none, str(tmp_path))))
        told = listing.refs | beam.Map(lambda ref: (ref.uri, ref.failure.category.value, ref.failure.retryable))
        assert_that(told, equal_to([(none, "not_found", True)]))
        kinds = listing.roots | beam.Map(lambda root: (root.kind, root.listed))
        assert_that(kinds, equal_to([("missing", 1), ("folder", 0)]), label="roots")
