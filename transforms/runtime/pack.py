"""Records to bytes and back (MessagePack): cheap enough to cross process borders for every page."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


def pack(record: object) -> bytes:
    """MessagePack of a record."""
    return msgspec.msgpack.encode(record)


def unpack(data: bytes, kind: type[T]) -> T:
    """The record again; raises msgspec.DecodeError when the bytes are not one."""
    return msgspec.msgpack.decode(data, type=kind)
