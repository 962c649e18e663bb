"""Listed and known documents in compressed blocks: a shuffle of 10^8 rows moves some 10^5 of them.

A bucket holds the documents whose ids share a remainder; both sides of a join agree on it. The key of the shuffle is
the bucket modulo `shards`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from schemas.ids import document_id
from schemas.plan import Known
from schemas.source import SourceRef
from schemas.stamps import listed_mark
from transforms.runtime.pack import pack, unpack
from transforms.stores.uris import identity_uri

#: Documents in a full block.
BLOCK = 500
#: (bucket, documents)
Packed = tuple[int, bytes]
T = TypeVar("T")


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """A listed document with its id and the digest of how it was listed."""

    doc_id: bytes
    mark: bytes
    ref: SourceRef


class Layout(msgspec.Struct, frozen=True):
    """How many buckets there are, and how many keys they are spread over."""

    buckets: int
    shards: int

    def bucket(self, doc_id: bytes) -> int:
        """The bucket of a document."""
        return int.from_bytes(doc_id[:4], "big") % self.buckets


#: One key: the local runner keeps all blocks in memory anyway, and the outcome stays in order of size.
LOCAL = Layout(64, 1)
CLUSTER = Layout(4096, 4096)


def listed(ref: SourceRef) -> Listed:
    """The listed document with its id."""
    return with_mark(ref_id(ref), ref)


def ref_id(ref: SourceRef) -> bytes:
    """The id of a listed document. Blocks do not hold it: it is made again faster than it is moved."""
    return bytes.fromhex(document_id(identity_uri(ref.uri)))


def known_id(row: Known) -> bytes:
    """The id of a known document."""
    return row.doc_id


def with_mark(doc_id: bytes, ref: SourceRef) -> Listed:
    """The listed document with the digest of its listing."""
    return Listed(doc_id, listed_mark(ref.path, ref.manifest, ref.metadata), ref)


class Packer(Generic[T]):
    """Collects records by bucket and hands out full blocks."""

    def __init__(self, layout: Layout, doc_id: Callable[[T], bytes]) -> None:
        self._layout, self._doc_id = layout, doc_id
        self._waiting: dict[int, list[T]] = {}

    def add(self, record: T) -> Iterator[Packed]:
        """Take a record; yields the block that it filled."""
        bucket = self._layout.bucket(self._doc_id(record))
        waiting = self._waiting.setdefault(bucket, [])
        waiting.append(record)
        if len(waiting) >= BLOCK:
            yield bucket, pack_block(self._waiting.pop(bucket))

    def rest(self) -> Iterator[Packed]:
        """The blocks that are not full."""
        for bucket, records in self._waiting.items():
            yield bucket, pack_block(records)
        self._waiting = {}


def pack_block(records: list[Any]) -> bytes:
    """Records as one compressed block."""
    return zlib.compress(pack(records), 1)


def unpack_block(block: bytes, kind: type[T]) -> list[T]:
    """The records of a block."""
    return unpack(zlib.decompress(block), list[kind])  # type: ignore[valid-type]


def by_bucket(blocks: Iterable[Packed]) -> dict[int, list[bytes]]:
    """Blocks of the same bucket together."""
    found: dict[int, list[bytes]] = {}
    for bucket, block in blocks:
        found.setdefault(bucket, []).append(block)
    return found


def listed_of(blocks: Iterable[bytes]) -> Iterator[Listed]:
    """The listed documents of some blocks."""
    for block in blocks:
        yield from map(listed, unpack_block(block, SourceRef))


def known_of(blocks: Iterable[bytes]) -> Iterator[Known]:
    """The known documents of some blocks."""
    for block in blocks:
        yield from unpack_block(block, Known)
