"""Fetching one source: it becomes a part, with its bytes' identity or with the failure to bring them here."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from schemas.document import DocumentInfo, DocumentStatus
from schemas.failures import Failure, SourceChanged
from schemas.ids import document_id
from schemas.part import Part
from schemas.plan import Action, Known, Planned, Touch
from schemas.source import Fetched, SourceRef
from transforms.fetch.validators import NotModified, Validators
from transforms.runtime.guard import failure_of, guarded
from transforms.runtime.stamps import content_mark, listed_mark
from transforms.runtime.uris import identity_uri

STAGE = "fetch"
_READABLE = {DocumentStatus.OK, DocumentStatus.PARTIAL, DocumentStatus.STALE}


class OpenSource(Protocol):
    """Brings a source's bytes to this machine and keeps them there while it is open."""

    def __call__(self, ref: SourceRef, validators: Validators | None = None) -> AbstractContextManager[Fetched]:
        """Raises NotModified where the validators of an earlier fetch still hold and the bytes are not here."""
        ...


def fetched_part(planned: Planned, open_source: OpenSource, fingerprint: str) -> Part | None:
    """The part of one source: with its content hash and type, or with the failure to fetch it; None if not modified."""
    ref, known = planned.ref, planned.known
    # Only rows that are good and of today's options are worth a question: others need the bytes.
    asks = known is not None and known.current and not known.retryable and planned.action is not Action.FORCED
    validators = Validators(known.etag, known.last_modified, known.stamp) if known is not None and asks else None

    def fetch() -> Fetched | None:
        try:
            with open_source(ref, validators) as fetched:
                return fetched
        except NotModified:
            return None

    attempts = known.attempts if known is not None and known.retryable else 0
    doc_id = document_id(identity_uri(ref.uri))
    info = DocumentInfo(doc_id=doc_id, ref=ref, fingerprint=fingerprint, attempts=attempts)
    result = guarded(STAGE, fetch)
    if isinstance(result, Failure):
        return Part(info=info, failure=result)
    if result is None:
        return None
    return Part(info=msgspec.structs.replace(document_info(result, fingerprint), attempts=attempts))


def document_info(fetched: Fetched, fingerprint: str) -> DocumentInfo:
    """Identity and provenance of fetched bytes."""
    return DocumentInfo(
        doc_id=document_id(identity_uri(fetched.ref.uri)),
        ref=fetched.ref,
        content_hash=fetched.sha256,
        size=fetched.size,
        media_type=fetched.media_type,
        declared_type=fetched.declared_type,
        type_mismatch=fetched.type_mismatch,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        fingerprint=fingerprint,
    )


def settled(planned: Planned, open_source: OpenSource, fingerprint: str) -> Part | Touch | None:
    """Fetch a planned source: a part to work on, news for the row of an unchanged one, or None for no news at all.

    A source that cannot be read for a passing reason leaves the rows alone that it has from an earlier run.
    """
    known = planned.known
    part = fetched_part(planned, open_source, fingerprint)
    if known is None:
        return part
    if part is None:
        ref = planned.ref if planned.ref.stamp else msgspec.structs.replace(planned.ref, stamp=known.stamp)
        return news(ref, known, known.etag, known.last_modified)
    if part.failure is not None:
        return failed(planned, part, known)
    if same_etag_other_content(part.info, known):
        changed = SourceChanged(f"{part.ref.uri}: other content under the same ETag {part.info.etag}")
        return failed(planned, msgspec.structs.replace(part, failure=failure_of(STAGE, changed)), known)
    if planned.action is not Action.FORCED and is_unchanged(part.info, known):
        return news(part.ref, known, part.info.etag, part.info.last_modified)
    return part


def failed(planned: Planned, part: Part, known: Known) -> Part | Touch | None:
    """What becomes of a document whose source could not be read."""
    failure = part.failure
    if failure is not None and failure.retryable and known.content and known.status in _READABLE:
        return Touch(doc_id=part.info.doc_id, ref=part.ref, failure=failure)
    again = failure is not None and not failure.retryable and not known.content and known.current
    return None if again and planned.action is not Action.FORCED else part


def is_unchanged(info: DocumentInfo, known: Known) -> bool:
    """Whether the output holds the rows of these bytes already, or they are in quarantine."""
    if content_mark(info.content_hash) != known.content:
        return False
    if known.quarantine:
        return True
    return known.current and (not known.retryable or known.status == DocumentStatus.STALE)


def same_etag_other_content(info: DocumentInfo, known: Known) -> bool:
    """Whether a server contradicts itself. Told once: the next run takes what it gets."""
    strong = info.etag == known.etag and info.etag != "" and not info.etag.startswith("W/")
    return strong and content_mark(info.content_hash) != known.content != b"" and known.attempts == 0


def news(ref: SourceRef, known: Known, etag: str, last_modified: str) -> Touch | None:
    """What the row of an unchanged document should say now; None when it does."""
    mark = listed_mark(ref.path, ref.manifest, ref.metadata)
    told = (known.stamp, known.mark, known.etag, known.last_modified)
    if told == (ref.stamp, mark, etag, last_modified) and known.status != DocumentStatus.STALE:
        return None
    doc_id = document_id(identity_uri(ref.uri))
    return Touch(doc_id=doc_id, ref=ref, etag=etag, last_modified=last_modified)
