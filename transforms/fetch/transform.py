"""Fetching in the graph: sources become parts; what the output already holds is counted and dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import apache_beam as beam

from schemas.document import DocumentInfo
from schemas.failures import Failure
from schemas.ids import document_id
from schemas.part import Part
from schemas.source import Fetched, SourceRef
from transforms.runtime.counts import live_counts
from transforms.runtime.guard import guarded

STAGE = "fetch"
#: Brings a source's bytes to this machine and keeps them there while it is open.
OpenSource = Callable[[SourceRef], AbstractContextManager[Fetched]]


def fetched_part(ref: SourceRef, open_source: OpenSource, fingerprint: str) -> Part:
    """The part of one source: with its content hash and type, or with the failure to fetch it."""

    def fetch() -> Fetched:
        with open_source(ref) as fetched:
            return fetched

    info = DocumentInfo(doc_id=document_id(ref.uri), ref=ref, fingerprint=fingerprint)
    result = guarded(STAGE, fetch)
    if isinstance(result, Failure):
        return Part(info=info, failure=result)
    return Part(info=document_info(result, fingerprint))


def document_info(fetched: Fetched, fingerprint: str) -> DocumentInfo:
    """Identity and provenance of fetched bytes."""
    return DocumentInfo(
        doc_id=document_id(fetched.ref.uri),
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


class _Fetch(beam.DoFn):  # type: ignore[misc]
    def __init__(self, open_source: OpenSource, fingerprint: str, run_id: str) -> None:
        self._open, self._fingerprint, self._run_id = open_source, fingerprint, run_id
        self._unchanged = beam.metrics.Metrics.counter(STAGE, "unchanged")

    def setup(self) -> None:
        self._counts = live_counts(self._run_id)

    def process(self, ref: SourceRef, known: Mapping[str, str]) -> Iterable[Part]:
        part = fetched_part(ref, self._open, self._fingerprint)
        if is_unchanged(part, known):
            self._unchanged.inc()
            self._counts.add(documents=1, documents_unchanged=1)
            return []
        return [part]


@dataclass(frozen=True)
class FetchDocuments(beam.PTransform):  # type: ignore[misc]
    """Sources -> parts (fetched or failed) for all documents that are new, changed or worth another try.

    `known` is a side input: document id -> content hash of what the output holds under this fingerprint.
    """

    open_source: OpenSource
    known: beam.pvalue.AsDict
    fingerprint: str
    run_id: str

    def expand(self, sources: beam.PCollection[SourceRef]) -> beam.PCollection[Part]:
        """See the class."""
        return sources | beam.ParDo(_Fetch(self.open_source, self.fingerprint, self.run_id), self.known)
