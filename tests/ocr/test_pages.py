"""From files to upright images, and what happens when reading fails."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image as Pillow

from schemas.content import ExtractedPage, Extraction, ExtractRequest, PageStatus
from schemas.failures import Category, ConfigurationError, Corrupt, TimedOut, TooLarge
from schemas.geometry import Box
from schemas.options import OcrOptions
from transforms.extract.image import ImageExtractor
from transforms.extract.pdf.extractor import PdfExtractor
from transforms.ocr import engines
from transforms.ocr.decision import Decision
from transforms.ocr.images import files
from transforms.ocr.images.pixels import Pixels, unpacked
from transforms.ocr.images.render import PDF, bounded_dpi, nominal_dpi, page_images
from transforms.ocr.onnx.engine import OnnxOcr
from transforms.ocr.parts import read_page
from transforms.ocr.records import OcrLine, OcrWord, PageImage
from transforms.ocr.tesseract import engine as tesseract
from transforms.ocr.tesseract import reading
from transforms.ocr.tesseract.engine import TesseractEngine
from transforms.ocr.tesseract.reading import parse_table, repaired

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
WHOLE = Decision(page=1, needed=True)


def extraction_of(path: Path) -> Extraction:
    return PdfExtractor().extract(path, ExtractRequest())


def images_of(path: Path, options: OcrOptions = OcrOptions()) -> list[PageImage]:  # noqa: B008
    extraction = extraction_of(path)
    return page_images(path, PDF, [(extraction.pages[0], WHOLE)], options)[0]


def words_of(pages: Sequence[ExtractedPage]) -> str:
    return " ".join(span.text for page in pages for line in page.lines for span in line.spans)


def test_scans_are_rendered_as_fine_as_they_are(drawn: Callable, scanned: Callable) -> None:
    (image,) = images_of(scanned(drawn(), dpi=120))
    assert image.dpi == pytest.approx(120, abs=0.5)
    assert (image.channels, image.width) == (1, pytest.approx(500 / 72 * 120, abs=2))
    (coarse,) = images_of(scanned(drawn(), dpi=72))
    assert coarse.dpi == pytest.approx(144, abs=0.5) and coarse.letter > 5


def test_options_bound_resolution_and_pixels(drawn: Callable, scanned: Callable) -> None:
    path = scanned(drawn(), dpi=200)
    (image,) = images_of(path, OcrOptions(max_dpi=100))
    assert image.dpi == pytest.approx(100)
    (image,) = images_of(path, OcrOptions(max_pixels=200_000))
    assert image.width * image.height == pytest.approx(200_000, rel=0.02)


def test_turned_pages_come_upright(drawn: Callable, scanned: Callable) -> None:
    upright = unpacked(images_of(scanned(drawn(), dpi=100))[0])
    turned = unpacked(images_of(scanned(drawn(), dpi=100, turn=90))[0])
    assert turned.shape == upright.shape
    assert np.abs(turned.astype(int) - upright).mean() < 12


def test_blank_scans_give_no_image(scanned: Callable) -> None:
    document = pymupdf.open()
    document.new_page(width=300, height=300)
    assert images_of(scanned(document)) == []


def test_pictures_are_left_out_where_text_is_to_be_verified(drawn: Callable, scanned: Callable) -> None:
    path = scanned(drawn(["Harbour"]), dpi=100)
    verified = Decision(page=1, needed=True, verify=True)
    assert page_images(path, PDF, [(extraction_of(path).pages[0], verified)], OcrOptions()) == [[]]
    path = scanned(drawn(), dpi=100)
    assert len(page_images(path, PDF, [(extraction_of(path).pages[0], verified)], OcrOptions())[0]) == 1


def test_drawn_pages_are_rendered_finely() -> None:
    assert bounded_dpi(ExtractedPage(number=1, width=600, height=800), None, OcrOptions()) == 300
    assert nominal_dpi(np.zeros((3510, 2480), np.uint8), 72) == 300


def test_files_that_are_no_pdf_are_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"")
    with pytest.raises(Corrupt):
        page_images(path, PDF, [(ExtractedPage(number=1, width=10, height=10), WHOLE)], OcrOptions())


def test_pages_that_are_not_there_are_corrupt(drawn: Callable, scanned: Callable) -> None:
    path = scanned(drawn())
    with pytest.raises(Corrupt, match="render"):
        page_images(path, PDF, [(ExtractedPage(number=9, width=10, height=10), WHOLE)], OcrOptions())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "I;16"])
def test_images_of_any_mode_are_read_dark_on_white(
    drawn: Callable, rendered: Callable, tmp_path: Path, mode: str
) -> None:
    pixels: Pixels = rendered(drawn(), 150)
    path = tmp_path / "a.png"
    if mode == "I;16":
        Pillow.fromarray(pixels.astype(np.uint16) * 200).save(path)
    elif mode == "RGBA":
        ink = np.zeros((*pixels.shape, 4), np.uint8)
        ink[..., 3] = 255 - pixels
        Pillow.fromarray(ink).save(path)
    else:
        Pillow.fromarray(pixels).convert(mode).save(path, dpi=(150, 150))
    page = ImageExtractor().extract(path, ExtractRequest()).pages[0]
    (image,) = page_images(path, "image/png", [(page, WHOLE)], OcrOptions())[0]
    shown = unpacked(image)
    assert np.median(shown) > 200 and shown.min() < 60
    assert image.to_page[0] * image.width == pytest.approx(page.width, rel=0.02)


def test_bombs_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    Pillow.new("L", (300, 200), 255).save(path)
    monkeypatch.setattr(files, "MAX_PIXELS", 1000)
    with pytest.raises(TooLarge, match="300 x 200"):
        page_images(path, "image/png", [(ExtractedPage(number=1, width=72, height=48), WHOLE)], OcrOptions())


def test_cut_images_are_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Pillow.effect_noise((300, 200), 90).save(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(Corrupt):
        page_images(path, "image/png", [(ExtractedPage(number=1, width=72, height=48), WHOLE)], OcrOptions())


TABLE = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"


def test_words_of_a_table_become_lines() -> None:
    rows = [
        (5, 1, 1, 1, 1, 1, 10, 20, 30, 8, 96.5, 'Say "ah'),
        (5, 1, 1, 1, 1, 2, 50, 19, 20, 9, -1, "x"),
        (4, 1, 1, 1, 2, 0, 0, 0, 9, 9, -1, ""),
        (5, 1, 1, 1, 2, 1, 10, 40, 30, 8, 50, "below"),
        (5, 1, 1, 1, 2, 2, 0, 0, 1, 1, 9, " "),
    ]
    first, second = parse_table(TABLE + "\n".join("\t".join(map(str, row)) for row in rows))
    assert [word.text for word in first.words] == ['Say "ah', "x"]
    assert first.box == (10, 19, 70, 28)
    assert [word.confidence for word in first.words] == [0.965, 0.0]
    assert [word.text for word in second.words] == ["below"]


class FailingEngine(TesseractEngine):
    """An engine that times out."""

    def read(self, images: Sequence[PageImage], languages: Sequence[str]) -> list[list[OcrLine]]:
        raise TimedOut("too slow")

    def data_path(self) -> str:
        return "/data"


def test_pages_that_fail_say_how_to_repeat_it(drawn: Callable, scanned: Callable) -> None:
    path = scanned(drawn())
    options = OcrOptions(languages=("eng", "deu"))
    work = read_page(path, PDF, options, extraction_of(path).pages[0], FailingEngine)
    failure = work.failure
    assert failure and work.page.status is PageStatus.FAILED
    assert work.page.tier_reason == work.decision.reason != ""
    assert (failure.stage, failure.category, failure.page) == ("ocr", Category.TIMEOUT, 1)
    assert failure.context["engine"] == "tesseract" and failure.context["languages"] == "eng+deu"
    assert failure.context["data_path"] == "/data" and len(failure.context["image_sha256"]) == 64


def test_a_missing_binary_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "COMMAND", "/no/tesseract")
    with pytest.raises(ConfigurationError, match="apt-get install tesseract-ocr"):
        TesseractEngine().check(OcrOptions())
    assert TesseractEngine().data_path() == ""


def test_missing_language_data_are_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "_listing", lambda: ["List of available languages:", "eng", "osd"])
    TesseractEngine().check(OcrOptions(languages=("eng",)))
    with pytest.raises(ConfigurationError, match="tesseract-ocr-chi-sim"):
        TesseractEngine().check(OcrOptions(languages=("eng", "chi_sim")))


@pytest.mark.parametrize(
    ("error", "raised"),
    [(reading.pytesseract.TesseractError(1, "broken"), Corrupt), (RuntimeError("timeout"), TimedOut)],
)
def test_failures_of_the_binary_are_failures_of_the_page(
    drawn: Callable, scanned: Callable, monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(reading.pytesseract, "image_to_data", fail)
    with pytest.raises(raised):
        TesseractEngine().read(images_of(scanned(drawn(), dpi=72)), ["eng"])


@pytest.mark.parametrize("turn", [0, 90])
@pytest.mark.parametrize("engine", [OnnxOcr, pytest.param(TesseractEngine, marks=needs_tesseract)])
def test_scans_are_read(
    drawn: Callable, scanned: Callable, prose: Sequence[str], engine: Callable[[], engines.OcrEngine], turn: int
) -> None:
    path = scanned(drawn(heading="Harbour news", table=True), dpi=150, turn=turn)
    work = read_page(path, PDF, OcrOptions(), extraction_of(path).pages[0], engine)
    pages = [work.page]
    assert not work.failure and pages[0].status is PageStatus.OCR and pages[0].confidence > 0.85
    text = words_of(pages)
    found = sum(word in text for line in prose for word in line.split())
    assert found > 0.97 * sum(len(line.split()) for line in prose)
    assert "North 11" in text and len(pages[0].vectors) >= 8
    sizes = {line.spans[0].text[:12]: line.spans[0].size for line in pages[0].lines}
    assert sizes["Harbour news"] > 1.3 * sizes["The committe"]


@needs_tesseract
def test_an_installed_tesseract_tells_where_its_data_are() -> None:
    assert "tessdata" in TesseractEngine().data_path()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Sets whether Tesseract is there with all languages."""

    class Checked(TesseractEngine):
        ready = True

        def check(self, options: OcrOptions) -> None:
            if not self.ready:
                raise ConfigurationError("tesseract has no data for tlh")

    real = engines.engine_named
    monkeypatch.setattr(engines, "engine_named", lambda name: Checked() if name == "tesseract" else real(name))
    return lambda ready: setattr(Checked, "ready", ready)


def test_auto_chooses_by_the_languages_whatever_is_installed(installed: Callable[[bool], None]) -> None:
    for ready in (True, False):
        installed(ready)
        assert engines.choose_engine(OcrOptions()).engine == "onnx"
    unknown = OcrOptions(languages=("eng", "tlh"))
    with pytest.raises(ConfigurationError, match="cannot read tlh"):
        engines.check_engine(unknown, engines.choose_engine(unknown))
    installed(True)
    choice = engines.choose_engine(unknown)
    assert choice.engine == "tesseract" and "cannot read tlh" in choice.sentence
    installed(False)
    asked = engines.choose_engine(OcrOptions(engine="tesseract"))
    assert asked.engine == "tesseract"
    with pytest.raises(ConfigurationError):
        engines.check_engine(OcrOptions(engine="tesseract"), asked)
    engines.check_engine(OcrOptions(mode="never"), asked)


def test_unknown_engines_are_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="not installed"):
        engines.engine_named("abacus")


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("| have seen", "I have seen"),
        ("as | said", "as I said"),
        ("Total | 5", "Total | 5"),
        ("| Total", "| Total"),
        ("«* The organ", "• The organ"),
        ("¢ M. Dombey", "• M. Dombey"),
        ("* a note", "* a note"),
        ("©", "©"),
    ],
)
def test_bullets_and_the_letter_i_are_repaired(read, meant):
    words = [OcrWord(text, Box(0, 0, 1, 1), 0.9) for text in read.split()]
    assert " ".join(word.text for word in repaired(words)) == meant
