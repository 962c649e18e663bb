import pytest
from lxml import etree

from transforms.extract.docx.table import MAX_SPAN, is_plausible, read_cells

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def tc(words, properties=""):
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:tc>"


def tr(*cells, properties=""):
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def read(*rows, look=""):
    xml = f'<w:tbl xmlns:w="{W}"><w:tblPr>{look}</w:tblPr>{"".join(rows)}</w:tbl>'
    return read_cells(etree.fromstring(xml), lambda node: "".join(node.itertext()))


def shapes(cells):
    return [(cell.row, cell.column, cell.text, cell.row_span, cell.column_span) for cell in cells]


RESTART, CONTINUE, WIDE = '<w:vMerge w:val="restart"/>', "<w:vMerge/>", '<w:gridSpan w:val="2"/>'


def test_spans_in_both_directions():
    cells = read(
        tr(tc("a", RESTART + WIDE), tc("b")),
        tr(tc("", CONTINUE + WIDE), tc("c")),
        tr(tc("d"), tc("e"), tc("f")),
    )
    assert shapes(cells) == [
        (0, 0, "a", 2, 2),
        (0, 2, "b", 1, 1),
        (1, 2, "c", 1, 1),
        (2, 0, "d", 1, 1),
        (2, 1, "e", 1, 1),
        (2, 2, "f", 1, 1),
    ]


def test_three_rows_merge_and_a_new_merge_starts_below():
    cells = read(tr(tc("a", RESTART)), tr(tc("", CONTINUE)), tr(tc("", CONTINUE)), tr(tc("b", RESTART)))
    assert shapes(cells) == [(0, 0, "a", 3, 1), (3, 0, "b", 1, 1)]


def test_continuation_of_nothing_is_a_cell():
    assert shapes(read(tr(tc("a", CONTINUE)))) == [(0, 0, "a", 1, 1)]


def test_old_horizontal_merge_and_grid_offset():
    merged = tr(tc("a", '<w:hMerge w:val="restart"/>'), tc("", "<w:hMerge/>"), tc("b"))
    assert shapes(read(merged)) == [(0, 0, "a", 1, 2), (0, 2, "b", 1, 1)]
    assert shapes(read(tr(tc("x"), properties='<w:gridBefore w:val="2"/>'))) == [(0, 2, "x", 1, 1)]


def test_rows_and_cells_in_wrappers_count_and_deleted_rows_do_not():
    row = f"<w:tr><w:sdt><w:sdtContent>{tc('b')}</w:sdtContent></w:sdt></w:tr>"
    wrapped = f"<w:sdt><w:sdtContent>{tr(tc('a'))}</w:sdtContent></w:sdt>"
    assert [cell.text for cell in read(wrapped, row, tr(tc("gone"), properties="<w:del/>"))] == ["a", "b"]


@pytest.mark.parametrize(
    ("look", "header"),
    [
        ('<w:tblLook w:val="04A0"/>', True),
        ('<w:tblLook w:val="0480"/>', False),
        ('<w:tblLook w:firstRow="1"/>', True),
        ('<w:tblLook w:val="04A0" w:firstRow="0"/>', False),
        ('<w:tblLook w:val="nonsense"/>', False),
        ("", False),
    ],
)
def test_first_row_is_header_where_the_look_says_so(look, header):
    cells = read(tr(tc("a")), tr(tc("b")), look=look)
    assert [cell.header for cell in cells] == [header, False]


def test_repeated_rows_are_headers_and_a_single_row_is_none():
    repeated = "<w:tblHeader/>"
    rows = (tr(tc("a"), properties=repeated), tr(tc("b"), properties=repeated), tr(tc("c")))
    assert [cell.header for cell in read(*rows, tr(tc("d"), properties=repeated))] == [True, True, False, False]
    assert not read(tr(tc("a")), look='<w:tblLook w:val="04A0"/>')[0].header


def test_hostile_spans_are_bounded():
    (cell,) = read(tr(tc("x", '<w:gridSpan w:val="1000000000"/>')))
    assert cell.column_span == MAX_SPAN
    assert shapes(read(tr(tc("x", '<w:gridSpan w:val="-5"/>')))) == [(0, 0, "x", 1, 1)]


def test_plausible_grids():
    assert is_plausible(())
    assert is_plausible(read(tr(tc("a"), tc("b")), tr(tc("c", WIDE))))
    ragged = [tr(tc("x"))] * 2000 + [tr(*[tc("y")] * 1000)]
    assert not is_plausible(read(*ragged))
