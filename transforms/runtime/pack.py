"""Records to bytes and back (MessagePack): cheap enough to cross process borders for every page."""

from __future__ import annotations

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


@made_once
def _decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    """One thread at a time: while msgspec looks at a type for the first time, another that meets it crashes."""
    return msgspec.msgpack.Decoder(kind)
