"""CSV and TSV."""

from pathlib import Path

import pytest

from schemas.content import BlockType, Extraction, ExtractRequest
from schemas.failures import Corrupt
from transforms.extract.text.delimited import DelimitedExtractor, has_header, read_rows, sniff_dialect


def extract(tmp_path: Path, data: bytes, name: str = "t.csv", **request: str) -> Extraction:
    path = tmp_path / name
    path.write_bytes(data)
    return DelimitedExtractor().extract(path, ExtractRequest(**request))  # type: ignore[arg-type]


def test_table_with_header(tmp_path: Path) -> None:
    result = extract(tmp_path, 'name,city\n"Doe, J.",Köln\n'.encode())
    (block,) = result.pages[0].blocks
    assert block.type is BlockType.TABLE and result.page_count == 1
    assert [(c.text, c.header) for c in block.cells] == [
        ("name", True),
        ("city", True),
        ("Doe, J.", False),
        ("Köln", False),
    ]


def test_tab_by_media_type_and_by_extension(tmp_path: Path) -> None:
    data = b"a, b\tc\n1,5\t2\n"
    for result in (
        extract(tmp_path, data, "cached", media_type="text/tab-separated-values"),
        extract(tmp_path, data, "t.tsv"),
    ):
        assert [c.text for c in result.pages[0].blocks[0].cells] == ["a, b", "c", "1,5", "2"]


def test_empty_file_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match="file is empty"):
        extract(tmp_path, b"")


def test_blank_file_is_an_empty_page(tmp_path: Path) -> None:
    page = extract(tmp_path, b"\n,,\n").pages[0]
    assert page.blocks == [] and page.status == "empty"


def test_one_row_of_very_many_fields(tmp_path: Path) -> None:
    blocks = extract(tmp_path, b",".join(b"%d" % i for i in range(250_000))).pages[0].blocks
    assert sum(len(b.cells) for b in blocks) == 250_000
    assert blocks[-1].cells[-1].text == "249999"


def test_field_beyond_the_csv_modules_default_bound(tmp_path: Path) -> None:
    blocks = extract(tmp_path, b"k,v\n1," + b"x" * 300_000 + b"\n").pages[0].blocks
    assert len(blocks[0].cells[3].text) == 300_000


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("Lorem, ipsum; dolor; amet\nsed; do, x; y\nut; a; b\n", ";"),
        ("1,5;2,5;3,0\n4,5;5,5;6,0\n", ";"),
        ("a|b, c\nd|e, f, g\n", "|"),
        ("a\tb c\nd\te, f\n", "\t"),
        ("single\ncolumn\n", ","),
        ("", ","),
    ],
)
def test_delimiter(text: str, delimiter: str) -> None:
    assert sniff_dialect(text).delimiter == delimiter


def test_sample_that_ends_inside_a_row() -> None:
    text = "a;b,c;d\n" * 40_000
    assert read_rows(text)[-1] == ["a", "b,c", "d"]


def test_separator_line_is_obeyed_and_dropped() -> None:
    assert read_rows("sep=|\na|b,c\n") == [["a", "b,c"]]


def test_quotes() -> None:
    assert read_rows("a,'b, c',d\n1,2,3\n") == [["a", "b, c", "d"], ["1", "2", "3"]]
    assert read_rows("it's,a\nb,c\n")[0] == ["it's", "a"]
    assert read_rows('a, "b, c"\n1, 2\n')[0] == ["a", "b, c"]
    assert read_rows('a,"say \\"hi\\", ok"\n1,2\n')[0] == ["a", 'say "hi", ok']
    assert read_rows('a,"two\nlines"\n1,2\n') == [["a", "two\nlines"], ["1", "2"]]


def test_stray_quote_does_not_swallow_the_file() -> None:
    assert read_rows('a,b\n"12 inch,x\n1,2\n3,4\n') == [["a", "b"], ['"12 inch', "x"], ["1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["id", "name"], ["1", "Ann"]], True),
        ([["country", "1999", "2000"], ["Chad", "1.5", "2"]], True),
        ([["1", "2"], ["3", "4"]], False),
        ([["a", "a"], ["b", "c"]], False),
        ([["mail", "x@y.org"], ["b", "z@y.org"]], False),
        ([["only"]], False),
        ([["Report"], ["a", "b", "c"]], False),
    ],
)
def test_header_detection(rows: list[list[str]], expected: bool) -> None:
    assert has_header(rows) is expected
