"""Pages drawn with MuPDF: what a scanner would see, with known text."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pymupdf
import pytest

from transforms.ocr.images.pixels import Pixels

PROSE = (
    "The committee met on Thursday to discuss the budget of the harbour,",
    "which had grown beyond what the members thought reasonable. They",
    "heard the engineer, who described the damage that the winter storms",
    "had done to the northern pier and to the lamps along the breakwater.",
    "After a long debate the chairman proposed that the repairs be paid",
    "from the fund that had been set aside for the library, and that the",
    "library should wait until the following spring. Nobody objected, but",
    "several of those present looked unhappy about the whole arrangement.",
)
Drawn = Callable[..., pymupdf.Document]


@pytest.fixture
def prose() -> tuple[str, ...]:
    """Lines of a paragraph."""
    return PROSE


@pytest.fixture
def drawn() -> Drawn:
    """Makes a one-page document: lines of text, rules, font size, and a heading when asked for."""

    def draw(
        lines: Sequence[str] = PROSE, size: float = 11, heading: str = "", table: bool = False
    ) -> pymupdf.Document:
        document = pymupdf.open()
        page = document.new_page(width=500, height=400)
        if heading:
            page.insert_text((50, 60), heading, fontsize=18, fontname="hebo")
        for number, line in enumerate(lines):
            page.insert_text((50, 90 + number * 1.5 * size), line, fontsize=size)
        if table:
            _draw_table(page)
        return document

    return draw


def _draw_table(page: pymupdf.Page) -> None:
    for row in range(4):
        page.draw_line((50, 260 + 24 * row), (410, 260 + 24 * row), width=0.8)
        if row < 3:
            for column, word in enumerate(("Harbour", "North", "South")):
                page.insert_text((60 + 120 * column, 276 + 24 * row), f"{word} {row}{column}", fontsize=10)
    for column in range(4):
        page.draw_line((50 + 120 * column, 260), (50 + 120 * column, 332), width=0.8)


@pytest.fixture
def rendered() -> Callable[[pymupdf.Document, int], Pixels]:
    """The first page of a document in grey."""

    def render(document: pymupdf.Document, dpi: int = 150) -> Pixels:
        pixmap = document[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
        return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)

    return render


@pytest.fixture
def scanned(tmp_path: Path) -> Callable[..., Path]:
    """Writes pixels as a PDF file with one page-filling image."""

    def write(document: pymupdf.Document, dpi: int = 200, turn: int = 0, hidden: str = "") -> Path:
        image = document[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
        result = pymupdf.open()
        box = document[0].rect
        page = result.new_page(width=box.width, height=box.height)
        if hidden:
            for number, line in enumerate(hidden.splitlines()):
                page.insert_text((50, 90 + 16 * number), line, fontsize=11, render_mode=3)
        page.insert_image(page.rect, stream=image.tobytes("png"))
        page.set_rotation(turn)
        path = tmp_path / "scan.pdf"
        result.save(path)
        return path

    return write
