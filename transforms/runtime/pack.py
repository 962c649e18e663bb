"""Records to bytes and back (MessagePack): cheap enough to cross process borders for every page."""

from __future__ import annotations

import zlib
from typing import TypeVar

import msgspec

from transforms.runtime.once import made_once

T = TypeVar("T")


def pack(record: object) -> bytes:
    """MessagePack of a record."""
    return msgspec.msgpack.encode(record)


def unpack(data: bytes, kind: type[T]) -> T:
    """The record again; raises msgspec.DecodeError when the bytes are not one."""
    return _decoder(kind).decode(data)


def squeeze(record: object) -> bytes:
    """Compressed MessagePack, for what waits in a shuffle: pages come down to a sixth and cost a millisecond each."""
    return zlib.compress(pack(record), 1)


def unsqueeze(data: bytes, kind: type[T]) -> T:
    """The record again; raises zlib.error or msgspec.DecodeError when the bytes are not one."""
    return unpack(zlib.decompress(data), kind)


@made_once
def _decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    """One thread at a time: while msgspec looks at a type for the first time, another that meets it crashes."""
    return msgspec.msgpack.Decoder(kind)
