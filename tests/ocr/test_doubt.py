"""Ink that nobody read lowers the confidence of its page, and pages on their head are turned."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from schemas.content import ExtractedPage, Image, PageStatus
from schemas.geometry import Box
from transforms.ocr.decision import Decision
from transforms.ocr.images.doubt import PICTURE, UNREAD, confidence_in_nothing, legibility, share_read
from transforms.ocr.images.pixels import Pixels, packed, unpacked
from transforms.ocr.merge import merge
from transforms.ocr.records import OcrLine, OcrWord
from transforms.ocr.turned import on_its_feet

SCALE = 150 / 72


def lines_of(count: int) -> list[OcrLine]:
    """The first lines of the prose that is drawn, read without doubt."""
    boxes = [Box(50 * SCALE, y * SCALE, 420 * SCALE, (y + 12) * SCALE) for y in (80 + i * 16.5 for i in range(count))]
    return [OcrLine((OcrWord("harbour", box, 0.98),), box) for box in boxes]


def merged(pixels: Pixels, lines: list[OcrLine]) -> ExtractedPage:
    page = ExtractedPage(
        number=1, width=500, height=400, status=PageStatus.EMPTY, images=[Image(Box(0, 0, 500, 400), 1042, 833)]
    )
    image = packed(pixels, 1, 150, (1 / SCALE, 0.0, 0.0, 1 / SCALE, 0.0, 0.0))
    return merge(page, Decision(page=1, needed=True), [image], [lines], "onnx")


def test_lines_that_were_not_read_are_doubt(drawn: Callable, rendered: Callable) -> None:
    pixels = rendered(drawn(), 150)
    shares = [share_read(pixels, 150, lines_of(count)) for count in (8, 4, 0)]
    assert shares[0] > 0.97 and shares[1] == pytest.approx(0.5, abs=0.1) and shares[2] == 0
    assert merged(pixels, lines_of(4)).confidence < 0.6 < 0.9 < merged(pixels, lines_of(8)).confidence


def test_a_page_with_ink_is_not_empty(drawn: Callable, rendered: Callable) -> None:
    unread = merged(rendered(drawn(), 150), [])
    assert (unread.status, unread.confidence) == (PageStatus.OCR, UNREAD)
    blots = np.full((800, 1000), 255, np.uint8)
    for x in range(100, 900, 100):
        blots[x : x + 30, x : x + 25] = 0
    assert confidence_in_nothing(blots, 150) == PICTURE
    assert confidence_in_nothing(rendered(drawn(["VOID"], size=120), 150), 150) == PICTURE
    photograph = np.full((800, 1000), 250, np.uint8)
    photograph[100:700, 150:850] = 60
    assert (merged(photograph, []).status, merged(photograph, []).confidence) == (PageStatus.OCR, PICTURE)
    paper = merged(np.full((800, 1000), 250, np.uint8), [])
    assert (paper.status, paper.confidence) == (PageStatus.EMPTY, 1.0)


def test_letters_of_few_pixels_are_doubt() -> None:
    assert [legibility(letter) for letter in (0.0, 4.5, 9.0, 30.0)] == [1.0, 0.5, 1.0, 1.0]


def test_a_page_whose_lines_run_backwards_is_turned() -> None:
    pixels = np.arange(200 * 300, dtype=np.uint32).reshape(200, 300).astype(np.uint8)
    image = packed(pixels, 1, 72, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), (Box(10, 20, 110, 22),))
    image = msgspec.structs.replace(image, letter=6.0)

    def line(y: float, *texts: str) -> OcrLine:
        words = tuple(OcrWord(text, Box(200 - 60 * i, y, 250 - 60 * i, y + 10), 0.9) for i, text in enumerate(texts))
        return OcrLine(words, Box(200 - 60 * (len(texts) - 1), y, 250, y + 10))

    backwards = [line(20 * i, "Lamp", "oil", str(i)) for i in range(1, 5)]
    turned, found = on_its_feet(image, backwards)
    assert np.array_equal(unpacked(turned), pixels[::-1, ::-1]) and turned.letter == 6.0
    assert turned.rules == (Box(190, 178, 290, 180),) and turned.to_page == (-1, 0, 0, -1, 300, 200)
    assert [line.words[-1].text for line in found] == ["4", "3", "2", "1"]
    assert all(line.words[0].box.x1 < line.words[1].box.x0 for line in found)
    forwards = [OcrLine(tuple(reversed(line.words)), line.box) for line in backwards]
    hebrew = [line(20 * i, "שלום", "עולם") for i in range(1, 5)]
    for lines in (forwards, hebrew, backwards[:2]):
        assert on_its_feet(image, lines) == (image, lines)
