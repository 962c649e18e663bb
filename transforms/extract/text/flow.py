"""What the extractors of text formats share: reading a file as text, and answering with pages of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from schemas.content import Block, DocumentMeta, ExtractedPage, Extraction, ExtractRequest, PageStatus
from schemas.failures import Corrupt
from transforms.extract.text.encoding import Decoded, decode


def read_text(path: Path, request: ExtractRequest) -> Decoded:
    """The file's text; Corrupt when it is empty or no text."""
    data = path.read_bytes()
    if not data:
        raise Corrupt("file is empty", hint="fetch or export the document again")
    return decode(data, request.charset)


def flow_page(number: int, blocks: list[Block]) -> ExtractedPage:
    """A page of blocks; EMPTY when there are none."""
    return ExtractedPage(number=number, blocks=blocks, status=PageStatus.DIGITAL if blocks else PageStatus.EMPTY)


def flow_extraction(
    pages: Sequence[ExtractedPage], request: ExtractRequest, engine: str, meta: DocumentMeta | None = None
) -> Extraction:
    """The pages inside the requested range, none when the range holds more than the request's bound."""
    last = request.last_page or len(pages)
    wanted = [page for page in pages if request.first_page <= page.number <= last]
    if request.max_pages and len(wanted) > request.max_pages:
        wanted = []
    return Extraction(page_count=len(pages), pages=wanted, meta=meta or DocumentMeta(), engine=engine)
