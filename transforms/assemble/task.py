"""What the parser processes run: a packed Extraction becomes a packed Document."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from schemas.content import Extraction
from schemas.document import DocumentInfo
from schemas.part import Part
from transforms.assemble.document import assemble
from transforms.runtime.pack import pack, unpack
from transforms.runtime.pool import ParserPool

STAGE = "assemble"


def assemble_packed(info: DocumentInfo, extraction: bytes) -> bytes:
    """The packed Document of a packed Extraction."""
    return pack(assemble(info, unpack(extraction, Extraction)))


def assemble_part(part: Part, pool: ParserPool) -> Iterator[Part]:
    """The part with a Document as payload."""
    yield msgspec.structs.replace(part, payload=pool.call(assemble_packed, part.info, part.payload, effort=part.effort))
