"""Files that are damaged, and read all the same: what is told of them."""

import zipfile

import pymupdf
import pytest

from beam_pipeline import extract_document
from schemas.document import DocumentStatus
from schemas.failures import Category, Corrupt
from schemas.options import LayoutOptions, OcrOptions, Options
from transforms.extract.child import extract_ranges
from transforms.extract.ranges import join

PLAIN = Options(ocr=OcrOptions(mode="never"), layout=LayoutOptions(mode="never"))
PDF = "application/pdf"


def pdf(pages: int = 20, **save: object) -> bytes:
    with pymupdf.open() as document:
        for number in range(pages):
            page = document.new_page(width=300, height=200)
            page.insert_text((20, 40), f"Page {number + 1} tells of planets and their moons.")
        return document.tobytes(**save)


def cut(data: bytes, share: float = 0.5) -> bytes:
    """The file up to the end of an object: MuPDF opens that."""
    return data[: data.rindex(b"endobj", 0, int(len(data) * share)) + 7]


def told(data: bytes):
    document = extract_document(data, PLAIN)
    failures = [(failure.category, failure.page) for failure in document.failures]
    return document.status, document.notes, failures


def test_a_sound_file_has_no_notes():
    for data in (
        pdf(),
        pdf(garbage=4, deflate=True),
        pdf(use_objstms=1),
        b"junk before\n" + pdf(),
        pdf() + b"\n" * 3000,
    ):
        status, notes, failures = told(data)
        assert (status, failures) == (DocumentStatus.OK, []) and "truncated" not in notes


@pytest.mark.parametrize("share", [0.5, 0.9, 0.97])
@pytest.mark.parametrize("save", [{}, {"garbage": 4, "deflate": True}])
def test_a_file_that_was_cut_off_is_partial(save, share):
    data = pdf(**save)
    try:
        found = told(data[: int(len(data) * share)])
    except Corrupt:
        # Nothing is left that could be taken for a document: told, too.
        return
    assert found[:2] == (DocumentStatus.PARTIAL, ("repaired", "truncated")) and (Category.PARTIAL, 0) in found[2]


def test_some_cut_of_every_kind_is_read():
    """The test above is not about nothing."""
    data = pdf()
    for share in (0.5, 0.9):
        status, notes, failures = told(cut(data, share))
        assert (status, notes) == (DocumentStatus.PARTIAL, ("repaired", "truncated"))
        # Pages that are not there are told one by one.
        assert failures.count((Category.PARTIAL, 0)) == 1 and all(page for _, page in failures[1:])
    mark = data.rindex(b"%%EOF") + 5
    # A second revision that was cut off.
    grown = data[:mark] + b"\n99 0 obj\n<< /Type /Something >>\nendobj\n100 0 obj\n<< /Len"
    assert told(grown) == (DocumentStatus.PARTIAL, ("truncated",), [(Category.PARTIAL, 0)])
    assert told(grown + b"gth 9000 >>\nstream\n" + b"x" * 5000)[1] == ("repaired", "truncated")


def test_a_file_that_was_only_repaired_has_a_note():
    wrong = pdf().replace(b"startxref\n", b"startxref\n9")
    assert told(wrong) == (DocumentStatus.OK, ("repaired",), [])
    assert told(wrong + b"<html>" + b"x" * 3000) == (DocumentStatus.OK, ("repaired",), [])


def test_pages_beyond_the_count_of_the_tree_are_read():
    document = extract_document(pdf().replace(b"/Count 20", b"/Count 12"), PLAIN)
    assert (document.page_count, len(document.pages), document.notes) == (20, 20, ("repaired",))
    assert sum("planets" in element.text for element in document.elements) == 20
    short = extract_document(pdf().replace(b"/Count 20", b"/Count 25"), PLAIN)
    assert (short.page_count, len(short.pages), short.notes) == (20, 20, ("repaired",))
    assert (short.status, [f.message for f in short.failures]) == (
        DocumentStatus.PARTIAL,
        ["the file claims 25 pages, and has 20"],
    )


def test_ranges_of_a_cut_file_tell_it_once(tmp_path):
    data = pdf()
    (tmp_path / "cut.pdf").write_bytes(cut(data))
    parts = [extract_ranges(tmp_path / "cut.pdf", PDF, [span]) for span in ((1, 5), (6, 20))]
    whole = join(parts)
    assert [failure.page for failure in whole.failures].count(0) == 1
    assert whole.notes == ["repaired", "truncated"]


def docx(path, **parts: bytes):
    import docx as python_docx

    document = python_docx.Document()
    document.add_paragraph("The main text.")
    document.sections[0].header.paragraphs[0].text = "A running head"
    document.save(path)
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members.items():
            new.writestr(name, next((cut for word, cut in parts.items() if word in name and "rels" not in name), data))
    return path


def test_a_docx_of_which_a_side_part_was_repaired_has_a_note(tmp_path):
    sound = extract_document(docx(tmp_path / "sound.docx"), PLAIN)
    assert sound.notes == ()
    damaged = extract_document(docx(tmp_path / "damaged.docx", header=b"<w:hdr><w:p>cut off"), PLAIN)
    assert damaged.notes == ("repaired",)
    assert "The main text." in {element.text for element in damaged.elements}


def test_a_docx_that_was_cut_off_fails(tmp_path):
    path = docx(tmp_path / "cut.docx")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Corrupt, match="complete zip"):
        extract_document(path, PLAIN)
