"""What the parser processes run: a packed Document gets its chunks."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from schemas.document import Chunk, Document, DocumentStatus
from schemas.options import ChunkOptions, Strategy
from schemas.part import Part
from transforms.runtime.guard import attempt, setback
from transforms.runtime.pack import pack, unpack
from transforms.sandbox.pool import ParserPool

STAGE = "chunk"


def chunk_packed(document: bytes, options: ChunkOptions) -> bytes:
    """The packed Document with chunks."""
    return pack(with_chunks(unpack(document, Document), options))


def with_chunks(document: Document, options: ChunkOptions) -> Document:
    """The document with its chunks; windows of equal size, and a failure, where its structure cannot be followed."""
    # Only the parser processes do, and they have imported it.
    from transforms.chunk.chunks import chunk_document

    plain = msgspec.structs.replace(options, strategy=Strategy.FIXED)

    def without_structure(error: BaseException) -> list[Chunk]:
        document.failures.append(setback(STAGE, "chunks do not follow the structure", error))
        document.status = DocumentStatus.PARTIAL
        return chunk_document(document, plain)

    document.chunks = attempt(lambda: chunk_document(document, options), without_structure)
    return document


class PartChunker(msgspec.Struct, frozen=True):
    """Cuts the documents of parts into chunks."""

    options: ChunkOptions

    def chunk(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """The part whose Document has chunks."""
        chunked = pool.call(chunk_packed, part.payload, self.options, effort=part.effort)
        yield msgspec.structs.replace(part, payload=chunked)
