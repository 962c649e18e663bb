"""What the parser processes run: a packed Document becomes rows. Failed parts become rows here as well."""

from __future__ import annotations

from schemas.content import PageStatus
from schemas.document import Document, DocumentStatus, Page
from schemas.failures import Failure
from schemas.part import Part, TableBatch
from transforms.runtime.guard import guarded
from transforms.runtime.pack import unpack
from transforms.runtime.pool import ParserPool
from transforms.write.rows import table_batch

STAGE = "write"


def rows_of_packed(document: bytes, run_id: str) -> TableBatch:
    """All rows of a packed Document."""
    return table_batch(unpack(document, Document), run_id)


def rows_of_part(part: Part, run_id: str, pool: ParserPool) -> TableBatch:
    """All rows of a part; whatever fails on the way ends as a failed document, so that every part has rows."""
    failure = part.failure
    if failure is None:
        result = guarded(STAGE, lambda: pool.call(rows_of_packed, part.payload, run_id, effort=part.effort))
        if not isinstance(result, Failure):
            return result
        failure = result
    return table_batch(failed_document(part, failure), run_id)


def failed_document(part: Part, failure: Failure) -> Document:
    """A document without content; pages that were opened before it failed keep their rows."""
    return Document(
        info=part.info,
        status=DocumentStatus.FAILED,
        page_count=len(part.pages),
        pages=[Page(page=number, status=PageStatus.FAILED) for number in part.pages],
        failures=[failure],
    )
