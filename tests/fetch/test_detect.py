import codecs
import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.fetch.media.archives import sniff_zip_head
from transforms.fetch.media.detect import detect_file, detect_type
from transforms.fetch.media.media_types import (
    DOC,
    DOCX,
    EML,
    EMPTY,
    HTML,
    MARKDOWN,
    MSG,
    OLE,
    PDF,
    PPTX,
    RTF,
    TEXT,
    XLS,
    XLSX,
    agree,
    split_media_type,
    type_of_name,
)

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(20)
MAIL = b"Return-Path: <a@b.c>\r\nReceived: from x\r\n\tby y\r\nFrom: a@b.c\r\nSubject: hi\r\n\r\nbody"


def archive(members, compression=zipfile.ZIP_STORED):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as out:
        for name, data in members:
            out.writestr(name, data)
    return target.getvalue()


def content_types(main):
    return f'<Types><Override PartName="/x.xml" ContentType="{main}.main+xml"/></Types>'


def ole(stream="", clsid=bytes(16)):
    entries = [("Root Entry", clsid), *([(stream, bytes(16))] if stream else [])]
    rows = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", len(name) * 2 + 2) + bytes(14) + kind + bytes(32)
        for name, kind in entries
    )
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + rows


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n", PDF),
        (b"\xef\xbb\xbf\n%PDF-1.7\n", PDF),
        (b"\x00\x01junk" * 50 + b"%PDF-1.4\n1 0 obj\n", PDF),
        (b"HTTP/1.1 200 OK\n\n%PDF-1.4\n1 0 obj\n", PDF),
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(30), "image/jpeg"),
        (b"{\\rtf1\\ansi x}", RTF),
        (b"<!DOCTYPE html><p>x", HTML),
        (b" <!-- a --> <HTML lang=en>", HTML),
        (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x'><html>", HTML),
        (b"<?xml version='1.0'?><svg xmlns='x'/>", "image/svg+xml"),
        (b"<?xml version='1.0'?><note/>", "application/xml"),
        (codecs.BOM_UTF16_LE + "<html><p>x".encode("utf-16-le"), HTML),
        (codecs.BOM_UTF16_BE + "<html><p>x".encode("utf-16-be"), HTML),
        ("<!doctype html><p>x".encode("utf-16-le"), HTML),
        (MAIL, EML),
        (b"From: Ann\nTo: Bob\nSubject: memo\n\nnot a mail", TEXT),
        (b"About %PDF-1.4 files, in prose", TEXT),
        (b"plain words", TEXT),
        (b"BM is how this text begins", TEXT),
        (b"<p>one</p><p>two</p>", HTML),
        (bytes(range(256)) * 4, "application/octet-stream"),
        (b"\xa4\xb3\xe9 latin text, not UTF-8", TEXT),
        (ole(), OLE),
        (ole("WordDocument"), DOC),
        (ole("Workbook"), XLS),
        (ole("__properties_version1.0"), MSG),
        (ole("Workbook", bytes.fromhex("0609020000000000c000000000000046")), DOC),
    ],
)
def test_bytes_alone(data, kind, tmp_path):
    assert detect_type(data).media_type == kind
    path = tmp_path / "file"
    path.write_bytes(data)
    assert detect_file(str(path)).media_type == kind


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ([("word/document.xml", "x"), ("[Content_Types].xml", content_types(DOCX))], DOCX),
        ([("a", "x" * 100_000), ("[Content_Types].xml", content_types(PPTX))], PPTX),
        ([("_rels/.rels", "x"), ("xl/workbook.xml", "x")], XLSX),
        ([("docProps/app.xml", "x"), ("ppt/presentation.xml", "x")], PPTX),
        (
            [
                ("[Content_Types].xml", content_types("application/vnd.ms-word.document.macroEnabled")),
                ("word/document.xml", "x"),
            ],
            "application/vnd.ms-word.document.macroenabled",
        ),
        ([("mimetype", "application/epub+zip"), ("x", "y")], "application/epub+zip"),
        (
            [("x", "y"), ("mimetype", "application/vnd.oasis.opendocument.text")],
            "application/vnd.oasis.opendocument.text",
        ),
        ([("notes.txt", "x")], "application/zip"),
    ],
)
def test_archives(members, kind, compression, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(archive(members, compression))
    assert detect_file(str(path)).media_type == kind


def test_truncated_archive_is_known_by_its_first_members(tmp_path):
    whole = archive([("[Content_Types].xml", content_types(DOCX)), ("word/document.xml", "x" * 1000)])
    assert detect_type(whole[:500]).media_type == DOCX
    path = tmp_path / "x"
    path.write_bytes(whole[:500])
    assert detect_file(str(path)).media_type == DOCX


def test_archive_with_a_huge_directory_is_not_read(tmp_path):
    data = bytearray(archive([("a", "x"), ("word/document.xml", "x")]))
    end = data.rfind(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, 5 << 20)
    path = tmp_path / "x"
    path.write_bytes(bytes(data).replace(b"word/document", b"word-document", 1))
    assert detect_file(str(path)).media_type == "application/zip"


def test_damaged_archive_directory(tmp_path):
    data = archive([("a", "x"), ("b", "y")]).replace(b"PK\x01\x02", b"XXXX")
    path = tmp_path / "x.docx"
    path.write_bytes(data)
    guess = detect_file(str(path))
    assert (guess.media_type, guess.mismatch) == (DOCX, False)


@pytest.mark.parametrize(
    ("data", "declared", "name", "kind", "mismatch"),
    [
        (b"%PDF-1.7", "application/pdf", "a.pdf", PDF, False),
        (b"%PDF-1.7", "", "a.docx", PDF, True),
        (b"%PDF-1.7", "text/html", "a.pdf", PDF, True),
        (b"%PDF-1.7", "application/octet-stream", "a", PDF, False),
        (PNG, "", "a.pdf", "image/png", True),
        (b"<html>", "", "a.pdf", HTML, True),
        (b"# Title", "text/plain; charset=utf-8", "README.md", MARKDOWN, False),
        (b"# Title", "", "README.md", MARKDOWN, False),
        (b"a,b\n", "application/vnd.ms-excel", "a.csv", "text/csv", False),
        (b"a\tb\n", "", "a.TSV", "text/tab-separated-values", False),
        (b'{"a": 1}', "application/json", "", "application/json", False),
        (b'{"a": 1}', "application/json", "a.pdf", "application/json", True),
        (b"come in", "text/plain", "a.docx", "text/plain", True),
        (b"not really", "", "a.pdf", PDF, False),
        (bytes(range(256)) * 4, "", "a.txt", "application/octet-stream", True),
        (bytes(range(256)) * 4, "text/plain", "a.pdf", PDF, False),
        (b"<p>x", "", "a.html", HTML, False),
        (b"<html><p>a\0b", "", "a.html", HTML, False),
        (b"", "application/pdf", "a.pdf", EMPTY, False),
        (MAIL, "", "a.mht", EML, False),
        (archive([("a", "b")]), "", "a.odt", "application/vnd.oasis.opendocument.text", False),
        (archive([("word/document.xml", "b")]), "application/zip", "a.docx", DOCX, False),
        (ole("EncryptedPackage"), "", "a.docx", DOCX, False),
        (ole("EncryptedPackage"), "", "a", OLE, False),
    ],
)
def test_claims(data, declared, name, kind, mismatch, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(data)
    assert detect_file(str(path), declared, name) == detect_type(data, declared, name)
    guess = detect_type(data, declared, name)
    assert (guess.media_type, guess.mismatch) == (kind, mismatch)


def test_declared_type_prefers_the_server():
    assert detect_type(b"x", "Text/HTML; Charset=UTF-8", "a.txt").declared_type == "text/html; charset=utf-8"
    assert detect_type(b"x", "", "a.txt").declared_type == "text/plain"
    assert detect_type(b"x", "application/octet-stream", "").declared_type == ""
    assert split_media_type("nonsense") == ("", "")


def test_types_of_names():
    assert type_of_name("a.PDF") == PDF
    assert type_of_name("dir.pdf/a") == ""
    assert type_of_name("archive.tar") == "application/x-tar"


def test_agreement_is_symmetric():
    assert agree("application/zip", DOCX) and agree(DOCX, "application/zip")
    assert not agree(PDF, DOCX)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf", b"<?xml"]),
)
def test_any_bytes_have_a_type(data, start):
    guess = detect_type(start + data)
    assert "/" in guess.media_type
    assert (guess.media_type == EMPTY) == (not start + data)


@given(st.binary(max_size=300))
def test_any_zip_head_has_a_type(data):
    assert "/" in sniff_zip_head(b"PK\x03\x04" + data)
