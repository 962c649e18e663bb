"""Lines cut out of a page, at the height the recognition network reads, and the way back to pixels of the page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.geometry import Box, rounded, union
from transforms.ocr.images.pixels import Pixels, grey
from transforms.ocr.onnx.ctc import Glyph, chance, confidence, widest_blank_between, word_spans, words
from transforms.ocr.onnx.detection import Floats, channels_first
from transforms.ocr.onnx.spaces import Blank, usual_space, with_spaces
from transforms.ocr.records import OcrLine, OcrWord

#: Rows that the recognition network reads.
HEIGHT = 48
#: A line is padded to the next multiple of these columns and to no fewer than the least. Its neighbours have no say.
COLUMNS, MIN_COLUMNS = 32, 64
#: Longer lines are squeezed.
MAX_COLUMNS = 3200
#: Taller than this many times its width, a line is taken to run up or down the page.
_UPRIGHT = 1.5
#: A column or row has ink when a pixel in it differs from the ground by this share of the line's contrast.
_INK = 0.4
#: Below this range of grey levels there is no ink at all.
_MIN_CONTRAST = 24


class LineCrop(msgspec.Struct, frozen=True, eq=False):
    """A line as the network reads it."""

    #: HEIGHT x columns (x 3).
    pixels: Pixels
    #: Pixels of the crop to pixels of the page: 2 x 3.
    to_page: NDArray[np.float64]
    #: Runs up or down the page; which of the two, the angle model tells.
    upright: bool

    @property
    def columns(self) -> int:
        """Columns of the network's input, padding included."""
        columns: int = self.pixels.shape[1]
        return max(MIN_COLUMNS, -(-columns // COLUMNS) * COLUMNS)


def cut(page: Pixels, corners: Floats) -> LineCrop | None:
    """The line within `corners` (see LineBox), levelled; None when less than a pixel of it is on the page."""
    upright = _length(corners[0], corners[3]) > _UPRIGHT * _length(corners[0], corners[1])
    if upright:
        corners = np.roll(corners, 1, axis=0)
    width, height = _length(corners[0], corners[1]), _length(corners[0], corners[3])
    if width < 1 or height < 1:
        return None
    columns = min(MAX_COLUMNS, max(1, round(width * HEIGHT / height)))
    whole = max(1, round(width)), max(1, round(height))
    native = _levelled(page, corners, whole)
    way = cv2.INTER_AREA if whole[1] > HEIGHT else cv2.INTER_CUBIC
    pixels = np.asarray(cv2.resize(native, (columns, HEIGHT), interpolation=way), np.uint8)
    return LineCrop(pixels, _affine((columns, HEIGHT), corners), upright)


def turned(crop: LineCrop) -> LineCrop:
    """The same line read from its other end."""
    height, width = crop.pixels.shape[:2]
    back = crop.to_page @ np.array([[-1.0, 0, width], [0, -1.0, height], [0, 0, 1]])
    return LineCrop(np.ascontiguousarray(crop.pixels[::-1, ::-1]), back, crop.upright)


def network_batch(crops: list[LineCrop], columns: int) -> Floats:
    """(lines, 3, HEIGHT, columns), each padded at its end with mid grey."""
    batch = np.zeros((len(crops), 3, HEIGHT, columns), np.float32)
    for row, crop in zip(batch, crops, strict=True):
        row[:, :, : crop.pixels.shape[1]] = channels_first(crop.pixels)
    return batch


class InkedLine(msgspec.Struct, frozen=True, eq=False):
    """A line that was read, with its ink."""

    crop: LineCrop
    #: With their places as shares of the crop.
    glyphs: list[Glyph]
    ink: NDArray[np.bool_]

    @staticmethod
    def of(crop: LineCrop, glyphs: Sequence[Glyph]) -> InkedLine:
        """Glyphs tell their places as shares of the columns that the network saw."""
        share = crop.columns / crop.pixels.shape[1]
        placed = [Glyph(g.text, min(1.0, g.left * share), min(1.0, g.right * share), g.confidence) for g in glyphs]
        return InkedLine(crop, placed, _ink(crop.pixels))

    def blanks(self) -> list[Blank]:
        """What is white between neighbouring letters."""
        top, bottom = _extent(np.logical_or.reduce(self.ink, axis=1))
        inked, height = np.logical_or.reduce(self.ink, axis=0), max(1, bottom - top)
        letters = [place for place, glyph in enumerate(self.glyphs) if not glyph.text.isspace()]
        found = []
        for left, right in pairwise(letters):
            before, after = self.glyphs[left], self.glyphs[right]
            start, end = widest_blank_between(before, after, inked)
            share = (end - start) / height
            found.append(Blank(left, before.text, after.text, share, 1 / height, right > left + 1))
        return found


def page_lines(lines: Sequence[InkedLine]) -> list[OcrLine]:
    """The lines of an image with a box for each word; those without words are left out."""
    blanks = [line.blanks() for line in lines]
    space = usual_space(blanks)
    found = (
        _assembled(line, with_spaces(line.glyphs, between, space)) for line, between in zip(lines, blanks, strict=True)
    )
    return [line for line in found if line is not None]


def _assembled(line: InkedLine, glyphs: Sequence[Glyph]) -> OcrLine | None:
    found = words(glyphs)
    if not found:
        return None
    read = []
    for word, (start, end) in zip(found, word_spans(found, np.logical_or.reduce(line.ink, axis=0)), strict=True):
        # Each word's own height: which letters rise or descend tells the size of the face.
        top, bottom = _extent(np.logical_or.reduce(line.ink[:, start:end], axis=1))
        box = _on_page(line.crop, Box(float(start), float(top), float(end), float(bottom)))
        read.append(OcrWord("".join(glyph.text for glyph in word), box, confidence(word), chance(word)))
    return OcrLine(tuple(read), union(word.box for word in read) or read[0].box)


def _levelled(page: Pixels, corners: Floats, size: tuple[int, int]) -> Pixels:
    """The pixels within `corners`: a plain slice where the line is level, else turned."""
    left, top = np.round(corners[0]).astype(int)
    if np.abs(corners[0] - corners[3])[0] < 1 and np.abs(corners[0] - corners[1])[1] < 1:
        piece = page[max(0, top) : top + size[1], max(0, left) : left + size[0]]
        if piece.shape[:2] == (size[1], size[0]):
            return piece
    inverse = _affine(size, corners)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    # The centre of a pixel is at half its width; warpAffine counts from the centre of the first.
    inverse[:, 2] += inverse[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return np.asarray(cv2.warpAffine(page, inverse, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _affine(size: tuple[int, int], corners: Floats) -> NDArray[np.float64]:
    """The map from a rectangle of this (width, height) to the page."""
    across = (corners[1] - corners[0]).astype(np.float64) / size[0]
    down = (corners[3] - corners[0]).astype(np.float64) / size[1]
    return np.stack([across, down, corners[0].astype(np.float64)], axis=1)


def _length(start: Floats, end: Floats) -> float:
    return float(np.linalg.norm(end - start))


def _ink(pixels: Pixels) -> NDArray[np.bool_]:
    """Where the line differs from its ground, which is the most common grey level; dark or light alike."""
    levels = grey(pixels).astype(np.int16)
    ground = int(np.bincount(levels.ravel() >> 3, minlength=32).argmax()) * 8 + 4
    away = np.abs(levels - ground)
    contrast = int(np.percentile(away, 98))
    return away > max(_MIN_CONTRAST, _INK * contrast)


def _extent(marked: NDArray[np.bool_]) -> tuple[int, int]:
    """The first and last (exclusive) marked place, or the whole."""
    places = np.flatnonzero(marked)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, len(marked))


def _on_page(crop: LineCrop, box: Box) -> Box:
    corners = np.array([[x, y, 1.0] for x in (box.x0, box.x1) for y in (box.y0, box.y1)])
    mapped = corners @ crop.to_page.T
    (x0, y0), (x1, y1) = mapped.min(axis=0), mapped.max(axis=0)
    return rounded(Box(float(x0), float(y0), float(x1), float(y1)))
