"""Whether text can be what a page says: broken encodings and bad OCR, told without knowing the language."""

from __future__ import annotations

import base64
import functools
import lzma
import re
import unicodedata
from importlib.resources import files
from typing import NamedTuple

#: Words that are looked up; shorter ones say little, longer ones are compounds or data.
_WORD = re.compile(r"(?<![\w'’-])[^\W\d_]{4,18}(?![\w'’-])")
#: Letters that make up two thirds of the text in every European language written with Latin letters.
_COMMON = frozenset("eaointsrl")
_BROKEN = frozenset({"Co", "Cn", "Cs", "Cc"})
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_SHORTEST = 4


class TextQuality(NamedTuple):
    """Statistics of a text. Shares are 0..1."""

    chars: int
    #: Words of 4 to 18 letters.
    words: int
    #: Characters without a meaning: U+FFFD, private use, unassigned, controls.
    broken: float
    #: The commonest letters of European languages among Latin letters.
    common: float
    #: Words that a large vocabulary of many languages holds.
    known: float
    #: Latin letters among all letters.
    latin: float


def text_quality(text: str) -> TextQuality:
    """The statistics of a text."""
    text = unicodedata.normalize("NFKC", text)
    ink = [char for char in text if not char.isspace()]
    broken = sum(char == "\ufffd" or unicodedata.category(char) in _BROKEN for char in ink)
    words = [word.casefold() for word in _WORD.findall(text)]
    latin = [char for char in unicodedata.normalize("NFD", "".join(words)) if "a" <= char <= "z"]
    letters = sum(map(str.isalpha, ink))
    return TextQuality(
        chars=len(ink),
        words=len(words),
        broken=broken / max(1, len(ink)),
        common=sum(char in _COMMON for char in latin) / max(1, len(latin)),
        known=sum(word in vocabulary() for word in words) / len(words) if words else 0.0,
        latin=len(_LATIN.findall(text)) / max(1, letters),
    )


@functools.cache
def vocabulary() -> frozenset[str]:
    """Words, in lower case, that a public subword vocabulary holds whole: frequent words of many languages."""
    packed = (
        files(__name__.removesuffix(".ocr.text_quality"))
        .joinpath("chunk", "vocabularies", "o200k_base.tiktoken.xz")
        .read_bytes()
    )
    tokens = (base64.b64decode(row.split()[0]) for row in lzma.decompress(packed).splitlines())
    words = (token[1:].decode(errors="ignore") for token in tokens if token[:1] == b" " and len(token) > _SHORTEST)
    return frozenset(word.casefold() for word in words if word.isalpha())
