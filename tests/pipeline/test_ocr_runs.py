"""Whole runs over scans: what is read, where it ends up, and what is left when reading fails."""

import io
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import pymupdf
import pytest
from msgspec.structs import replace
from PIL import Image
from pipeline_runs import (
    SENTENCE,
    check_output,
    document_named,
    options_for,
    read_tables,
    rows_of,
    start,
    without_run,
    write_pdf,
)

from beam_pipeline.jobs.local_run import run
from schemas.options import ExtractOptions, OcrOptions

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
#: In points: small pages are read fast.
SIZE = (320, 220)
DPI = 150


def scan(heading: str) -> Image.Image:
    """A small page of text as pixels."""
    with pymupdf.open() as document:
        page = document.new_page(width=SIZE[0], height=SIZE[1])
        page.insert_text((30, 40), heading, fontsize=18, fontname="hebo")
        page.insert_textbox((30, 60, 290, 200), SENTENCE, fontsize=12)
        pixmap = page.get_pixmap(dpi=DPI, colorspace=pymupdf.csGRAY)
    return Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)


def png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG", dpi=(DPI, DPI))
    return data.getvalue()


def write_pages(path: Path, pages: Sequence[tuple[str, bool]]) -> None:
    """A document of (heading, whether it is a scan) pages."""
    with pymupdf.open() as document:
        for heading, scanned in pages:
            page = document.new_page(width=SIZE[0], height=SIZE[1])
            if scanned:
                page.insert_image(page.rect, stream=png(scan(heading)))
            else:
                page.insert_text((30, 40), heading, fontsize=18, fontname="hebo")
                page.insert_textbox((30, 60, 290, 200), SENTENCE, fontsize=12)
        document.save(path)


def write_bomb(path: Path) -> None:
    """A picture of a few bytes that says it has 60,000 x 60,000 pixels."""
    data = bytearray(png(Image.new("L", (8, 8))))
    data[16:24] = (60_000).to_bytes(4) * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
    path.write_bytes(data)


MIXED = [("Lakes", False), ("Rivers", True), ("Harbours", False), ("Islands", True), ("Bridges", True)]
FRAMES = ["First frame", "Second frame", "Third frame"]


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """A document of digital and scanned pages, image files, a bomb, and two documents that need no OCR."""
    folder = tmp_path_factory.mktemp("scans")
    write_pages(folder / "mixed.pdf", MIXED)
    first, *others = [scan(heading) for heading in FRAMES]
    first.save(folder / "frames.tiff", save_all=True, append_images=others, dpi=(DPI, DPI))
    (folder / "picture.png").write_bytes(png(scan("Picture")))
    write_bomb(folder / "bomb.png")
    write_pdf(folder / "digital.pdf", 2)
    (folder / "notes.md").write_text("# Notes\n\nNothing to read here.\n")
    return folder


@pytest.fixture(scope="module")
def read_by(scans, tmp_path_factory):
    """(report, tables) of a run with these options of OCR and of extraction."""

    def read_by(ocr, **extract):
        output = tmp_path_factory.mktemp("out")
        options = options_for([scans], output, extract=ExtractOptions(**extract))
        report = run(replace(options, ocr=ocr))
        tables = read_tables(output)
        check_output(tables)
        return report, tables

    return read_by


@pytest.fixture(scope="module")
def onnx(read_by):
    return read_by(OcrOptions(engine="onnx"), workers=2)


def pages_of(tables, path):
    return rows_of(tables, "pages", document_named(tables, path)["doc_id"])


def words_of(tables, path):
    """The text of each page, in order; headings first."""
    document = document_named(tables, path)
    texts = [[] for _ in range(document["page_count"])]
    for row in rows_of(tables, "elements", document["doc_id"]):
        texts[row["page"] - 1].append(row["text"])
    return [" ".join(text) for text in texts]


def test_scanned_pages_say_that_they_were_read_and_why(onnx):
    _, tables = onnx
    rows = pages_of(tables, "mixed.pdf")
    for row, (_, scanned) in zip(rows, MIXED, strict=True):
        if scanned:
            assert (row["status"], row["route"]) == ("ocr", "ocr onnx, full")
            assert row["reason"] == "no text, images on 100% of the page; a scan"
            assert 0.8 < row["confidence"] < 1.0
        else:
            assert (row["status"], row["confidence"]) == ("digital", 1.0)
            assert "ocr" not in row["route"]


def test_pages_keep_their_order_among_digital_ones(onnx):
    _, tables = onnx
    texts = words_of(tables, "mixed.pdf")
    assert [text.split()[0] for text in texts] == [heading for heading, _ in MIXED]
    for text in texts:
        assert SENTENCE.strip() in text


def test_what_is_read_is_structured_like_digital_text(onnx):
    _, tables = onnx
    elements = rows_of(tables, "elements", document_named(tables, "mixed.pdf")["doc_id"])
    kinds = [(row["page"], row["type"]) for row in elements]
    assert kinds == [(page, kind) for page in range(1, 6) for kind in ("heading", "paragraph")]
    chunks = rows_of(tables, "chunks", document_named(tables, "mixed.pdf")["doc_id"])
    assert "Rivers" in " ".join(chunk["text"] for chunk in chunks)


def test_image_files_are_documents(onnx):
    _, tables = onnx
    assert [row["status"] for row in pages_of(tables, "frames.tiff")] == ["ocr"] * 3
    texts = words_of(tables, "frames.tiff")
    assert all(
        text.startswith(heading) and "northern lakes" in text for text, heading in zip(texts, FRAMES, strict=True)
    )
    (picture,) = words_of(tables, "picture.png")
    assert picture.startswith("Picture") and "northern lakes" in picture
    (row,) = pages_of(tables, "picture.png")
    assert (row["width"], row["height"]) == pytest.approx(SIZE, abs=1)


def test_a_bomb_is_a_failure_before_it_is_decoded(onnx):
    _, tables = onnx
    document = document_named(tables, "bomb.png")
    assert (document["status"], document["chunks"]) == ("failed", 0)
    (failure,) = rows_of(tables, "failures", document["doc_id"])
    assert failure["category"] == "too_large" and "pixels" in failure["message"]


def test_digital_documents_do_not_notice(onnx, read_by):
    _, never = read_by(OcrOptions(mode="never"), workers=2)
    for path in ("digital.pdf", "notes.md"):
        texts = words_of(onnx[1], path)
        assert texts == words_of(never, path) and all(texts)
        assert {row["status"] for row in pages_of(onnx[1], path)} == {"digital"}
    statuses = [row["status"] for row in pages_of(never, "mixed.pdf")]
    assert statuses == ["empty" if scanned else "digital" for _, scanned in MIXED]
    assert [(row["status"], row["confidence"]) for row in pages_of(never, "frames.tiff")] == [("empty", 0)] * 3


@pytest.mark.parametrize("extract", [{"workers": 1}, {"workers": 2, "part_pages": 2}])
def test_rows_do_not_depend_on_workers_or_parts(onnx, read_by, extract):
    _, tables = read_by(OcrOptions(engine="onnx"), **extract)
    assert without_run(tables) == without_run(onnx[1])


@pytest.fixture(scope="module")
def deadly(tmp_path_factory):
    """(exit code, tables) of a run over six scanned pages and a digital one with an engine that fails on most."""
    root = tmp_path_factory.mktemp("deadly")
    folder = root / "in"
    folder.mkdir()
    write_pages(folder / "scans.pdf", [*((f"Page {n}", True) for n in range(1, 7)), ("Digital", False)])
    words = ("--ocr-engine", "deadly", "--ocr-language", "eng", "--ocr-language", "deu", "--document-timeout", 12)
    process = start("ingest", folder, "-o", root / "out", *words, "--workers", 2, "--quiet", plugins=PLUGINS)
    _, errors = process.communicate(timeout=240)
    assert process.returncode in (0, 1), errors
    tables = read_tables(root / "out")
    check_output(tables)
    return process.returncode, tables


def test_pages_that_fail_leave_a_partial_document(deadly):
    code, tables = deadly
    assert code == 0
    document = document_named(tables, "scans.pdf")
    assert (document["status"], document["failed_pages"]) == ("partial", 4)
    rows = pages_of(tables, "scans.pdf")
    assert [row["status"] for row in rows] == ["ocr", "failed", "failed", "failed", "failed", "ocr", "digital"]
    assert {row["confidence"] for row in rows if row["status"] == "ocr"} == {0.5}
    texts = words_of(tables, "scans.pdf")
    assert (texts[0], texts[5]) == ("Page 1.", "Page 6.") and texts[6].startswith("Digital")
    assert not any(texts[1:5])


@pytest.mark.parametrize(
    ("page", "category", "words"),
    [
        (2, "corrupt", "the letters ran away"),
        (3, "crashed", "SIGSEGV"),
        (4, "timeout", "not done after"),
        (5, "internal", "a mistake of the engine"),
    ],
)
def test_a_page_that_fails_says_how_to_repeat_it(deadly, page, category, words):
    _, tables = deadly
    failures = rows_of(tables, "failures", document_named(tables, "scans.pdf")["doc_id"])
    (failure,) = [row for row in failures if row["page"] == page]
    assert (failure["stage"], failure["category"]) == ("ocr", category)
    assert words in failure["message"]
    context = {pair["key"]: pair["value"] for pair in failure["context"]}
    assert (context["engine"], context["languages"], context["data_path"]) == ("deadly", "eng+deu", "/data/of/deadly")
    assert re.fullmatch("[0-9a-f]{64}", context["image_sha256"])
