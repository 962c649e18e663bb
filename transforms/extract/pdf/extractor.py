"""PDF documents through MuPDF: text spans, vectors, images, links, outline and metadata of each page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pymupdf

from schemas.content import (
    DocumentMeta,
    ExtractedPage,
    Extraction,
    ExtractRequest,
    OutlineEntry,
    PageStatus,
)
from schemas.failures import Category, Corrupt, Encrypted, Failure
from transforms.extract.pdf.damage import mend_page_tree, note_damage
from transforms.extract.pdf.page import MUPDF_ERRORS, PageContent, read_page
from transforms.runtime.activity import activity

#: Outlines beyond this many entries are cut: some files hold one per word.
MAX_OUTLINE = 20_000
#: A failure's message quotes at most this much of what MuPDF said.
MAX_QUOTE = 300
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)|([+-])(\d\d)'?(\d\d)?)?")
_PROPERTIES = ("subject", "keywords", "creator", "producer", "format")


class PdfExtractor:
    """Reads application/pdf. Boxes are in the page as shown: rotation is applied, the origin is top-left."""

    name = "pdf"
    media_types = frozenset({"application/pdf"})
    extensions = frozenset({".pdf"})

    def extract(self, path: Path, request: ExtractRequest) -> Extraction:
        """The pages of the requested range; a page that cannot be read becomes a failure, not an exception."""
        # MuPDF reports to stderr by default; what matters reaches the caller as a Failure.
        pymupdf.TOOLS.mupdf_display_errors(False)
        pymupdf.TOOLS.mupdf_display_warnings(False)
        with closing(open_pdf(path)) as document:
            found = mend_page_tree(document)
            extraction = Extraction(
                page_count=document.page_count,
                meta=document_meta(document),
                outline=document_outline(document),
                engine=f"pymupdf {pymupdf.VersionBind}",
            )
            first, last = page_range(request, extraction.page_count)
            if not request.max_pages or last - first + 1 <= request.max_pages:
                for content in _read_pages(document, first, last):
                    extraction.pages.append(content.page)
                    extraction.failures.extend(content.failures)
            # Last: MuPDF repairs when it meets the damage.
            note_damage(extraction, document, path, found)
        return extraction


def open_pdf(path: Path) -> pymupdf.Document:
    """The open document with at least one page. MuPDF repairs damaged files as it opens them."""
    try:
        document = pymupdf.open(path, filetype="pdf")
        locked, count = document.needs_pass, 0
        if not locked:
            count = document.page_count
    except MUPDF_ERRORS as error:
        raise Corrupt(f"MuPDF cannot open the file as PDF: {error}") from error
    if locked:
        document.close()
        raise Encrypted("the PDF opens only with a password")
    if count < 1:
        document.close()
        raise Corrupt("the PDF has no pages")
    return document


def page_range(request: ExtractRequest, page_count: int) -> tuple[int, int]:
    """First and last page (1-based, inclusive) of the request within the document."""
    return max(1, request.first_page), min(request.last_page or page_count, page_count)


def _read_pages(document: pymupdf.Document, first: int, last: int) -> Iterator[PageContent]:
    for number in range(first, last + 1):
        pymupdf.TOOLS.reset_mupdf_warnings()
        try:
            yield read_page(document[number - 1], number)
        except (*MUPDF_ERRORS, IndexError) as error:
            message = f"MuPDF cannot read the page: {str(error)[:MAX_QUOTE]}"
            failure = Failure(
                stage="extract", category=Category.CORRUPT, message=message, page=number, hint=Corrupt.default_hint
            )
            yield PageContent(ExtractedPage(number=number, status=PageStatus.FAILED), (failure,))
        activity().reach(number - first + 1, last - first + 1)


def document_meta(document: pymupdf.Document) -> DocumentMeta:
    """What the file's information dictionary and catalogue say."""
    try:
        raw = {key: _clean(value) for key, value in (document.metadata or {}).items() if value}
        language = document.language or ""
    except MUPDF_ERRORS:
        return DocumentMeta()
    return DocumentMeta(
        title=raw.get("title", ""),
        author=raw.get("author", ""),
        language=_clean(language),
        created=iso_date(raw.get("creationDate", "")),
        modified=iso_date(raw.get("modDate", "")),
        properties={key: raw[key] for key in _PROPERTIES if raw.get(key)},
    )


def _clean(text: str) -> str:
    """Printable text; file metadata may hold lone surrogates and controls."""
    return "".join(c for c in text.encode("utf-8", "replace").decode() if c.isprintable()).strip()


def iso_date(text: str) -> str:
    """A PDF date (D:20190331120000+02'00') as ISO 8601, as far as it is given; '' when it is none."""
    match = _DATE.match(text.strip())
    if match is None:
        return ""
    year, month, day, hour, minute, second, utc, sign, zone_hours, zone_minutes = match.groups()
    date = "-".join(part for part in (year, month, day) if part)
    if not (hour and minute and day):
        return date
    zone = "+00:00" if utc else f"{sign}{zone_hours}:{zone_minutes or '00'}" if sign else ""
    return f"{date}T{hour}:{minute}:{second or '00'}{zone}"


def document_outline(document: pymupdf.Document) -> list[OutlineEntry]:
    """The bookmarks in document order; empty when there are none or they are damaged."""
    try:
        entries = document.get_toc(simple=True)[:MAX_OUTLINE]
    except (*MUPDF_ERRORS, IndexError, KeyError, TypeError):
        return []
    return [OutlineEntry(level, _clean(title), max(0, page)) for level, title, page in entries if _clean(title)]
