"""What the parser processes run: a packed Document becomes rows. Failed parts become rows here as well."""

from __future__ import annotations

import msgspec

from schemas.addresses import fingerprinted
from schemas.content import PageStatus
from schemas.document import Document, DocumentStatus, Page
from schemas.failures import Category, Failure
from schemas.part import Part, TableBatch
from schemas.plan import Touch
from schemas.versions import Fingerprints
from transforms.lake.format.rows import table_batch
from transforms.runtime.activity import activity
from transforms.runtime.guard import guarded
from transforms.runtime.pack import unpack
from transforms.sandbox.pool import ParserPool
from transforms.steps.reopen import was_lost

STAGE = "write"
_POISON = frozenset({Category.CRASHED, Category.TIMEOUT})


def rows_of_packed(document: bytes, run_id: str, versions: Fingerprints) -> TableBatch:
    """All rows of a packed Document."""
    return table_batch(with_tries(fingerprinted(unpack(document, Document), versions)), run_id)


def rows_of_part(part: Part, run_id: str, pool: ParserPool, versions: Fingerprints) -> TableBatch:
    """All rows of a part; whatever fails on the way ends as a failed document, so that every part has rows."""
    failure = part.failure
    if failure is None:
        with activity().at(STAGE):
            result = guarded(
                STAGE, lambda: pool.call(rows_of_packed, part.payload, run_id, versions, effort=part.effort)
            )
        if not isinstance(result, Failure):
            return result
        failure = result
    batch = table_batch(with_tries(fingerprinted(failed_document(part, failure), versions)), run_id)
    return msgspec.structs.replace(batch, lost=part.replaces and failure.category is Category.NOT_FOUND)


def kept(part: Part) -> Touch | None:
    """News for the rows of an earlier version that stay, since this one could not be read; None if there is none."""
    failure = part.failure
    if failure is None or not part.replaces or not (was_lost(failure) or failure.category is Category.CORRUPT):
        return None
    return Touch(doc_id=part.info.doc_id, ref=part.ref, failure=msgspec.structs.replace(failure, stage="fetch"))


def failed_document(part: Part, failure: Failure) -> Document:
    """A document without content; pages that were opened before it failed keep their rows.

    One whose source was lost on the way was never read: neither hash nor stamp are proof of anything.
    """
    info = part.info
    unsupported = failure.category is Category.UNSUPPORTED
    if was_lost(failure):
        info = msgspec.structs.replace(info, content_hash="", ref=msgspec.structs.replace(info.ref, stamp=""))
    return Document(
        info=info,
        status=DocumentStatus.UNSUPPORTED if unsupported else DocumentStatus.FAILED,
        page_count=len(part.pages),
        pages=[Page(page=number, status=PageStatus.FAILED) for number in part.pages],
        failures=[failure],
    )


def with_tries(document: Document) -> Document:
    """The document with its failed tries counted, and in quarantine when it killed or hung its parser."""
    retryable = any(failure.retryable for failure in document.failures)
    attempts = document.info.attempts + 1 if retryable else 0
    failed = document.status is DocumentStatus.FAILED
    poison = next((f.category.value for f in document.failures if failed and is_poison(f)), "")
    document.info = msgspec.structs.replace(document.info, attempts=attempts, quarantine=poison)
    return document


def is_poison(failure: Failure) -> bool:
    """Whether the document itself killed or hung its parser; time-outs of downloads pass."""
    return failure.category in _POISON and failure.stage != "fetch"
