"""What travels between the parser process, the OCR engines and the page. All of it packs with MessagePack."""

from __future__ import annotations

import msgspec

from schemas.geometry import Box


class PageImage(msgspec.Struct, frozen=True, kw_only=True):
    """A page, or a part of one, as an engine reads it: upright, 8 bits a channel, rows from the top."""

    #: 1-based.
    page: int
    #: Height x width x channels bytes, deflated (zlib).
    pixels: bytes
    width: int
    height: int
    #: 1 (grey) or 3 (RGB).
    channels: int
    #: Pixels per inch that the image really has on the page.
    dpi: float
    #: Pixels to page points, as (a, b, c, d, e, f): x' = a x + c y + e, y' = b x + d y + f.
    to_page: tuple[float, float, float, float, float, float]
    #: Ruled lines, in pixels: thin boxes. Engines paint over them, pages take them as vectors.
    rules: tuple[Box, ...] = ()
    #: Usual height of its letters in pixels; 0.0 when it has few.
    letter: float = 0.0


class OcrWord(msgspec.Struct, frozen=True, array_like=True):
    """A word (or an undivided run) with its box in pixels of its image."""

    text: str
    box: Box
    #: 0..1
    confidence: float
    #: How likely no letter of it is wrong, 0..1, from an engine whose `confidence` is that of the letters; else None.
    right: float | None = None


class OcrLine(msgspec.Struct, frozen=True, array_like=True):
    """Words on one baseline, in text direction."""

    words: tuple[OcrWord, ...]
    box: Box
