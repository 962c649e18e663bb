import csv
import datetime
import io

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.failures import ConfigurationError
from schemas.source import SourceRef
from transforms.sources.manifest import read_manifest, read_names
from transforms.stores.local import LocalStore

ROWS = [{"uri": "a.pdf", "team": "x"}, {"uri": "https://Host/b.pdf", "team": "y"}, {"uri": "../c.pdf", "team": "z"}]


def write_csv(path, rows):
    with open(path, "w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(path, rows):
    path.write_text(
        "".join(f"{{{', '.join(f'{k!r}: {v!r}' for k, v in row.items())}}}\n\n".replace("'", '"') for row in rows)
    )


def write_avro(path, rows):
    schema = {"type": "record", "name": "r", "fields": [{"name": name, "type": "string"} for name in rows[0]]}
    with open(path, "wb") as stream:
        fastavro.writer(stream, schema, rows)


def write_parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)


WRITERS = {"csv": write_csv, "jsonl": write_jsonl, "avro": write_avro, "parquet": write_parquet}


def read(path):
    return list(read_manifest(str(path), LocalStore()))


@pytest.mark.parametrize("kind", WRITERS)
def test_rows_become_documents(tmp_path, kind):
    folder = tmp_path / "lists"
    folder.mkdir()
    path = folder / f"m.{kind.upper()}"
    WRITERS[kind](path, ROWS)
    assert read(path) == [
        SourceRef(uri=f"{folder}/a.pdf", path="a.pdf", metadata={"team": "x"}, manifest=str(path)),
        SourceRef(uri="https://host/b.pdf", path="host/b.pdf", metadata={"team": "y"}, manifest=str(path)),
        SourceRef(uri=f"{tmp_path}/c.pdf", path="c.pdf", metadata={"team": "z"}, manifest=str(path)),
    ]


def test_text_lists(tmp_path):
    path = tmp_path / "m.txt"
    path.write_bytes(b"\xef\xbb\xbfa b.pdf\r\n\r\n# comment\n/abs/c.pdf\n")
    assert read(path) == [
        SourceRef(uri=f"{tmp_path}/a b.pdf", path="a b.pdf", manifest=str(path)),
        SourceRef(uri="/abs/c.pdf", path="abs/c.pdf", manifest=str(path)),
    ]


def test_standard_input(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert list(read_names(io.BytesIO(b"\xef\xbb\xbfa.pdf\n\ngs://b/x\n"))) == [
        SourceRef(uri=f"{tmp_path}/a.pdf", path="a.pdf"),
        SourceRef(uri="gs://b/x", path="b/x"),
    ]


def test_values_become_text(tmp_path):
    row = {
        "uri": "a",
        "number": 1.5,
        "flag": True,
        "day": datetime.date(2026, 1, 2),
        "tags": ["a", "b"],
        "none": None,
        "text": "plain",
    }
    path = tmp_path / "m.parquet"
    pq.write_table(pa.Table.from_pylist([row]), path)
    assert read(path)[0].metadata == {
        "number": "1.5",
        "flag": "true",
        "day": "2026-01-02",
        "tags": '["a","b"]',
        "text": "plain",
    }


@pytest.mark.parametrize("kind", WRITERS)
def test_a_missing_column_is_named(tmp_path, kind):
    path = tmp_path / f"m.{kind}"
    WRITERS[kind](path, [{"url": "a.pdf", "team": "x"}])
    with pytest.raises(ConfigurationError, match=r"m\.\w+, .*no column 'uri' \(columns: 'url', 'team'\)"):
        read(path)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("m.csv", b"uri,x\na.pdf,1\n,2\n", "line 3: column 'uri' is empty"),
        ("m.csv", b"", "line 1: no column 'uri'"),
        ("m.jsonl", b'{"uri": "a"}\n\n{"uri": 3}\n', "line 3: column 'uri' is empty or not text"),
        ("m.jsonl", b'{"uri": "a"}\nnonsense\n', "line 2: JSON is malformed"),
        ("m.jsonl", b"[1]\n", "line 1: Expected `object`"),
        ("m.txt", b"\xff\xfe\x00", "damaged or of another format"),
        ("m.avro", b"nonsense", "damaged or of another format"),
        ("m.parquet", b"nonsense", "damaged or of another format"),
        ("m.pdf", b"", "must end in one of .txt, .csv, .jsonl, .avro, .parquet"),
    ],
)
def test_damage_is_named(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ConfigurationError) as caught:
        read(path)
    assert message in str(caught.value) and str(path) in str(caught.value)


def test_avro_that_is_no_record(tmp_path):
    with open(tmp_path / "m.avro", "wb") as stream:
        fastavro.writer(stream, "string", ["a"])
    with pytest.raises(ConfigurationError, match="not a record"):
        read(tmp_path / "m.avro")


def test_missing_manifest(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        read(tmp_path / "none.csv")


def test_longer_rows_than_the_header(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("uri,x\na,1,2,3\n")
    assert read(path)[0].metadata == {"x": "1"}


class Objects:
    """A store with one manifest."""

    def open(self, uri):
        return io.BytesIO(b"uri\nsub/a.pdf\ngs://other/b.pdf\n")


def test_manifest_in_a_store():
    found = list(read_manifest("gs://b/lists/m.csv", Objects()))
    assert [ref.uri for ref in found] == ["gs://b/lists/sub/a.pdf", "gs://other/b.pdf"]


def names(data: bytes, *, null: bool = False) -> list[str]:
    return [ref.uri for ref in read_names(io.BytesIO(data), null=null)]


def test_blanks_and_other_bytes_belong_to_names():
    assert names(b"/in/tail \n/in/ lead\r\n  \n/in/tab\t\n") == ["/in/tail ", "/in/ lead", "/in/tab\t"]
    assert names(b"/in/\xff.md\n") == ["file:///in/%FF.md"]
    assert names(b" https://host/a.pdf \n") == ["https://host/a.pdf"]


def test_names_that_end_in_nul_are_taken_as_they_are():
    assert names(b"/in/a\nb.md\0# not a comment.md\0\0/in/c \0", null=True)[::2] == ["/in/a\nb.md", "/in/c "]
    assert names(b"# x.md\0", null=True)[0].endswith("/# x.md")
    assert names(b"", null=True) == []


def test_blanks_beside_a_name_that_is_there_without_them_are_slips(tmp_path):
    (tmp_path / "a.md").write_text("# A\n")
    (tmp_path / "b.md ").write_text("# B\n")
    path = tmp_path / "m.csv"
    path.write_text("uri,team\na.md ,red\nb.md ,blue\nnone.md ,green\n")
    assert [ref.uri for ref in read(path)] == [f"{tmp_path}/a.md", f"{tmp_path}/b.md ", f"{tmp_path}/none.md "]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("m.csv", "\ufeffuri,team\r\n\r\na.md,red\r\n,\r\n# exported today,\r\n  ,  \r\na.md,red\r\n"),
        (
            "m.jsonl",
            '\ufeff{"uri": "a.md", "team": "red"}\r\n\r\n{"uri": null, "team": ""}\r\n{"uri": "", "team": null}\n',
        ),
        ("m.txt", "\ufeffa.md\r\n   \r\n  # comment\r\n"),
    ],
)
def test_marks_comments_and_blank_rows_name_nothing(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data.encode())
    assert {ref.uri for ref in read(path)} == {f"{tmp_path}/a.md"}


@pytest.mark.parametrize("name", ["m.csv", "m.txt"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_lists_that_spreadsheets_save_as_unicode_text(tmp_path, name, encoding):
    path = tmp_path / name
    text = "\ufeffuri,team\na\u00e9.md,x\n" if name == "m.csv" else "\ufeffa\u00e9.md\n"
    path.write_bytes(text.encode(encoding))
    assert [ref.path for ref in read(path)] == ["a\u00e9.md"]


def test_blank_rows_of_tables_name_nothing(tmp_path):
    path = tmp_path / "m.parquet"
    pq.write_table(pa.Table.from_pylist([{"uri": "a.md", "team": "x"}, {"uri": None, "team": None}]), path)
    assert [ref.path for ref in read(path)] == ["a.md"]
