"""One call of the `tesseract` binary per page image, its word boxes as lines."""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import cv2
import msgspec
import pytesseract  # type: ignore[import-untyped]

from schemas.failures import Corrupt, TimedOut
from schemas.geometry import Box, union
from transforms.ocr.images.pixels import Pixels, grey, unpacked
from transforms.ocr.images.rules import without_rules
from transforms.ocr.records import OcrLine, OcrWord, PageImage

#: Seconds for one page image.
TIMEOUT = 300.0
#: Word rows of Tesseract's table.
_WORD = "5"
MAX_QUOTE = 300
#: What a bullet at the start of a line is read as.
_FALSE_BULLET = re.compile(r"[«»©®¢°¤]|[*«»©®¢°¤]{2}")


def read_image(image: PageImage, languages: Sequence[str], page_mode: int) -> list[OcrLine]:
    """The lines of an image. Raises TimedOut or Corrupt."""
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    luminance = grey(unpacked(image))
    cleaned = without_rules(luminance, image.rules, image.dpi)
    table = _run(cleaned, "+".join(languages), f"--psm {page_mode} --dpi {round(image.dpi)}", image.page)
    return list(parse_table(table))


def _run(luminance: Pixels, languages: str, config: str, page: int) -> str:
    with tempfile.TemporaryDirectory(prefix="docbeam-ocr-") as folder:
        path = Path(folder) / "page.pgm"
        cv2.imwrite(str(path), luminance)
        try:
            return str(pytesseract.image_to_data(str(path), lang=languages, config=config, timeout=TIMEOUT))
        except pytesseract.TesseractError as error:
            raise Corrupt(f"tesseract failed: {str(error.message)[:MAX_QUOTE]}", page=page) from error
        except RuntimeError as error:
            message = f"tesseract did not finish the page within {TIMEOUT:.0f} seconds"
            raise TimedOut(message, page=page, hint="lower --ocr-max-dpi, or exclude the document") from error


def parse_table(text: str) -> Iterator[OcrLine]:
    """Lines from Tesseract's tab-separated table, in its order."""
    rows = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = (row for row in rows if row["level"] == _WORD and row["text"] and row["text"].strip())
    for _, members in groupby(words, key=lambda row: (row["block_num"], row["par_num"], row["line_num"])):
        yield _line(members)


def _line(rows: Iterable[dict[str, str]]) -> OcrLine:
    words = repaired([_word(row) for row in rows])
    return OcrLine(words, union(word.box for word in words) or words[0].box)


def repaired(words: Sequence[OcrWord]) -> tuple[OcrWord, ...]:
    """Words of a line with two of Tesseract's habits undone: strokes for the letter I, and signs for a bullet."""
    texts = [word.text for word in words]
    for place, following in enumerate(texts[1:]):
        if texts[place] == "|" and following[0].islower():
            texts[place] = "I"
    if len(texts) > 1 and _FALSE_BULLET.fullmatch(texts[0]):
        texts[0] = "•"
    return tuple(msgspec.structs.replace(word, text=text) for word, text in zip(words, texts, strict=True))


def _word(row: dict[str, str]) -> OcrWord:
    left, top = float(row["left"]), float(row["top"])
    box = Box(left, top, left + float(row["width"]), top + float(row["height"]))
    return OcrWord(row["text"].strip(), box, min(1.0, max(0.0, float(row["conf"]) / 100)))
