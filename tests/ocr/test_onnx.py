"""The engine reads lines that are drawn here, alone and in company."""

import zlib

import msgspec
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from schemas.failures import ConfigurationError, Corrupt
from schemas.options import OcrOptions
from transforms.ocr.images.pixels import packed
from transforms.ocr.onnx.engine import ANGLE, DETECTION, RECOGNITION, OcrBounds, OnnxOcr

UPRIGHT = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
LINES = ("Freight ledger of the harbour", "Berth 14: 3,250 crates (27%)", "Signed by M. Okafor, 9 June")


def drawn(*lines, size=(640, 320), ink="black", paper="white", mode="L"):
    image = Image.new(mode, size, paper)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=30)
    for i, text in enumerate(lines):
        pen.text((40, 40 + 80 * i), text, fill=ink, font=font)
    return np.asarray(image)


def page(pixels, number=1):
    return packed(pixels, number, 150.0, UPRIGHT)


def texts(lines):
    return [" ".join(word.text for word in line.words) for line in lines]


@pytest.fixture(scope="module")
def engine():
    return OnnxOcr("cpu", bounds=OcrBounds(side=640))


def test_text_comes_back_with_words_where_they_are(engine):
    [lines] = engine.read([page(drawn(*LINES))])
    assert texts(lines) == list(LINES)
    words = [word for line in lines for word in line.words]
    assert all(word.confidence > 0.8 for word in words)
    font = ImageFont.load_default(size=30)
    for word, start in zip(lines[0].words, np.cumsum([0, *map(len, LINES[0].split())]), strict=False):
        before = LINES[0][: start + lines[0].words.index(word)]
        assert word.box.x0 == pytest.approx(40 + font.getlength(before), abs=6)
    assert all(40 < line.box.y0 - 80 * i < line.box.y1 - 80 * i < 90 for i, line in enumerate(lines))


def test_a_page_reads_the_same_in_any_company(engine):
    pages = [
        page(drawn(*LINES)),
        page(drawn("Quay", size=(640, 320))),
        page(drawn("A much longer line about ropes, tides"), 3),
        page(drawn("Lantern", size=(320, 640)), 4),
        page(np.full((320, 640), 255, np.uint8), 5),
    ]
    alone = [engine.read([one])[0] for one in pages]
    together = OnnxOcr("cpu", bounds=OcrBounds(side=640, pages=4, columns=4000))
    assert together.read(pages) == alone
    assert together.read(pages[::-1]) == alone[::-1]
    assert alone[4] == []


def test_batches_are_counted_and_bounded():
    seen = []
    engine = OnnxOcr("cpu", bounds=OcrBounds(side=320, pages=2, columns=1), on_batch=lambda *batch: seen.append(batch))
    found = engine.read([page(drawn("Tide", "Tide", "Tide"))] * 3)
    assert [texts(lines) for lines in found] == [["Tide"] * 3] * 3
    assert [size for model, size in seen if model == DETECTION] == [2, 1]
    assert [size for model, size in seen if model == RECOGNITION] == [1] * 9


def test_colour_and_white_on_black_are_read(engine):
    coloured = drawn("Signal flags", ink=(160, 20, 20), paper=(250, 240, 200), mode="RGB")
    assert texts(engine.read([page(coloured)])[0]) == ["Signal flags"]
    assert texts(engine.read([page(drawn("Night watch", ink="white", paper="black"))])[0]) == ["Night watch"]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_lines_in_other_directions_are_turned(quarters):
    seen = []
    engine = OnnxOcr("cpu", bounds=OcrBounds(side=640), on_batch=lambda *batch: seen.append(batch))
    [lines] = engine.read([page(np.rot90(drawn(*LINES[:2]), quarters))])
    assert sorted(texts(lines)) == sorted(LINES[:2])
    assert ANGLE in dict(seen)


def test_upright_lines_do_not_pay_for_the_angle_model():
    seen = []
    engine = OnnxOcr("cpu", bounds=OcrBounds(side=640), on_batch=lambda *batch: seen.append(batch))
    engine.read([page(drawn(LINES[0]))])
    assert ANGLE not in dict(seen)


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (40, 40), (4000, 3000)])
def test_blank_pages_of_any_size_have_no_lines(engine, shape):
    assert engine.read([page(np.full(shape, 250, np.uint8))]) == [[]]


def test_large_pages_are_seen_small_and_read_sharp(engine):
    large = np.asarray(Image.fromarray(drawn(LINES[0])).resize((2560, 1280)))
    [line] = engine.read([page(large)])[0]
    assert texts([line]) == [LINES[0]]
    assert line.box.x0 == pytest.approx(160, abs=16)


def test_no_images_are_no_work(engine):
    assert engine.read([]) == []


def test_figures_of_a_page_on_its_head_are_turned_with_its_words(engine):
    rows = ("Harbour dues 88.06", "0.00", "Lamp oil 16.99", "Rope and canvas 9.60")
    [lines] = engine.read([page(drawn(*rows, size=(640, 400))[::-1, ::-1])])
    assert sorted(texts(lines)) == sorted(rows)
    assert all(line.words[0].box.x0 >= line.words[-1].box.x0 for line in lines)


def test_languages_that_it_cannot_write_are_refused(engine):
    engine.check(OcrOptions(languages=("eng", "deu", "chi_sim")))
    with pytest.raises(ConfigurationError, match=r"cannot read rus, kor: choose --ocr-language among afr.*Tesseract"):
        engine.check(OcrOptions(languages=("eng", "rus", "kor")))


def test_damaged_pixels_are_a_failure_of_their_page(engine):
    good = page(drawn("Tide"), 7)
    for pixels in (good.pixels[:-9], zlib.compress(b"short")):
        with pytest.raises(Corrupt, match="damaged") as caught:
            engine.read([msgspec.structs.replace(good, pixels=pixels)])
        assert caught.value.page == 7
