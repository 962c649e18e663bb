"""PDF files whose fonts map to wrong Unicode, or to none: recognised, read by OCR, and right in the end."""

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pymupdf
import pytest

from schemas.content import ExtractRequest
from schemas.options import OcrOptions
from transforms.extract.pdf.extractor import PdfExtractor
from transforms.ocr.engines import OcrEngine
from transforms.ocr.images.render import PDF, needs_of
from transforms.ocr.onnx.engine import OnnxOcr
from transforms.ocr.parts import read_page
from transforms.ocr.tesseract.engine import TesseractEngine

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
_RANGE = re.compile(r"<(\w{4})> <(\w{4})> <(\w{4})>")


def moved(by: int) -> Callable[[re.Match[str]], str]:
    return lambda match: f"<{match[1]}> <{match[2]}> <{int(match[3], 16) + by:04x}>"


def garbled(path: Path, lines: Sequence[str], by: int | None) -> Path:
    """The lines in a font with glyph numbers for codes, whose Unicode map is off by so much; None for no map."""
    document = pymupdf.open()
    page = document.new_page(width=500, height=300)
    page.insert_font(fontname="F0", fontbuffer=pymupdf.Font("helv").buffer)
    for number, line in enumerate(lines):
        page.insert_text((50, 60 + 17 * number), line, fontsize=11, fontname="F0")
    for xref in range(1, document.xref_length()):
        kind, value = document.xref_get_key(xref, "ToUnicode")
        if kind != "xref":
            continue
        if by is None:
            document.xref_set_key(xref, "ToUnicode", "null")
        else:
            stream = int(value.split()[0])
            text = document.xref_stream(stream).decode()
            document.update_stream(stream, _RANGE.sub(moved(by), text).encode())
    document.save(path)
    return path


@pytest.mark.parametrize("by", [None, 5, 13, 0xE000])
def test_text_behind_a_broken_font_is_garbled(tmp_path: Path, prose: tuple[str, ...], by: int | None) -> None:
    path = garbled(tmp_path / "a.pdf", prose, by)
    (decision,) = needs_of(PdfExtractor().extract(path, ExtractRequest()), OcrOptions())
    assert decision.discard_text and decision.reason.startswith("garbled text")


def test_the_same_font_with_its_map_is_not(tmp_path: Path, prose: tuple[str, ...]) -> None:
    path = garbled(tmp_path / "a.pdf", prose, 0)
    assert needs_of(PdfExtractor().extract(path, ExtractRequest()), OcrOptions()) == []


@pytest.mark.parametrize(("by", "engine"), [(None, OnnxOcr), pytest.param(5, TesseractEngine, marks=needs_tesseract)])
def test_ocr_brings_the_text_back(
    tmp_path: Path, prose: tuple[str, ...], by: int | None, engine: Callable[[], OcrEngine]
) -> None:
    path = garbled(tmp_path / "a.pdf", prose, by)
    (page,) = PdfExtractor().extract(path, ExtractRequest()).pages
    work = read_page(path, PDF, OcrOptions(), page, engine)
    text = " ".join(span.text for line in work.page.lines for span in line.spans)
    wanted = " ".join(prose).split()
    assert not work.failure and sum(word in text for word in wanted) > 0.97 * len(wanted)


def test_text_drawn_as_curves_is_read(tmp_path: Path, prose: tuple[str, ...]) -> None:
    path = garbled(tmp_path / "a.pdf", prose, 0)
    with pymupdf.open(path) as document:
        drawing = document[0].get_svg_image(text_as_path=True)
    path.write_bytes(pymupdf.open("svg", drawing.encode()).convert_to_pdf())
    extraction = PdfExtractor().extract(path, ExtractRequest())
    assert extraction.pages[0].outlines > 300 and extraction.pages[0].lines == []
    (decision,) = needs_of(extraction, OcrOptions())
    assert "outlines of glyphs" in decision.reason
