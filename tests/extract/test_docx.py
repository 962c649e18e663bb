"""Whole files: packages built by python-docx, and hand-made ones for what it cannot write."""

import io
import re
import zipfile
import zlib

import docx
import pytest
from docx.shared import Pt

from schemas.content import BlockType, ExtractRequest, Link, PageStatus
from schemas.failures import Corrupt, Encrypted, TooLarge, Unsupported
from transforms.extract.docx import archive
from transforms.extract.docx.archive import OLE_MAGIC
from transforms.extract.docx.extractor import DocxExtractor
from transforms.extract.docx.package import cut_elements

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"


def relations(*entries):
    """Relationship part: (id, kind, target) each."""
    items = "".join(f'<Relationship Id="{i}" Type="{R}/{kind}" Target="{target}"/>' for i, kind, target in entries)
    return f'<Relationships xmlns="{RELATIONSHIPS}">{items}</Relationships>'


def document(body):
    return f'<w:document xmlns:w="{W}" xmlns:r="{R}"><w:body>{body}</w:body></w:document>'


def part(root, inner):
    return f'<w:{root} xmlns:w="{W}">{inner}</w:{root}>'


def p(words):
    return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"


HEADING_STYLE = '<w:style w:type="paragraph" w:styleId="h"><w:name w:val="heading 1"/></w:style>'
MAIN = {"_rels/.rels": relations(("rId1", "officeDocument", "word/document.xml"))}


def package(tmp_path, parts, compression=zipfile.ZIP_DEFLATED):
    path = tmp_path / "made.docx"
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def extract(path, **request):
    return DocxExtractor().extract(path, ExtractRequest(**request))


def outline(extraction):
    return [
        (block.type.value, block.level, block.marker, "".join(span.text for span in block.spans))
        for block in extraction.pages[0].blocks
    ]


@pytest.fixture
def report(tmp_path):
    made = docx.Document()
    made.core_properties.title, made.core_properties.author = "Report", "Ada"
    made.core_properties.language, made.core_properties.keywords = "en-GB", "bees, hives"
    made.add_heading("Bees", 0)
    made.add_heading("Hives", 1)
    made.add_paragraph("A hive is ").add_run("warm").bold = True
    made.add_paragraph("first", style="List Number")
    made.add_paragraph("second", style="List Number")
    made.add_paragraph("nested", style="List Bullet 2")
    table = made.add_table(2, 3)
    table.cell(0, 0).text, table.cell(1, 2).text = "Year", "7"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "Honey"
    made.add_paragraph("Figure 1. A bee", style="Caption")
    section = made.sections[0]
    section.header.paragraphs[0].text, section.footer.paragraphs[0].text = "Bee Society", "Confidential"
    path = tmp_path / "report.docx"
    made.save(str(path))
    return path


def test_document_of_python_docx(report):
    extraction = extract(report)
    assert extraction.page_count == 1
    assert extraction.pages[0].status is PageStatus.DIGITAL
    assert outline(extraction) == [
        ("page_header", 0, "", "Bee Society"),
        ("title", 0, "", "Bees"),
        ("heading", 1, "", "Hives"),
        ("paragraph", 0, "", "A hive is warm"),
        ("list_item", 0, "1.", "first"),
        ("list_item", 0, "2.", "second"),
        ("list_item", 1, "-", "nested"),
        ("table", 0, "", ""),
        ("caption", 0, "", "Figure 1. A bee"),
        ("page_footer", 0, "", "Confidential"),
    ]
    (table,) = (block for block in extraction.pages[0].blocks if block.type is BlockType.TABLE)
    cells = {(cell.row, cell.column): cell for cell in table.cells}
    assert (cells[0, 1].text, cells[0, 1].column_span, cells[0, 1].header) == ("Honey", 2, True)
    assert (cells[1, 2].text, cells[1, 2].header) == ("7", False)
    assert all(block.source == "docx" for block in extraction.pages[0].blocks)


def test_metadata(report):
    meta = extract(report).meta
    assert (meta.title, meta.author, meta.language) == ("Report", "Ada", "en-GB")
    assert meta.properties["keywords"] == "bees, hives"
    assert re.match(r"\d{4}-\d\d-\d\dT", meta.created)


def test_page_range_behind_the_document_is_empty(report):
    extraction = extract(report, first_page=2)
    assert (extraction.page_count, extraction.pages) == (1, [])


def test_comments_of_python_docx(tmp_path):
    made = docx.Document()
    run = made.add_paragraph("A claim.").runs[0]
    made.add_comment(run, text="Says who?", author="Ada")
    made.save(str(tmp_path / "c.docx"))
    assert [entry[0::3] for entry in outline(extract(tmp_path / "c.docx"))] == [
        ("paragraph", "A claim."),
        ("comment", "Says who?"),
    ]


def code_document(tmp_path, lines, prose):
    made = docx.Document()
    for line in lines:
        made.add_paragraph().add_run(line).font.name = "Courier New"
    for line in prose:
        made.add_paragraph(line)
    made.styles["Normal"].font.size = Pt(9)
    made.save(str(tmp_path / "code.docx"))
    return outline(extract(tmp_path / "code.docx"))


def test_typewriter_paragraphs_are_one_code_block(tmp_path):
    found = code_document(tmp_path, ["if x:", "    y = 1"], ["one", "two", "three"])
    assert [entry[0::3] for entry in found][:2] == [("code", "if x:\n    y = 1"), ("paragraph", "one")]


def test_document_in_a_typewriter_font_is_prose(tmp_path):
    assert {entry[0] for entry in code_document(tmp_path, ["a", "b", "c"], ["d"])} == {"paragraph"}


def test_default_typewriter_font_marks_no_code(tmp_path):
    made = docx.Document()
    made.styles["Normal"].font.name = "Courier New"
    made.add_paragraph("plain")
    for _ in range(3):
        made.add_paragraph().add_run("other").font.name = "Arial"
    made.save(str(tmp_path / "m.docx"))
    assert {entry[0] for entry in outline(extract(tmp_path / "m.docx"))} == {"paragraph"}


def notes_package(tmp_path):
    def note(kind, note_id, inner, more=""):
        return f'<w:{kind} w:id="{note_id}"{more}>{inner}</w:{kind}>'

    reference = '<w:p><w:r><w:t>x</w:t><w:footnoteReference w:id="2"/><w:endnoteReference w:id="1"/></w:r></w:p>'
    table = f"<w:tbl><w:tr><w:tc>{p('cell')}</w:tc></w:tr></w:tbl>"
    parts = MAIN | {
        "word/document.xml": document(
            reference + '<w:sectPr><w:headerReference w:type="default" r:id="rId4"/>'
            '<w:headerReference w:type="first" r:id="rId5"/>'
            '<w:footerReference w:type="default" r:id="rId9"/></w:sectPr>'
        ),
        "word/_rels/document.xml.rels": relations(
            ("rId1", "footnotes", "footnotes.xml"),
            ("rId2", "endnotes", "/word/endnotes.xml"),
            ("rId3", "settings", "settings.xml"),
            ("rId4", "header", "header1.xml"),
            ("rId5", "header", "header2.xml"),
        ),
        "word/footnotes.xml": part(
            "footnotes",
            note("footnote", 0, p("separator"), ' w:type="separator"')
            + note("footnote", 2, p("first line") + p("second line") + table)
            + note("footnote", 3, p("never referred to")),
        ),
        "word/endnotes.xml": part("endnotes", note("endnote", 1, p("the end"))),
        "word/settings.xml": part("settings", '<w:endnotePr><w:numFmt w:val="upperLetter"/></w:endnotePr>'),
        "word/header1.xml": part("hdr", p("Head") + table),
        "word/header2.xml": part("hdr", p("Head") + p("First page only")),
    }
    return package(tmp_path, parts)


def test_notes_follow_the_body_and_headers_stand_once(tmp_path):
    assert outline(extract(notes_package(tmp_path))) == [
        ("page_header", 0, "", "Head"),
        ("page_header", 0, "", "cell"),
        ("page_header", 0, "", "First page only"),
        ("paragraph", 0, "", "x[^1][^A]"),
        ("footnote", 0, "1", "first line\nsecond line\ncell"),
        ("footnote", 0, "A", "the end"),
    ]


def test_links_and_missing_parts(tmp_path):
    rels = relations(("rId2", "styles", "gone.xml"), ("rId3", "footnotes", "gone2.xml"))
    external = f'<Relationship Id="rId1" Type="{R}/hyperlink" Target="https://example.org" TargetMode="External"/>'
    body = f'<w:p><w:hyperlink r:id="rId1">{p("go")[5:-6]}</w:hyperlink></w:p>'
    parts = MAIN | {
        "word/document.xml": document(body),
        "word/_rels/document.xml.rels": rels.replace("</Rel", f"{external}</Rel", 1).replace(
            f"{external}</Relationship>", f"{external}</Relationships>"
        ),
    }
    extraction = extract(package(tmp_path, parts))
    assert outline(extraction) == [("paragraph", 0, "", "go")]
    assert extraction.pages[0].links == [Link(None, "https://example.org")]


def test_strict_namespaces_read_like_the_usual_ones(tmp_path):
    strict = document(p("x")).replace(W, "http://purl.oclc.org/ooxml/wordprocessingml/main")
    strict = strict.replace(R, "http://purl.oclc.org/ooxml/officeDocument/relationships")
    path = package(tmp_path, MAIN | {"word/document.xml": strict})
    assert outline(extract(path)) == [("paragraph", 0, "", "x")]


def test_names_differ_in_case_and_slashes_and_relationships_are_missing(tmp_path):
    path = package(tmp_path, {"Word\\Document.XML": document(p("x"))})
    assert outline(extract(path)) == [("paragraph", 0, "", "x")]


def test_empty_document_is_an_empty_page(tmp_path):
    extraction = extract(package(tmp_path, MAIN | {"word/document.xml": document("<w:p/>")}))
    assert extraction.pages[0].status is PageStatus.EMPTY


def test_damaged_side_parts_do_not_cost_the_text(tmp_path):
    parts = MAIN | {
        "word/document.xml": document(p("x")),
        "word/_rels/document.xml.rels": relations(("rId1", "styles", "styles.xml")),
        "word/styles.xml": "<w:styles",
    }
    assert outline(extract(package(tmp_path, parts))) == [("paragraph", 0, "", "x")]


def test_part_cut_off_in_the_middle_gives_what_stands_before(tmp_path):
    parts = MAIN | {
        "word/document.xml": document('<w:p><w:pPr><w:pStyle w:val="h"/></w:pPr><w:r><w:t>x</w:t></w:r></w:p>'),
        "word/_rels/document.xml.rels": relations(("rId1", "styles", "styles.xml"), ("rId2", "comments", "c.xml")),
        "word/styles.xml": part("styles", f'{HEADING_STYLE}<w:style w:type="para')[: -len("</w:styles>")],
        "word/c.xml": "",
    }
    assert outline(extract(package(tmp_path, parts))) == [("heading", 1, "", "x")]


def test_pictures_are_never_decompressed(tmp_path):
    parts = MAIN | {
        "word/document.xml": document(p("x")),
        "word/_rels/document.xml.rels": relations(("rId1", "image", "big.png"), ("rId2", "image", "../NULL")),
        "word/big.png": b"needle",
    }
    path = package(tmp_path, parts, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"needle", b"noodle"))
    assert outline(extract(path)) == [("paragraph", 0, "", "x")]


def test_missing_first_and_repeated_relationships(tmp_path):
    styled = '<w:p><w:pPr><w:pStyle w:val="h"/></w:pPr><w:r><w:t>x</w:t></w:r></w:p>'
    targets = ("gone.xml", "styles.xml", "other.xml")
    parts = MAIN | {
        "word/document.xml": document(styled),
        "word/_rels/document.xml.rels": relations(*((f"rId{i}", "styles", name) for i, name in enumerate(targets))),
        "word/styles.xml": part("styles", HEADING_STYLE),
        "word/other.xml": part("styles", ""),
    }
    assert outline(extract(package(tmp_path, parts))) == [("heading", 1, "", "x")]


def test_main_relationship_that_leads_outside_is_not_followed(tmp_path):
    external = relations(("main", "officeDocument", "https://example.org/d.xml")).replace(
        "/></Rel", ' TargetMode="External"/></Rel'
    )
    path = package(tmp_path, {"_rels/.rels": external, "word/document.xml": document(p("x"))})
    assert outline(extract(path)) == [("paragraph", 0, "", "x")]


@pytest.mark.parametrize("target", ["", "word/document.xml"], ids=["no target", "target of the main part"])
def test_core_properties_that_point_astray(tmp_path, target):
    entries = relations(("rId1", "core-properties", target), ("rId2", "officeDocument", "word/document.xml"))
    path = package(tmp_path, {"_rels/.rels": entries, "word/document.xml": document(p("x"))})
    assert outline(extract(path)) == [("paragraph", 0, "", "x")]


def test_main_relationship_without_target_means_the_usual_part(tmp_path):
    entries = relations(("rId1", "core-properties", ""), ("rId2", "officeDocument", ""))
    path = package(tmp_path, {"_rels/.rels": entries, "word/document.xml": document(p("x"))})
    assert outline(extract(path)) == [("paragraph", 0, "", "x")]


def test_xml_comments_and_instructions_do_not_cut_text(tmp_path):
    path = package(tmp_path, MAIN | {"word/document.xml": document(p("be<!-- c -->fo<?pi?>re"))})
    assert outline(extract(path)) == [("paragraph", 0, "", "before")]


def test_template_and_parts_named_like_the_packages_own(tmp_path):
    parts = {
        "_rels/.rels": relations(("rId1", "officeDocument", "[Content_Types].xml")),
        "[Content_Types].xml": document(p("x")),
    }
    assert outline(extract(package(tmp_path, parts))) == [("paragraph", 0, "", "x")]


@pytest.mark.parametrize(
    ("core", "title", "created"),
    [
        (
            "<dc:title> T </dc:title><dcterms:created>2020-01-02T03:04:05Z</dcterms:created>",
            "T",
            "2020-01-02T03:04:05Z",
        ),
        ("<dc:title/><dcterms:created/>", "", ""),
        ("<dcterms:created>0001-01-01T00:00:00+10:00</dcterms:created>", "", ""),
        ("<dcterms:created>yesterday</dcterms:created>", "", ""),
    ],
    ids=["whole", "empty", "before time", "no date"],
)
def test_core_and_extended_properties(tmp_path, core, title, created):
    names = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
    dublin = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
    parts = {
        "_rels/.rels": relations(
            ("rId1", "officeDocument", "word/document.xml"),
            ("rId2", "core-properties", "core.xml"),
            ("rId3", "extended-properties", "app.xml"),
        ),
        "word/document.xml": document(p("x")),
        "core.xml": f'<c:coreProperties xmlns:c="{names}" {dublin}>{core}</c:coreProperties>',
        "app.xml": '<Properties xmlns="urn:x"><Application>Writer</Application><Company/></Properties>',
    }
    meta = extract(package(tmp_path, parts)).meta
    assert (meta.title, meta.created, meta.properties) == (title, created, {"producer": "Writer"})


def test_no_metadata_is_made_up(tmp_path):
    meta = extract(package(tmp_path, MAIN | {"word/document.xml": document(p("x"))})).meta
    assert (meta.title, meta.author, meta.modified, meta.properties) == ("", "", "", {})


@pytest.mark.parametrize(
    "parts",
    [
        {"readme.txt": "no document"},
        MAIN | {"word/document.xml": "<w:document"},
        MAIN | {"word/document.xml": "<html><body/></html>"},
        MAIN | {"word/document.xml": part("document", "")},
    ],
    ids=["no main part", "not well-formed", "other root", "no body"],
)
def test_packages_that_are_no_document(tmp_path, parts):
    with pytest.raises(Corrupt, match="document"):
        extract(package(tmp_path, parts))


def test_empty_truncated_and_foreign_files(tmp_path, report):
    whole = report.read_bytes()
    for data, reason in ((b"", "empty"), (whole[: len(whole) // 2], "zip"), (b"%PDF-1.7 " * 50, "zip")):
        report.write_bytes(data)
        with pytest.raises(Corrupt, match=reason):
            extract(report)


def test_flipped_bytes_inside_a_member(tmp_path):
    path = package(tmp_path, MAIN | {"word/document.xml": document(p("needle"))}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"needle", b"noodle"))
    with pytest.raises(Corrupt, match="decompressed"):
        extract(path)


def test_unknown_compression(tmp_path):
    path = package(tmp_path, MAIN | {"word/document.xml": document(p("x"))}, zipfile.ZIP_STORED)
    data = path.read_bytes()
    at = data.rindex(b"PK\x01\x02") + 10
    path.write_bytes(data[:at] + (93).to_bytes(2, "little") + data[at + 2 :])
    with pytest.raises(Corrupt, match="compression"):
        extract(path)


def test_password_protected_and_binary_word_files(tmp_path):
    path = tmp_path / "x.docx"
    path.write_bytes(OLE_MAGIC + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500))
    with pytest.raises(Encrypted, match="password"):
        extract(path)
    path.write_bytes(OLE_MAGIC + bytes(1000))
    with pytest.raises(Unsupported, match="97-2003"):
        extract(path)


def test_zip_password(tmp_path):
    path = package(tmp_path, MAIN | {"word/document.xml": document(p("x"))})
    data = bytearray(path.read_bytes())
    # Bit 0 of the general-purpose flags, in the central directory entry of the last member.
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(Encrypted, match="zip password"):
        extract(path)


def test_bomb_is_refused_before_it_is_decompressed(tmp_path, monkeypatch):
    monkeypatch.setattr(zlib, "decompressobj", None)
    body = document(f"<!--{' ' * (5 << 20)}-->")
    parts = {"word/document.xml": body}
    with pytest.raises(TooLarge, match="zip bombs"):
        extract(package(tmp_path, parts))
    with pytest.raises(TooLarge, match="may be read"):
        monkeypatch.setattr(archive, "MAX_PART_BYTES", 1 << 20)
        extract(package(tmp_path, parts))


def test_all_parts_together_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 500)
    with pytest.raises(TooLarge):
        extract(package(tmp_path, MAIN | {"word/document.xml": document(p("x" * 400))}))


def test_lying_size_is_corrupt(tmp_path):
    path = package(tmp_path, {"word/document.xml": document(p("x" * 4000))})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    with pytest.raises(Corrupt):
        extract(path)


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 1)
    with pytest.raises(TooLarge, match="members"):
        extract(package(tmp_path, MAIN | {"word/document.xml": document("")}))


@pytest.mark.parametrize(
    "entities",
    [
        '<!ENTITY a "{}">'.format("ha" * 10),
        '<!ENTITY a SYSTEM "{secret}">',
        '<!ENTITY z "zzzzzzzzzz"><!ENTITY y "' + "&z;" * 50 + '"><!ENTITY a "' + "&y;" * 50 + '">',
    ],
    ids=["internal", "external", "nested"],
)
def test_entities_are_refused_and_never_resolved(tmp_path, entities):
    secret = tmp_path / "secret.txt"
    secret.write_text("do not read")
    declared = f"<!DOCTYPE d [{entities.replace('{secret}', secret.as_uri())}]>"
    path = package(tmp_path, MAIN | {"word/document.xml": declared + document(p("&a;"))})
    with pytest.raises(Corrupt) as caught:
        extract(path)
    assert "do not read" not in str(caught.value)


def test_hostile_member_names_write_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    path = package(tmp_path / "in", MAIN | {"word/document.xml": document(p("x")), "../../evil.txt": "evil"})
    assert outline(extract(path)) == [("paragraph", 0, "", "x")]
    assert [item.name for item in tmp_path.rglob("*")] == ["in", "made.docx"]


@pytest.mark.parametrize("opening", ["<w:tbl><w:tr><w:tc>", "<w:sdt><w:sdtContent>", "<w:ins>"])
@pytest.mark.parametrize("depth", [20, 400, 5000])
def test_deep_nesting_is_read_or_refused(tmp_path, opening, depth):
    closing = "".join(f"</{name}>" for name in reversed(re.findall(r"<(w:\w+)>", opening)))
    body = document(opening * depth + p("deep") + closing * depth)
    path = package(tmp_path, MAIN | {"word/document.xml": body})
    if depth < 50:
        assert "deep" in str(extract(path).pages[0].blocks)
    else:
        with pytest.raises(Corrupt):
            extract(path)


def test_cut_elements():
    assert cut_elements(b"a<x>1</x>b<x>2</x>c<x>open", b"<x>", b"</x>") == b"abc<x>open"


def test_in_memory_zip_of_other_kind(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("_rels/.rels", relations(("rId1", "officeDocument", "xl/workbook.xml")))
        file.writestr("xl/workbook.xml", "<workbook/>")
    path = tmp_path / "sheet.docx"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(Corrupt, match="not a text document"):
        extract(path)
