"""Small pages with the layouts the networks know."""

from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest

from transforms.layout.batches import BatchBounds
from transforms.layout.builtin.adapter import prepare_page
from transforms.layout.builtin.model import LayoutModel, ModelOptions
from transforms.layout.builtin.weights import prepare_request
from transforms.layout.records import LayoutBox, PageInput

PROSE = (
    "The committee met again in the spring and agreed on a plan for the harbour. ",
    "Costs rose by a third, which nobody had expected when the work was first proposed. ",
    "Most of the delay came from the weather and from a shortage of skilled masons. ",
)
ROWS = [("Region", "2023", "2024", "Change")] + [
    (name, f"{base}.4", f"{base + 7}.1", f"+{base % 5}.7 %")
    for name, base in [("North", 120), ("South", 87), ("East", 140), ("West", 99), ("Centre", 230), ("Coast", 45)]
]


def paragraph(page: pymupdf.Page, box: tuple[float, float, float, float], repeats: int) -> None:
    page.insert_textbox(pymupdf.Rect(box), "".join(PROSE) * repeats, fontsize=10)


def two_columns(page: pymupdf.Page) -> None:
    page.insert_text((180, 80), "Repairing the Old Harbour", fontsize=22)
    for left in (60, 320):
        page.insert_text((left, 130), "1. Background" if left == 60 else "2. Outcome", fontsize=13, fontname="hebo")
        paragraph(page, (left, 145, left + 230, 480), 3)
        paragraph(page, (left, 490, left + 230, 720), 2)
    page.insert_text((300, 810), "17", fontsize=9)


def ruled_table(page: pymupdf.Page) -> None:
    paragraph(page, (60, 60, 530, 160), 2)
    table(page, 220, ruled=True)
    page.insert_text((60, 205), "Table 1: Freight by region, in thousand tonnes", fontsize=9)


def unruled_table(page: pymupdf.Page) -> None:
    page.insert_text((60, 70), "Freight", fontsize=18, fontname="hebo")
    table(page, 120, ruled=False)
    paragraph(page, (60, 420, 530, 700), 3)


def table(page: pymupdf.Page, top: float, *, ruled: bool) -> None:
    for r, row in enumerate(ROWS):
        for c, text in enumerate(row):
            left, upper = 70 + 110 * c, top + 26 * r
            page.insert_text((left + 6, upper + 17), text, fontsize=10, fontname="hebo" if r == 0 else "helv")
            if ruled:
                page.draw_rect(pymupdf.Rect(left, upper, left + 110, upper + 26), color=(0, 0, 0), width=0.7)


def picture(page: pymupdf.Page) -> None:
    samples = bytes(level % 256 for x in range(60 * 80) for level in (3 * x, x // 20, 255 - x // 30))
    image = pymupdf.Pixmap(pymupdf.csRGB, 80, 60, samples, False)
    page.insert_image(pymupdf.Rect(120, 90, 480, 360), pixmap=image)
    page.insert_text((150, 385), "Figure 3: The harbour wall seen from the east", fontsize=9)
    paragraph(page, (60, 430, 530, 700), 3)


def few_lines(page: pymupdf.Page) -> None:
    page.insert_text((60, 80), "Notice", fontsize=20, fontname="hebo")
    for i, text in enumerate(["Bring a coat.", "Bring a lamp.", "Bring your own rope."]):
        page.insert_text((75, 120 + 18 * i), f"- {text}", fontsize=11)


def one_line(page: pymupdf.Page) -> None:
    page.insert_text((60, 80), "This page is intentionally left blank.", fontsize=11)


def form(page: pymupdf.Page) -> None:
    for i in range(4):
        box = pymupdf.Widget()
        box.field_type, box.field_name = pymupdf.PDF_WIDGET_TYPE_CHECKBOX, f"box{i}"
        box.rect = pymupdf.Rect(60, 100 + 30 * i, 72, 112 + 30 * i)
        page.add_widget(box)
        page.insert_text((80, 110 + 30 * i), f"Option {i + 1} of the questionnaire", fontsize=11)


def scan_with_text(page: pymupdf.Page) -> None:
    """Visible heading, invisible text below: the invisible lines are no nodes."""
    page.insert_text((60, 80), "Minutes of the meeting", fontsize=18)
    page.insert_text((60, 120), "recognised by a machine", fontsize=11, render_mode=3)


LAYOUTS = [two_columns, ruled_table, unruled_table, picture, few_lines, one_line, form, scan_with_text]


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pymupdf.Document]:
    """One page per layout, then an empty one. Written and opened again, as real files are."""
    path = Path(tmp_path_factory.mktemp("layout")) / "layouts.pdf"
    made = pymupdf.open()
    for draw in LAYOUTS:
        draw(made.new_page())
    made.new_page()
    made.save(path)
    with pymupdf.open(path) as opened:
        yield opened


@pytest.fixture(scope="session")
def prepared(document: pymupdf.Document) -> list[PageInput]:
    request = prepare_request("full")
    return [prepare_page(page, request) for page in document]


def model_with(tier: str, size: int) -> LayoutModel:
    bounds = BatchBounds(image_pages=size, graph_pages=size, table_crops=size)
    return LayoutModel(ModelOptions(tier=tier, device="cpu", bounds=bounds))


@pytest.fixture(scope="session")
def layouts(
    models: dict[tuple[str, int], LayoutModel], prepared: list[PageInput]
) -> dict[tuple[str, int], list[list[LayoutBox]]]:
    """Regions of every page, per tier and batch size."""
    return {key: model.layout(prepared) for key, model in models.items()}


@pytest.fixture(scope="session")
def models() -> dict[tuple[str, int], LayoutModel]:
    return {(tier, size): model_with(tier, size) for tier in ("full", "graph") for size in (1, 2, 5)}
