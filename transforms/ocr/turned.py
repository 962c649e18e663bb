"""Page images that stand on their head after all: an engine that reads lines from either end shows it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np

from schemas.geometry import Box
from transforms.ocr.images.pixels import Affine, compose, mapped, packed, unpacked
from transforms.ocr.records import OcrLine, OcrWord, PageImage

#: Share of the lines of several words that must run backwards, and the least number of them.
MAJORITY, ENOUGH = 0.6, 3
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def on_its_feet(image: PageImage, lines: Sequence[OcrLine]) -> tuple[PageImage, list[OcrLine]]:
    """The image and its lines, turned by half when most lines run from right to left though their letters do not."""
    if not _runs_backwards(lines):
        return image, list(lines)
    width, height = float(image.width), float(image.height)
    half: Affine = (-1.0, 0.0, 0.0, -1.0, width, height)
    pixels = np.ascontiguousarray(unpacked(image)[::-1, ::-1])
    rules = tuple(mapped(rule, half) for rule in image.rules)
    turned = packed(pixels, image.page, image.dpi, compose(half, image.to_page), rules)
    turned = msgspec.structs.replace(turned, letter=image.letter)
    found = [OcrLine(tuple(_moved(line.words, half)), mapped(line.box, half)) if line.words else line for line in lines]
    return turned, sorted(found, key=lambda line: line.box.y0)


def _moved(words: Iterable[OcrWord], half: Affine) -> Iterator[OcrWord]:
    return (msgspec.structs.replace(word, box=mapped(word.box, half)) for word in words)


def _runs_backwards(lines: Sequence[OcrLine]) -> bool:
    ways = [_way(line.words[0].box, line.words[-1].box) for line in lines if len(line.words) > 1 and not _is_rtl(line)]
    level = [way for way in ways if way]
    backwards = sum(way < 0 for way in level)
    return backwards >= max(ENOUGH, MAJORITY * len(level))


def _way(first: Box, last: Box) -> int:
    """1 from left to right, -1 from right to left, 0 up or down the page."""
    across, down = last.x0 - first.x0, last.y0 - first.y0
    return 0 if abs(across) <= abs(down) else (1 if across > 0 else -1)


def _is_rtl(line: OcrLine) -> bool:
    letters = [unicodedata.bidirectional(char) for word in line.words for char in word.text if char.isalpha()]
    return sum(kind in _RIGHT_TO_LEFT for kind in letters) * 2 > len(letters)
