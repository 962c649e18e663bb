"""PDF extraction on documents made here with PyMuPDF."""

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from schemas.content import Extraction, ExtractRequest, PageStatus, Span, Style
from schemas.failures import Category, Corrupt, Encrypted
from schemas.geometry import Box
from transforms.extract.pdf.extractor import PdfExtractor, iso_date, page_range
from transforms.extract.pdf.page import PageContent, mend_sizes, read_page
from transforms.extract.pdf.vectors import MAX_VECTORS, RawVector, page_vectors

Draw = Callable[[pymupdf.Page], object]


def make(path: Path, *draws: Draw, **save: object) -> Path:
    document = pymupdf.open()
    for draw in draws:
        draw(document.new_page(width=400, height=500))
    document.save(path, **save)
    return path


def extract(path: Path, **request: object) -> Extraction:
    return PdfExtractor().extract(path, ExtractRequest(**request))  # type: ignore[arg-type]


def page_spans(path: Path) -> list[Span]:
    return [span for line in extract(path).pages[0].lines for span in line.spans]


def text_at(text: str, x: float = 50, y: float = 100, **style: object) -> Draw:
    return lambda page: page.insert_text((x, y), text, **style)


def test_spans_have_box_face_and_colour(tmp_path: Path) -> None:
    path = make(tmp_path / "a.pdf", text_at("Hello there", fontsize=14, fontname="hebo", color=(1, 0, 0)))
    (span,) = page_spans(path)
    assert (span.text, span.size, span.color, span.hidden) == ("Hello there", 14.0, 0xFF0000, "")
    assert span.style & Style.BOLD
    assert span.box is not None
    assert 49 < span.box.x0 < 52 and 80 < span.box.y0 < 100 < span.box.y1


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_are_on_the_page_as_shown(tmp_path: Path, rotation: int) -> None:
    path = make(tmp_path / "a.pdf", lambda page: (page.insert_text((50, 100), "Hello"), page.set_rotation(rotation)))
    page = extract(path).pages[0]
    box, direction = page.lines[0].box, page.lines[0].direction
    expected = {0: (50, 100, 1, 0), 90: (400, 50, 0, 1), 180: (350, 400, -1, 0), 270: (100, 350, 0, -1)}[rotation]
    assert (page.width, page.height) == ((400, 500) if rotation % 180 == 0 else (500, 400))
    assert box.x0 - 6 < expected[0] < box.x1 + 6 and box.y0 - 6 < expected[1] < box.y1 + 6
    assert direction == pytest.approx(expected[2:])


def test_metadata_outline_links_and_images(tmp_path: Path) -> None:
    document = pymupdf.open()
    document.new_page()
    document.new_page()
    first, second = document[0], document[1]
    second.insert_text((50, 50), "two")
    first.insert_text((50, 50), "one")
    pixels = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 8, 4))
    pixels.clear_with(90)
    first.insert_image((100, 100, 180, 140), pixmap=pixels)
    first.insert_link({"kind": pymupdf.LINK_URI, "from": pymupdf.Rect(0, 0, 9, 9), "uri": "https://example.org/"})
    first.insert_link({"kind": pymupdf.LINK_GOTO, "from": pymupdf.Rect(9, 9, 19, 19), "page": 1})
    document.set_metadata({"title": "T", "author": "A", "creationDate": "D:20200102030405+01'00'"})
    document.set_toc([[1, "One", 1], [2, "Two", 2]])
    document.save(tmp_path / "a.pdf")
    found = extract(tmp_path / "a.pdf")
    assert (found.meta.title, found.meta.author, found.meta.created) == ("T", "A", "2020-01-02T03:04:05+01:00")
    assert [(e.level, e.title, e.page) for e in found.outline] == [(1, "One", 1), (2, "Two", 2)]
    assert {(link.uri, link.page) for link in found.pages[0].links} == {("https://example.org/", 0), ("", 2)}
    (image,) = found.pages[0].images
    assert (image.width, image.height) == (8, 4)
    assert image.box == pytest.approx((100, 100, 180, 140), abs=0.1)
    assert found.engine.startswith("pymupdf ")


def white(page: pymupdf.Page) -> object:
    return page.insert_text((50, 100), "unseen words", color=(1, 1, 1))


def on_box(page: pymupdf.Page) -> object:
    page.draw_rect((40, 80, 200, 110), fill=(0, 0, 0.4), color=None)
    return white(page)


def covered(page: pymupdf.Page) -> object:
    page.insert_text((50, 100), "unseen words")
    return page.draw_rect((40, 80, 200, 110), fill=(0.9, 0.9, 0.9), color=None)


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (text_at("seen words"), ""),
        (white, "white on white"),
        (on_box, ""),
        (covered, "covered"),
        (text_at("unseen words", render_mode=3), "invisible"),
        (text_at("unseen words", x=900), "off page"),
        (text_at("unseen words", fontsize=1), "tiny"),
        (text_at("unseen words", fill_opacity=0.01), "transparent"),
    ],
)
def test_hidden_text_has_a_reason(tmp_path: Path, draw: Draw, reason: str) -> None:
    assert [span.hidden for span in page_spans(make(tmp_path / "a.pdf", draw))] == [reason]


def scan(page: pymupdf.Page) -> None:
    pixels = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 50))
    pixels.clear_with(200)
    page.insert_image(page.rect, pixmap=pixels)


def test_text_under_or_over_a_scan_is_its_ocr_layer(tmp_path: Path) -> None:
    over = make(tmp_path / "over.pdf", lambda page: (scan(page), page.insert_text((50, 99), "layer", render_mode=3)))
    under = make(tmp_path / "under.pdf", lambda page: (page.insert_text((50, 99), "layer"), scan(page)))
    for path in (over, under):
        assert [(span.origin, span.hidden) for span in page_spans(path)] == [("ocr-layer", "")]


def test_pages_without_text_are_empty(tmp_path: Path) -> None:
    found = extract(make(tmp_path / "a.pdf", lambda page: None, scan))
    assert [page.status for page in found.pages] == [PageStatus.EMPTY, PageStatus.EMPTY]
    assert [len(page.images) for page in found.pages] == [0, 1]
    assert found.failures == []


def test_ranges_and_the_bound_on_pages(tmp_path: Path) -> None:
    path = make(tmp_path / "a.pdf", *[text_at(f"page {n}") for n in range(5)])
    assert [page.number for page in extract(path, first_page=2, last_page=3).pages] == [2, 3]
    assert [page.number for page in extract(path, first_page=4, last_page=99).pages] == [4, 5]
    refused = extract(path, max_pages=4)
    assert (refused.page_count, refused.pages) == (5, [])
    assert len(extract(path, first_page=2, max_pages=4).pages) == 4
    assert page_range(ExtractRequest(first_page=-3), 5) == (1, 5)


def test_passwords(tmp_path: Path) -> None:
    locked = {"encryption": pymupdf.PDF_ENCRYPT_AES_256, "owner_pw": "o"}
    open_to_all = make(tmp_path / "owner.pdf", text_at("words"), **locked)
    assert page_spans(open_to_all)[0].text == "words"
    with pytest.raises(Encrypted, match="password"):
        extract(make(tmp_path / "user.pdf", text_at("words"), user_pw="u", **locked))


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no pdf at all" * 50])
def test_what_is_no_pdf_is_corrupt(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.pdf").write_bytes(data)
    with pytest.raises(Corrupt, match="PDF"):
        extract(tmp_path / "a.pdf")


def test_a_damaged_file_is_repaired(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = make(tmp_path / "a.pdf", text_at("rescued words"))
    path.write_bytes(b"junk" * 20 + path.read_bytes().replace(b"startxref", b"startxxxx"))
    assert page_spans(path)[0].text == "rescued words"
    assert capfd.readouterr() == ("", "")


def test_one_bad_page_leaves_the_others(tmp_path: Path) -> None:
    path = make(tmp_path / "a.pdf", text_at("good"), text_at("bad"))
    document = pymupdf.open(path)
    document.update_stream(document[1].get_contents()[0], b"\xff")
    xref = document[1].get_contents()[0]
    document.xref_set_key(xref, "Filter", "/DCTDecode")
    document.save(tmp_path / "b.pdf")
    found = extract(tmp_path / "b.pdf")
    assert [page.status for page in found.pages] == [PageStatus.DIGITAL, PageStatus.FAILED]
    assert [(f.page, f.category, f.stage) for f in found.failures] == [(2, Category.CORRUPT, "extract")]


def test_an_error_of_mupdf_fails_only_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(page: pymupdf.Page, number: int) -> PageContent:
        if number == 2:
            raise RuntimeError("code=7: broken xref")
        return read_page(page, number)

    monkeypatch.setattr("transforms.extract.pdf.extractor.read_page", explode)
    found = extract(make(tmp_path / "a.pdf", *[text_at("words")] * 3))
    assert [page.status.value for page in found.pages] == ["digital", "failed", "digital"]
    assert [(f.page, f.category) for f in found.failures] == [(2, Category.CORRUPT)]
    assert "broken xref" in found.failures[0].message


def test_spans_beyond_the_bound_are_a_partial_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.extract.pdf.page.MAX_SPANS", 2)
    path = make(tmp_path / "a.pdf", lambda page: [page.insert_text((50, 50 + 30 * i), f"row {i}") for i in range(5)])
    found = extract(path)
    assert len(found.pages[0].lines) == 2
    assert [(f.page, f.category) for f in found.failures] == [(1, Category.PARTIAL)]


def test_type_3_fonts_are_sized_by_their_glyphs() -> None:
    span = {"text": "word", "size": 0.1, "font": "T3", "bbox": (50, -20, 71, 100), "origin": (50, 90)}
    line = {"spans": [span], "dir": (1.0, 0.0), "bbox": (50, -20, 71, 100)}
    mend_sizes([{"type": 0, "lines": [line]}, {"type": 3}])
    assert 8 < span["size"] < 12
    assert line["bbox"][1] == pytest.approx(90 - 0.8 * span["size"])


@pytest.mark.parametrize(
    ("raw", "iso"),
    [
        ("D:20190331120000+02'00'", "2019-03-31T12:00:00+02:00"),
        ("D:20190331120000Z", "2019-03-31T12:00:00+00:00"),
        ("20190331", "2019-03-31"),
        ("D:2019", "2019"),
        ("yesterday", ""),
    ],
)
def test_dates(raw: str, iso: str) -> None:
    assert iso_date(raw) == iso


def piece(box: Box, continues: bool = False) -> RawVector:
    return RawVector(0, box, False, True, continues, 0, 255)


def test_nested_rectangles_are_the_border_between_them() -> None:
    bounds = Box(0, 0, 400, 500)
    border = [piece(Box(10, 10, 200, 29), True), piece(Box(10, 10, 200, 30))]
    assert [vector.box for vector in page_vectors(border, bounds)] == [Box(10, 29, 200, 30)]
    apart = [piece(Box(10, 10, 20, 20), True), piece(Box(30, 10, 40, 20))]
    assert len(page_vectors(apart, bounds)) == 2
    assert page_vectors([piece(Box(900, 10, 920, 20))], bounds) == []


def test_too_many_vectors_leave_the_long_rules() -> None:
    dots = [piece(Box(1, 1, 3, 3))] * (MAX_VECTORS + 1)
    found = page_vectors([*dots, piece(Box(0, 50, 300, 51))], Box(0, 0, 400, 500))
    assert [vector.box for vector in found] == [Box(0, 50, 300, 51)]
