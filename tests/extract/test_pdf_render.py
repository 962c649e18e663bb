import pymupdf
import pytest

from schemas.failures import Corrupt, NotFound, TooLarge
from transforms.extract.pdf import render
from transforms.extract.pdf.render import render_page


@pytest.fixture
def pdf(tmp_path):
    def write(width: float = 200, height: float = 100, rotation: int = 0):
        document = pymupdf.open()
        page = document.new_page(width=width, height=height)
        page.draw_rect(pymupdf.Rect(0, 0, 20, 20), fill=(1, 0, 0), width=0)
        page.set_rotation(rotation)
        document.save(tmp_path / "x.pdf")
        return tmp_path / "x.pdf"

    return write


def pixels(png: bytes) -> pymupdf.Pixmap:
    assert png.startswith(b"\x89PNG")
    return pymupdf.Pixmap(png)


def test_pages_have_the_asked_resolution(pdf):
    image = pixels(render_page(pdf(), 1, 144))
    assert (image.width, image.height) == (400, 200)
    assert image.pixel(10, 10) == (255, 0, 0)
    assert image.pixel(300, 150) == (255, 255, 255)


def test_rotated_pages_are_drawn_as_shown(pdf):
    image = pixels(render_page(pdf(rotation=90), 1, 72))
    assert (image.width, image.height) == (100, 200)
    assert image.pixel(95, 5) == (255, 0, 0)


def test_posters_are_drawn_smaller(pdf, monkeypatch):
    monkeypatch.setattr(render, "MAX_PIXELS", 5_000)
    image = pixels(render_page(pdf(), 1, 144))
    assert (image.width, image.height) == (100, 50)
    monkeypatch.setattr(render, "MAX_PIXELS", 1)
    with pytest.raises(TooLarge):
        render_page(pdf(), 1, 144)


def test_missing_pages_and_damaged_files(pdf, tmp_path):
    with pytest.raises(NotFound, match="has 1"):
        render_page(pdf(), 2, 72)
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    with pytest.raises(Corrupt):
        render_page(tmp_path / "bad.pdf", 1, 72)
