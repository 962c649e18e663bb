"""What the parser processes run: a packed Document gets its chunks."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from schemas.document import Document
from schemas.options import ChunkOptions
from schemas.part import Part
from transforms.runtime.pack import pack, unpack
from transforms.runtime.pool import ParserPool

STAGE = "chunk"


def chunk_packed(document: bytes, options: ChunkOptions) -> bytes:
    """The packed Document with chunks."""
    # Only the parser processes do, and they have imported it.
    from transforms.chunk.chunks import chunk_document

    whole = unpack(document, Document)
    whole.chunks = chunk_document(whole, options)
    return pack(whole)


class PartChunker(msgspec.Struct, frozen=True):
    """Cuts the documents of parts into chunks."""

    options: ChunkOptions

    def chunk(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """The part whose Document has chunks."""
        chunked = pool.call(chunk_packed, part.payload, self.options, effort=part.effort)
        yield msgspec.structs.replace(part, payload=chunked)
