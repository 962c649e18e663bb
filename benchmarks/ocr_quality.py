"""Character accuracy of OCR on pages made worse on purpose: ours against plain Tesseract and plain RapidOCR.

    python benchmarks/ocr_quality.py CORPUS [--documents 4] [--dpi 200] [--engines ours,ours-onnx,tesseract,rapidocr]

CORPUS is a folder with generated PDF files whose text is known from their text layer. The first page of each is
rendered, given noise, skew, blur or a quarter turn (seeded), and read from the same pixels by every engine. Accuracy
is 1 - edit distance / length of the text in reading order, white space collapsed; tables and running heads included, so
that it is a comparison, not a score. 'plain' engines get the pixels as they are, and their own order of lines.
"""

from __future__ import annotations

import argparse
import io
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import mean

import cv2
import numpy as np
import pymupdf
import pytesseract  # type: ignore[import-untyped]
from PIL import Image
from rapidfuzz.distance import Levenshtein

from beam_pipeline.extract import extract_document
from schemas.document import Document
from schemas.options import ExtractOptions, LayoutOptions, OcrOptions, Options
from transforms.ocr.images.pixels import Pixels

Spoil = Callable[[Pixels, np.random.Generator], Pixels]
Reader = Callable[[Pixels, float, Path], str]


def noisy(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Sensor noise."""
    return np.clip(pixels + random.normal(0, 22, pixels.shape), 0, 255).astype(np.uint8)


def skewed(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Up to three degrees off, either way."""
    height, width = pixels.shape
    angle = float(random.choice([-1, 1]) * random.uniform(1.0, 3.0))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(pixels, matrix, (width, height), borderValue=255), np.uint8)


def blurred(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Out of focus, and some noise."""
    soft = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.3), np.float64)
    return np.clip(soft + random.normal(0, 5, pixels.shape), 0, 255).astype(np.uint8)


def turned(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """On a side or on its head."""
    return np.ascontiguousarray(np.rot90(pixels, int(random.integers(1, 4))))


SPOILS: Mapping[str, Spoil] = {
    "clean": lambda pixels, random: pixels,
    "noisy": noisy,
    "skewed": skewed,
    "blurred": blurred,
    "turned": turned,
    "noisy, skewed": lambda pixels, random: skewed(noisy(pixels, random), random),
}


def scan(pixels: Pixels, dpi: float, path: Path) -> Path:
    """A PDF file that shows the pixels on one page."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    document = pymupdf.open()
    height, width = pixels.shape
    page = document.new_page(width=width * 72 / dpi, height=height * 72 / dpi)
    page.insert_image(page.rect, stream=data.getvalue())
    document.save(path)
    return path


def ours(engine: str) -> Reader:
    """The text of the elements, after decision, straightening, reading and assembly."""
    options = Options(ocr=OcrOptions(engine=engine), layout=LayoutOptions(mode="never"))

    def read(pixels: Pixels, dpi: float, scratch: Path) -> str:
        return _text(extract_document(scan(pixels, dpi, scratch / "scan.pdf"), options))

    return read


def _text(document: Document) -> str:
    return "\n".join(_plain(element.text) for element in document.elements)


def _plain(text: str) -> str:
    """Without the marks of Markdown tables."""
    return re.sub(r"\|(?:\s*:?-+:?\s*\|)+|[|]", " ", text)


def plain_tesseract(pixels: Pixels, dpi: float, scratch: Path) -> str:
    """The text that `tesseract` prints by itself."""
    return str(pytesseract.image_to_string(Image.fromarray(pixels), config=f"--dpi {round(dpi)}"))


def plain_rapidocr() -> Reader:
    """The lines of RapidOCR in its own order."""
    from rapidocr import RapidOCR

    engine = RapidOCR()
    return lambda pixels, dpi, scratch: "\n".join(
        getattr(engine(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)), "txts", None) or ()
    )


def accuracy(text: str, truth: str) -> float:
    """1 - edit distance / length, not below 0."""
    text, truth = (" ".join(value.split()) for value in (text, truth))
    return max(0.0, 1 - Levenshtein.distance(text, truth) / max(1, len(truth)))


def first_pages(corpus: Path, count: int, dpi: int) -> Iterator[tuple[str, Pixels, str]]:
    """Name, pixels and text of the first page of evenly chosen documents."""
    paths = sorted(corpus.rglob("*.pdf"))
    for path in paths[:: max(1, len(paths) // count)][:count]:
        with pymupdf.open(path) as document:
            pixmap = document[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
        pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)
        options = Options(extract=ExtractOptions(page_range="1"), layout=LayoutOptions(mode="never"))
        yield path.name, pixels, _text(extract_document(path, options))


def main() -> None:
    """Print a Markdown table: a row for each way to spoil, a column for each engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--documents", type=int, default=4)
    parser.add_argument("--dpi", type=int, default=200)
    parser.add_argument("--engines", default="ours,tesseract")
    arguments = parser.parse_args()
    known: dict[str, Callable[[], Reader]] = {
        "ours": lambda: ours("tesseract"),
        "ours-onnx": lambda: ours("onnx"),
        "tesseract": lambda: plain_tesseract,
        "rapidocr": plain_rapidocr,
    }
    readers = {name: known[name]() for name in arguments.engines.split(",")}
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="docbeam-ocr-") as scratch:
        for name, pixels, truth in first_pages(arguments.corpus, arguments.documents, arguments.dpi):
            for spoil, function in SPOILS.items():
                spoiled = function(pixels, np.random.default_rng(len(name) + len(spoil)))
                for engine, read in readers.items():
                    scores[spoil, engine].append(accuracy(read(spoiled, arguments.dpi, Path(scratch)), truth))
    print(f"| page | {' | '.join(readers)} |\n|---|{'---|' * len(readers)}")
    for spoil in SPOILS:
        print(f"| {spoil} | " + " | ".join(f"{mean(scores[spoil, engine]):.3f}" for engine in readers) + " |")


if __name__ == "__main__":
    main()
