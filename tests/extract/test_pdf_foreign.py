"""Files that MuPDF opens as another format than PDF although they were declared as PDF."""

from pathlib import Path

import pytest

from schemas.content import ExtractRequest
from schemas.failures import DocumentError
from transforms.extract.pdf.extractor import PdfExtractor

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)


@pytest.mark.parametrize(
    "data",
    [
        PNG,
        b"<html><body><p>A login page</p></body></html>",
        b"plain words\n" * 20,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["png", "html", "text", "svg"],
)
def test_other_formats_named_pdf_never_crash_the_parser(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "named.pdf"
    path.write_bytes(data)
    try:
        extraction = PdfExtractor().extract(path, ExtractRequest())
    except DocumentError as error:
        assert error.message
    else:
        assert len(extraction.pages) == extraction.page_count >= 1
