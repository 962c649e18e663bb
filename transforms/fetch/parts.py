"""Fetching one source: it becomes a part, with its bytes' identity or with the failure to bring them here."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from schemas.document import DocumentInfo, DocumentStatus
from schemas.failures import Category, DocumentError, Failure, SourceChanged, SourceUnavailable
from schemas.ids import document_id
from schemas.part import Part
from schemas.plan import Action, Known, Planned, Touch
from schemas.source import Fetched, SourceRef
from schemas.stamps import content_mark, listed_mark
from transforms.fetch.validators import NotModified, Validators
from transforms.runtime.activity import activity
from transforms.runtime.guard import failure_of, guarded
from transforms.stores.uris import identity_uri, is_http, redact

STAGE = "fetch"
#: Types that a server may send instead of a document: a login page, a message.
_TEXTS = ("text/", "application/json", "application/xml", "application/xhtml+xml")
_PAGES = ("text/html", "application/xhtml+xml")


class OpenSource(Protocol):
    """Brings a source's bytes to this machine and keeps them there while it is open."""

    def __call__(self, ref: SourceRef, validators: Validators | None = None) -> AbstractContextManager[Fetched]:
        """Raises NotModified where the validators of an earlier fetch still hold and the bytes are not here."""
        ...


def fetched_part(planned: Planned, open_source: OpenSource, fingerprint: str) -> Part | None:
    """The part of one source: with its content hash and type, or with the failure to fetch it; None if not modified."""
    ref, known = planned.ref, planned.known
    # Only rows that are good and of today's options are worth a question: others need the bytes.
    well = known is not None and known.current and not known.retryable and not known.unread
    asks = well and planned.action is not Action.FORCED
    validators = Validators(known.etag, known.last_modified, known.stamp) if known is not None and asks else None

    def fetch() -> Fetched | None:
        try:
            with open_source(ref, validators) as fetched:
                return fetched
        except NotModified:
            return None

    attempts = known.attempts if known is not None and known.retryable else 0
    doc_id = document_id(identity_uri(ref.uri))
    replaces = known is not None and known.good
    with activity().at(STAGE):
        result: Fetched | Failure | None = ref.failure or guarded(STAGE, fetch)
    if isinstance(result, Failure):
        # The listing's stamp proves nothing: these bytes were never read.
        unread = msgspec.structs.replace(ref, stamp="")
        info = DocumentInfo(doc_id=doc_id, ref=unread, fingerprint=fingerprint, attempts=attempts)
        return Part(info=info, failure=result, replaces=replaces)
    if result is None:
        return None
    info = msgspec.structs.replace(document_info(result, fingerprint), attempts=attempts)
    return Part(info=info, replaces=replaces)


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

    A source that cannot be read, or answers with what is no document, leaves the rows alone that it has from an earlier
    run.
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
    if (doubt := doubt_about(part.info, known)) is not None:
        return failed(planned, msgspec.structs.replace(part, failure=failure_of(STAGE, doubt)), known)
    if planned.action is not Action.FORCED and is_unchanged(part.info, known):
        return news(part.ref, known, part.info.etag, part.info.last_modified)
    return part


def failed(planned: Planned, part: Part, known: Known) -> Part | Touch:
    """What becomes of a document whose source could not be read: good rows stay, unless the source is gone for sure."""
    failure = part.failure
    if failure is None or not known.good or (is_gone(planned.ref, failure) and not planned.keep):
        return part
    return Touch(doc_id=part.info.doc_id, ref=part.ref, failure=failure)


def is_gone(ref: SourceRef, failure: Failure) -> bool:
    """Whether a source says that the document is not there any more.

    What a listing found and a moment later is not there proves nothing: a disk may have dropped. The next listing will
    tell.
    """
    listed = ref.size is not None and not ref.manifest
    return failure.category is Category.NOT_FOUND and not failure.retryable and not listed


def is_unchanged(info: DocumentInfo, known: Known) -> bool:
    """Whether the output holds the rows of these bytes already, or they are in quarantine."""
    if content_mark(info.content_hash) != known.content:
        return False
    if known.quarantine:
        return True
    return known.current and (not known.retryable or known.status == DocumentStatus.STALE)


def doubt_about(info: DocumentInfo, known: Known) -> DocumentError | None:
    """Why fetched bytes are taken for no version of a document that has good rows; None when they are one."""
    shown = redact(info.ref.uri)
    if known.good and not info.size:
        return SourceUnavailable(
            f"{shown} is empty, where {known.media_type or 'a document'} was",
            hint="if it is meant to be empty, delete it, or take its rows away with `docbeam forget`",
        )
    if known.good and is_other_page(info, known):
        return SourceUnavailable(
            f"{shown}: the server sent {info.media_type} where {known.media_type} was; a login page, or a message",
            hint="open the URI in a browser; if the document is meant to be this now, `docbeam forget` it first",
        )
    if same_etag_other_content(info, known):
        return SourceChanged(f"{shown}: other content under the same ETag {info.etag}")
    return None


def is_other_page(info: DocumentInfo, known: Known) -> bool:
    """Whether a server that sent a PDF or the like now sends a text, or a page of HTML where any other text was.

    So do servers that want a password, or say "not found" with status 200.
    """
    if not known.media_type or not is_http(info.ref.uri):
        return False
    messages = _TEXTS if not known.media_type.startswith(_TEXTS) else _PAGES
    return info.media_type.startswith(messages) and not known.media_type.startswith(messages)


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
