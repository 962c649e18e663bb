"""One document without Beam: what `docbeam inspect` and library users call."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from beam_pipeline.checked import checked
from beam_pipeline.fingerprint import fingerprint, fingerprints
from beam_pipeline.graph.stages import fetcher_of
from schemas.addresses import fingerprinted
from schemas.content import Extraction
from schemas.document import Document, DocumentInfo
from schemas.options import Options
from schemas.source import Fetched, SourceRef
from transforms.assemble.document import assemble
from transforms.assemble.parts import needs_of, note
from transforms.chunk.parts import with_chunks
from transforms.extract.child import extract_ranges
from transforms.extract.ranges import parse_ranges
from transforms.fetch.parts import document_info
from transforms.ocr.parts import PagesToRead, read_page
from transforms.render.document_json import document_json
from transforms.render.markdown import document_markdown
from transforms.stores.uris import canonical_uri, entry_path


class ExtractedDocument(Document, kw_only=True):
    """A document with what `docbeam export` would write of it."""

    def to_markdown(self) -> str:
        """The running text; running heads, comments and hidden text are left out."""
        return document_markdown(self)

    def to_json(self, *, every_type: bool = False) -> str:
        """Identity, pages and elements in reading order; also what the Markdown leaves out with `every_type`."""
        return document_json(self, every_type=every_type).decode("utf-8")

    def to_dict(self, *, every_type: bool = False) -> dict[str, Any]:
        """What `to_json` writes, as Python values."""
        fields: dict[str, Any] = msgspec.json.decode(document_json(self, every_type=every_type))
        return fields


def extract_document(source: str | Path | bytes, options: Options | None = None) -> ExtractedDocument:
    """The elements and chunks of one document: a path, any URI that `ingest` takes, or its bytes.

    Parses in this process, without the cage: a file that crashes its parser crashes the caller.
    Raises DocumentError subclasses for a document that cannot be read.
    """
    options = checked(options or Options())
    version = fingerprint(options)
    with _located(source) as uri, fetcher_of(options).open(_reference(uri)) as fetched:
        ranges = parse_ranges(options.extract.page_range)
        extraction: Extraction = extract_ranges(Path(fetched.local_path), fetched.media_type, ranges)
        read_scans(extraction, fetched, options)
        document = structured(document_info(fetched, version), extraction, fetched.local_path, options)
    document = fingerprinted(with_chunks(document, options.chunk), fingerprints(options))
    return ExtractedDocument(**{field: getattr(document, field) for field in document.__struct_fields__})


def read_scans(extraction: Extraction, fetched: Fetched, options: Options) -> None:
    """Read the pages of the extraction that need OCR, in place."""
    wanted = PagesToRead(options.ocr)(extraction)
    extraction.scans = bool(wanted)
    if not wanted:
        return
    from transforms.ocr.settings import load_engine, ocr_settings

    engine = load_engine(ocr_settings(options))
    for at, page in enumerate(extraction.pages):
        if page.number in wanted:
            read = read_page(Path(fetched.local_path), fetched.media_type, options.ocr, page, lambda: engine)
            extraction.pages[at] = read.page
            extraction.failures += [read.failure] if read.failure else []


def structured(info: DocumentInfo, extraction: Extraction, path: str, options: Options) -> Document:
    """The assembled document, with the layout model's word on the pages that ask for it."""
    document = assemble(info, extraction)
    needs = needs_of(document, extraction, options.layout.mode)
    if not needs:
        return document
    # ONNX Runtime takes a while to import, and most documents do not need it.
    from transforms.layout.parts import see_pages
    from transforms.layout.settings import layout_settings, load_networks

    settings = layout_settings(options)
    for seen in see_pages(path, needs, dict(settings.requests), load_networks(settings)):
        note(extraction.pages, seen)
    document = assemble(info, extraction)
    document.seen = True
    return document


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
