import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from schemas.options import SourceOptions
from schemas.source import SourceRef
from transforms.sources.transform import ListSources


def test_each_uri_is_listed_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for name in ("a.pdf", "b.pdf", "c.txt"):
        (tmp_path / "docs" / name).write_bytes(b"x")
    (tmp_path / "m.csv").write_text("uri,team\ndocs/a.pdf,red\nmissing.pdf,blue\n")
    options = SourceOptions(inputs=("docs", "docs/*.pdf", "-"), manifests=("m.csv",), exclude=("*.txt",))
    known = (SourceRef(uri="gs://b/x.pdf", path="b/x.pdf"), SourceRef(uri="gs://b/x.txt", path="b/x.txt"))
    with beam.Pipeline() as pipeline:
        assert_that(
            pipeline | ListSources(options, refs=known),
            equal_to(
                [
                    SourceRef(uri=f"{tmp_path}/docs/a.pdf", path="docs/a.pdf", metadata={"team": "red"}),
                    SourceRef(uri=f"{tmp_path}/docs/b.pdf", path="b.pdf", size=1),
                    SourceRef(uri=f"{tmp_path}/missing.pdf", path="missing.pdf", metadata={"team": "blue"}),
                    known[0],
                ]
            ),
        )


def test_errors_stop_the_run(tmp_path):
    with pytest.raises(Exception, match="no such file or folder"), beam.Pipeline() as pipeline:
        _ = pipeline | ListSources(SourceOptions(inputs=(str(tmp_path / "none"),)))
