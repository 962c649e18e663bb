"""The ONNX engine: PP-OCR detection, angle and recognition over batches of pages and lines.

What is read in an image does not depend on the images that it is read with.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import cv2
import msgspec
import numpy as np

from schemas.failures import ConfigurationError, Corrupt
from schemas.options import Device, OcrOptions, Positive
from transforms.inference.sessions import Execution, make_session, resolve_device
from transforms.ocr.images.pixels import Pixels, unpacked
from transforms.ocr.onnx import languages as onnx_languages
from transforms.ocr.onnx import models
from transforms.ocr.onnx.ctc import Glyph, confidence, decode
from transforms.ocr.onnx.detection import input_shape, line_boxes, network_input
from transforms.ocr.onnx.lines import InkedLine, LineCrop, cut, network_batch, page_lines, turned
from transforms.ocr.records import OcrLine, PageImage

OnBatch = Callable[[str, int], None]

DETECTION, ANGLE, RECOGNITION = "ocr_detection", "ocr_angle", "ocr_recognition"
#: The angle model's input.
_ANGLE_COLUMNS = 192
#: How sure the angle model has to be that a line is upside down.
_SURE = 0.9
#: Share of the level lines of an image that must be upside down, and their least number, for the others to be.
_MAJORITY, _LEAST_TURNED = 0.6, 3
#: Lines read with less confidence may be upside down: the network makes something of those too.
_DOUBTFUL = 0.9


class OcrBounds(msgspec.Struct, frozen=True, kw_only=True):
    """The most that one run of a network takes."""

    #: The longer side of a page, in pixels, that detection sees.
    side: Positive = 1600
    #: Pages of one shape.
    pages: Positive = 1
    #: Columns of lines, padding included.
    columns: Positive = 640


#: A CPU gains nothing from large batches; they only leave its caches.
BOUNDS = {"cpu": OcrBounds(), "cuda": OcrBounds(pages=16, columns=64 * 640)}


class FoundLine(msgspec.Struct, frozen=True, eq=False):
    """A line of one of the images."""

    image: int
    crop: LineCrop


class ReadLine(msgspec.Struct, frozen=True, eq=False):
    """What a line says, and the way round that it was read."""

    glyphs: list[Glyph]
    crop: LineCrop


class OnnxOcr:
    """Make one per process: networks are loaded when first used (about 60 MB), and threads share them."""

    name = "onnx"
    batched = True

    def __init__(
        self,
        device: Device = "auto",
        precision: str = "fp32",
        threads: int = 1,
        bounds: OcrBounds | None = None,
        on_batch: OnBatch | None = None,
    ) -> None:
        where = resolve_device(models.stand_in(device)).device
        # The models are in float32; whoever asks for less precision lets CUDA round products.
        self._execution = Execution(device=where, tf32=precision != "fp32", threads=threads)
        self._bounds = bounds or BOUNDS[where]
        self._on_batch = on_batch or _ignore
        self._plain, self._recognition = cache(self._load), cache(self._load_recognition)

    def check(self, options: OcrOptions) -> None:
        """Raises ConfigurationError without the models, or when they cannot write one of the languages."""
        models.folder()
        unknown = [language for language in options.languages if language not in onnx_languages.SHIPPED]
        if unknown:
            raise ConfigurationError(
                f"the onnx OCR engine cannot read {', '.join(unknown)}: choose --ocr-language among "
                f"{', '.join(onnx_languages.SHIPPED)}, or install Tesseract with its data for {', '.join(unknown)}"
            )

    def data_path(self) -> str:
        """The folder of the models."""
        return str(models.folder())

    def read(self, images: Sequence[PageImage], languages: Sequence[str] = ("eng",)) -> list[list[OcrLine]]:
        """The lines of each image, from the top, in pixels of the image. Raises Corrupt for damaged pixels."""
        lines = list(self.find_lines(images))
        found: list[list[InkedLine]] = [[] for _ in images]
        for line, read in zip(lines, self._read_lines(lines, languages), strict=True):
            found[line.image].append(InkedLine.of(read.crop, read.glyphs))
        return [page_lines(inked) for inked in found]

    def find_lines(self, images: Sequence[PageImage]) -> Iterator[FoundLine]:
        """Crops of all lines: image by image, from the top."""
        crops: dict[int, list[LineCrop]] = {}
        shapes = [input_shape(image.height, image.width, self._bounds.side, image.letter) for image in images]
        for batch in _batches(range(len(images)), shapes, lambda _: self._bounds.pages):
            for i, found in zip(batch, self._detect([images[i] for i in batch], shapes[batch[0]]), strict=True):
                crops[i] = found
        return (FoundLine(i, crop) for i in range(len(images)) for crop in crops[i])

    def _detect(self, images: Sequence[PageImage], shape: tuple[int, int]) -> list[list[LineCrop]]:
        pages = [_pixels(image) for image in images]
        self._on_batch(DETECTION, len(pages))
        maps = _run(self._plain(models.DETECTION), np.stack([network_input(page, shape) for page in pages]))
        return [_cut_all(page, text[0]) for page, text in zip(pages, maps, strict=True)]

    def _read_lines(self, lines: Sequence[FoundLine], languages: Sequence[str]) -> list[ReadLine]:
        """What each line says; those that run up or down the page or make little sense also from their other end.

        Where most lines of an image are upside down, all are: figures and capitals may make sense either way.
        """
        crops = [line.crop for line in lines]
        first = self._righted(crops, [i for i, crop in enumerate(crops) if crop.upright])
        read = self.recognise(first, languages)
        doubtful = [i for i, line in enumerate(read) if confidence(line.glyphs) < _DOUBTFUL and not line.crop.upright]
        flipped = self._righted([read[i].crop for i in doubtful], range(len(doubtful)))
        changed = [i for i, crop in zip(doubtful, flipped, strict=True) if crop is not read[i].crop]
        second = [crop for i, crop in zip(doubtful, flipped, strict=True) if crop is not read[i].crop]
        for i, again in zip(changed, self.recognise(second, languages), strict=True):
            if confidence(again.glyphs) > confidence(read[i].glyphs):
                read[i] = again
        rest = list(_left_upside_down(lines, read))
        for i, again in zip(rest, self.recognise([turned(crops[i]) for i in rest], languages), strict=True):
            read[i] = again
        return read

    def _righted(self, crops: Sequence[LineCrop], doubtful: Sequence[int]) -> list[LineCrop]:
        """The crops, with the doubtful ones turned where the angle model says that they are upside down."""
        result = list(crops)
        limit = max(1, self._bounds.columns // _ANGLE_COLUMNS)
        for start in range(0, len(doubtful), limit):
            batch = doubtful[start : start + limit]
            self._on_batch(ANGLE, len(batch))
            heads = [_head(crops[i]) for i in batch]
            scores = _run(self._plain(models.ANGLE), network_batch(heads, _ANGLE_COLUMNS))
            for i, (_, upside_down) in zip(batch, scores, strict=True):
                if upside_down > _SURE:
                    result[i] = turned(crops[i])
        return result

    def recognise(self, crops: Sequence[LineCrop], languages: Sequence[str]) -> list[ReadLine]:
        """What each crop says as it is."""
        if not crops:
            return []
        session, characters = self._recognition(_sorted_names(languages))
        read: list[ReadLine] = [ReadLine([], crop) for crop in crops]
        columns = [crop.columns for crop in crops]
        for batch in _batches(range(len(crops)), columns, lambda width: self._bounds.columns // width):
            self._on_batch(RECOGNITION, len(batch))
            scores = _run(session, network_batch([crops[i] for i in batch], columns[batch[0]]))
            best, sure = scores.argmax(axis=2), scores.max(axis=2)
            for row, i in enumerate(batch):
                read[i] = ReadLine(decode(best[row].tolist(), sure[row].tolist(), characters), crops[i])
        return read

    def _load(self, name: str) -> Any:
        return make_session(models.plain_model(name), self._execution)

    def _load_recognition(self, names: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
        chosen = models.alphabet(names)
        return make_session(models.recognition_model(chosen), self._execution), chosen.characters


def _left_upside_down(lines: Sequence[FoundLine], read: Sequence[ReadLine]) -> Iterator[int]:
    """Lines that were read as they stand in images of which most lines were not."""
    for _, members in groupby(range(len(lines)), key=lambda i: lines[i].image):
        level = [i for i in members if not lines[i].crop.upright]
        rest = [i for i in level if read[i].crop is lines[i].crop]
        if len(level) - len(rest) >= max(_LEAST_TURNED, _MAJORITY * len(level)):
            yield from rest


def _ignore(model: str, size: int) -> None:
    """Nobody wants to know."""


def _pixels(image: PageImage) -> Pixels:
    try:
        return unpacked(image)
    except (zlib.error, ValueError) as error:
        raise Corrupt(f"the pixels of the page image are damaged ({error})", page=image.page) from error


def _cut_all(page: Pixels, text: Any) -> list[LineCrop]:
    boxes = line_boxes(text, *page.shape[:2])
    return [crop for box in boxes if (crop := cut(page, box.corners)) is not None]


def _head(crop: LineCrop) -> LineCrop:
    """A line squeezed into what the angle model sees."""
    if crop.pixels.shape[1] <= _ANGLE_COLUMNS:
        return crop
    small = cv2.resize(crop.pixels, (_ANGLE_COLUMNS, crop.pixels.shape[0]), interpolation=cv2.INTER_LINEAR)
    return LineCrop(np.asarray(small, np.uint8), crop.to_page, crop.upright)


def _sorted_names(languages: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(languages)))


def _batches(items: Iterable[int], keys: Sequence[Any], limit: Callable[[Any], int]) -> Iterator[list[int]]:
    """Items of equal key, smallest key first, at most `limit(key)` (at least one) together."""
    for key, group in groupby(sorted(items, key=lambda i: keys[i]), key=lambda i: keys[i]):
        members, size = list(group), max(1, limit(key))
        yield from (members[start : start + size] for start in range(0, len(members), size))


def _run(session: Any, batch: Any) -> Any:
    return session.run(None, {"x": np.ascontiguousarray(batch)})[0]
