"""Content encodings of HTTP bodies, decoded so that a body which was cut is told from one that ended."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

_GZIP = ("gzip", "x-gzip")
#: Compressions that are not asked for; other words (aws-chunked, utf-8) are mistakes of servers that change nothing.
_FOREIGN = frozenset({"br", "zstd", "compress", "x-compress", "exi", "dcb", "dcz", "pack200-gzip"})
#: Most bytes that one step unpacks: a body may unpack to a thousand times its size.
_STEP = 1 << 20


class BodyCut(Exception):
    """A compressed body ends before its end."""


class ForeignEncoding(Exception):
    """A body is compressed in a way that nobody asked for."""


def decoded(pieces: Iterable[bytes], header: str) -> Iterator[bytes]:
    """The body without the encodings that a Content-Encoding `header` names, the last one first.

    Raises BodyCut, ForeignEncoding, or zlib.error for what is no body of this encoding.
    """
    for name in reversed([word.strip().lower() for word in header.split(",")]):
        if name in _FOREIGN:
            raise ForeignEncoding(name)
        if name in _GZIP or name == "deflate":
            pieces = _inflated(iter(pieces), zlib.MAX_WBITS | 16 if name in _GZIP else 0)
    return iter(pieces)


def _inflated(pieces: Iterator[bytes], bits: int) -> Iterator[bytes]:
    """What the pieces unpack to; no bytes at all are nothing."""
    unpack = None
    for piece in pieces:
        rest = piece
        while rest:
            if unpack is None:
                unpack = zlib.decompressobj(bits or _deflate_bits(rest))
            elif unpack.eof:
                # Another member, or what some servers pad with.
                if not bits or not rest.startswith(b"\x1f"):
                    break
                unpack = zlib.decompressobj(bits)
            yield unpack.decompress(rest, _STEP)
            rest = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    if unpack is not None:
        yield unpack.flush()
        if not unpack.eof:
            raise BodyCut


def _deflate_bits(start: bytes) -> int:
    """Servers mean two things by deflate: with the header of zlib, or bare."""
    return zlib.MAX_WBITS if start[0] & 0x0F == 8 and start[0] >> 4 <= 7 else -zlib.MAX_WBITS
