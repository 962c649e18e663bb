"""Fetching one source: it becomes a part, with its bytes' identity or with the failure to bring them here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from schemas.document import DocumentInfo
from schemas.failures import Failure
from schemas.ids import document_id
from schemas.part import Part
from schemas.source import Fetched, SourceRef
from transforms.runtime.guard import guarded
from transforms.runtime.uris import identity_uri

STAGE = "fetch"
#: Brings a source's bytes to this machine and keeps them there while it is open.
OpenSource = Callable[[SourceRef], AbstractContextManager[Fetched]]


def fetched_part(ref: SourceRef, open_source: OpenSource, fingerprint: str) -> Part:
    """The part of one source: with its content hash and type, or with the failure to fetch it."""

    def fetch() -> Fetched:
        with open_source(ref) as fetched:
            return fetched

    info = DocumentInfo(doc_id=document_id(identity_uri(ref.uri)), ref=ref, fingerprint=fingerprint)
    result = guarded(STAGE, fetch)
    if isinstance(result, Failure):
        return Part(info=info, failure=result)
    return Part(info=document_info(result, fingerprint))


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


def is_unchanged(part: Part, known: Mapping[str, str]) -> bool:
    """Whether the output holds this very version. `known` maps document ids to content hashes ('' for unreadable).

    A source that still cannot be fetched for a reason that will not pass by itself is unchanged, too.
    """
    if part.failure is not None and part.failure.retryable:
        return False
    return known.get(part.info.doc_id) == part.info.content_hash
