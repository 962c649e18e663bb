"""Token counts and token-sized cuts, with tiktoken's vocabularies from package data: nothing is downloaded."""

from __future__ import annotations

import hashlib
import lzma
from binascii import a2b_base64
from functools import cache
from importlib import resources
from types import FunctionType
from typing import Any

import regex  # type: ignore[import-untyped,unused-ignore]
import tiktoken
from tiktoken_ext import openai_public  # type: ignore[import-untyped,unused-ignore]

from schemas.failures import ConfigurationError

#: Characters looked at around a cut to find a grapheme's edge; a longer cluster is cut between its code points.
GRAPHEME_REACH = 64
#: Characters that are given to tiktoken at once: over a run of a million blanks its pattern overflows the stack.
LONGEST = 100_000
_GRAPHEME = regex.compile(r"\X")


def _read_ranks(url: str, expected_hash: str | None = None) -> dict[bytes, int]:
    """The vocabulary that `url` names, from package data. Signature of tiktoken's own (downloading) loader."""
    name = url.rsplit("/", 1)[-1] + ".xz"
    packed = resources.files(__name__.rpartition(".")[0]).joinpath("vocabularies", name).read_bytes()
    raw = lzma.decompress(packed)
    if hashlib.sha256(raw).hexdigest() != expected_hash:
        raise ConfigurationError(f"vocabulary {name} does not match tiktoken's hash; install docbeam again")
    # One split of the whole file: token, rank, token, rank ...
    fields = raw.split()
    return dict(zip(map(a2b_base64, fields[::2]), map(int, fields[1::2]), strict=True))


@cache
def encoding(name: str) -> tiktoken.Encoding:
    """The encoding, built offline. About 0.2 s (cl100k_base) once per process."""
    constructor = openai_public.ENCODING_CONSTRUCTORS[name]
    # tiktoken's own definition (pattern, special tokens, hash) run with our loader in place of its network loader.
    code: Any = constructor.__code__
    specification = FunctionType(code, {**vars(openai_public), "load_tiktoken_bpe": _read_ranks})()
    return tiktoken.Encoding(**specification)


class Tokenizer:
    """Counts and cuts by tokens of one encoding. Special tokens in a text are ordinary text."""

    def __init__(self, name: str) -> None:
        self._encoding = encoding(name)

    def count(self, text: str) -> int:
        """How many tokens `text` has; beyond LONGEST characters, how many its pieces have."""
        return len(self._encode(text))

    def _encode(self, text: str) -> list[int]:
        if len(text) <= LONGEST:
            return self._encoding.encode_ordinary(text)
        pieces = (text[start : start + LONGEST] for start in range(0, len(text), LONGEST))
        return [token for piece in pieces for token in self._encoding.encode_ordinary(piece)]

    def prefix(self, text: str, start: int, end: int, limit: int, reach: int = 0) -> tuple[int, int]:
        """(cut, tokens): the largest cut after `start`, up to `end`, so that `text[start:cut]` keeps the limit.

        The cut stands between graphemes (a cluster beyond the limit is cut between code points); it is always beyond
        `start`, so a limit below the tokens of one code point (4) cannot be kept. `reach` is a guess, in characters.
        """
        reach = reach or limit * 5
        tokens = self._encode(text[start : min(end, start + reach)])
        while len(tokens) < limit and start + reach < end:
            reach *= 2
            tokens = self._encode(text[start : min(end, start + reach)])
        if len(tokens) <= limit and (
            start + reach >= end or grapheme_floor(text, start, start + reach) == start + reach
        ):
            return min(end, start + reach), len(tokens)
        return self._fitting_cut(text, start, end, tokens[:limit])

    def _fitting_cut(self, text: str, start: int, end: int, tokens: list[int]) -> tuple[int, int]:
        """The cut after the text of `tokens`, or so many tokens earlier that the cut text itself keeps their number."""
        limit, cut, count = len(tokens), start + 1, 0
        for budget in range(limit, 0, -1):
            # A token may end inside a character: the incomplete character is left out.
            kept = self._encoding.decode_bytes(tokens[:budget]).decode("utf-8", "ignore")
            cut = grapheme_floor(text, start, min(end, start + max(1, len(kept))))
            count = self.count(text[start:cut])
            if count <= limit:
                break
        return cut, count


def grapheme_floor(text: str, start: int, position: int) -> int:
    """Nearest grapheme edge at or before `position` and after `start`; `position` itself when there is none near."""
    if position >= len(text) or (text[position - 1 : position + 1].isascii() and text[position] != "\n"):
        return position
    origin = max(start, position - GRAPHEME_REACH)
    for cluster in _GRAPHEME.finditer(text, origin, position + 1):
        if cluster.end() > position:
            edge: int = cluster.start()
            return edge if edge > origin else position
    return position


@cache
def tokenizer(name: str) -> Tokenizer:
    """The tokenizer of an encoding, shared within the process."""
    return Tokenizer(name)
