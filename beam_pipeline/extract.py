"""One document without Beam: what `docbeam inspect` and library users call."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beam_pipeline.fingerprint import fingerprint
from schemas.content import Extraction
from schemas.document import Document
from schemas.options import Options
from schemas.source import SourceRef
from transforms.assemble.document import assemble
from transforms.chunk.chunks import chunk_document
from transforms.extract.pages import parse_ranges
from transforms.extract.task import extract_ranges
from transforms.fetch.fetcher import Fetcher
from transforms.fetch.parts import document_info
from transforms.runtime.stores import LocalStore
from transforms.runtime.uris import canonical_uri, entry_path, is_local


def extract_document(source: str | Path | bytes, options: Options | None = None) -> Document:
    """The elements and chunks of one document: a path, any URI that `ingest` takes, or its bytes.

    Parses in this process, without the cage: a file that crashes its parser crashes the caller.
    Raises DocumentError subclasses for a document that cannot be read.
    """
    options = options or Options()
    version = fingerprint(options)
    with _located(source) as uri, _fetcher(options, uri).open(_reference(uri)) as fetched:
        ranges = parse_ranges(options.extract.page_range)
        extraction: Extraction = extract_ranges(Path(fetched.local_path), fetched.media_type, ranges)
        document = assemble(document_info(fetched, version), extraction)
    document.chunks = chunk_document(document, options.chunk)
    return document


def _fetcher(options: Options, uri: str) -> Fetcher:
    if is_local(uri):
        return Fetcher(options.fetch, LocalStore())
    # Beam takes seconds to import; only object stores need it.
    from transforms.runtime.beam_stores import BeamStore

    return Fetcher(options.fetch, BeamStore())


def _reference(uri: str) -> SourceRef:
    return SourceRef(uri=canonical_uri(uri), path=entry_path(uri).rpartition("/")[2])


@contextmanager
def _located(source: str | Path | bytes) -> Iterator[str]:
    if not isinstance(source, bytes):
        yield str(source)
        return
    with tempfile.NamedTemporaryFile(prefix="docbeam-") as file:
        file.write(source)
        file.flush()
        yield file.name
