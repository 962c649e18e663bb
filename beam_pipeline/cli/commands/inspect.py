"""`docbeam inspect`: what one file becomes, without writing tables."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import quote

import typer

from beam_pipeline.cli.console import emit, fitted, printable, shorten, tell
from beam_pipeline.cli.exit_codes import FAILED
from beam_pipeline.cli.flags import with_options
from beam_pipeline.cli.page_pictures import has_pictures, page_picture
from beam_pipeline.config import Resolved
from beam_pipeline.extract import extract_document
from schemas.content import BlockType
from schemas.document import Document, DocumentStatus, Page
from schemas.failures import ConfigurationError, DocumentError, OutputError
from schemas.options import ExtractOptions, Options
from transforms.render.document_json import document_json
from transforms.render.html import PageImage, document_html
from transforms.render.markdown import document_markdown
from transforms.render.table import table_shape
from transforms.render.tree import section_tree, tree_lines
from transforms.sandbox.pool import ParserPool, PoolOptions

_DPI = 110
#: How `transforms.render.html` begins.
_PAGE_START = b'<!doctype html>\n<html><head><meta charset="utf-8">'
#: Documents with more pages have their pictures in a folder beside the HTML, where a browser loads those in view.
_PAGES_INSIDE = 20
#: Lines of each list in the summary.
_SHOWN = 30
_HEADINGS = (BlockType.TITLE, BlockType.HEADING)


class Form(NamedTuple):
    """What is shown, and how."""

    markdown: Annotated[bool, typer.Option("--markdown", help="Print the document as Markdown.")] = False
    as_json: Annotated[bool, typer.Option("--json", help="Print all elements as JSON.")] = False
    html: Annotated[
        Path | None, typer.Option("--html", metavar="OUT.html", help="Write page images with boxes and elements.")
    ] = None
    chunks: Annotated[bool, typer.Option("--chunks", help="With --html: draw the chunks, too.")] = False
    tree: Annotated[bool, typer.Option("--tree", help="Print the sections, nested, and what they hold.")] = False


@with_options(
    "extract.page_range",
    "extract.document_timeout",
    "extract.memory_limit",
    "ocr.mode",
    "ocr.engine",
    "ocr.languages",
    "layout.mode",
    "layout.model",
    "chunk.strategy",
    "chunk.max_tokens",
    "chunk.overlap_tokens",
    "chunk.include_types",
    "run.device",
    "run.precision",
)
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A local document.")], resolved: Resolved, form: Form
) -> None:
    """Show what one file becomes: pages, elements, tables, hidden text, headings and failures.

    The HTML shows PDF pages and the frames of image files. Of documents with more than 20 pages the images are in a
    folder beside it: OUT.pages.

    Examples:

        docbeam inspect report.pdf

        docbeam inspect report.pdf --page-range 1-3 --markdown

        docbeam inspect report.pdf --tree

        docbeam inspect report.pdf --html review.html --chunks --max-tokens 256
    """
    if form.markdown + form.as_json + form.tree + (form.html is not None) > 1:
        raise ConfigurationError("--markdown, --json, --tree and --html exclude each other; give one")
    if form.chunks and form.html is None:
        raise ConfigurationError("--chunks draws on the pages of --html OUT.html: give that, too")
    if not file.is_file():
        raise ConfigurationError(f"no such file: {file}")
    page = form.html
    if page and page.is_file() and (page.samefile(file) or not _is_page(page)):
        raise ConfigurationError(f"{page} is there and is no page of inspect: give --html another name")
    with _cage(resolved.options.extract) as pool:
        document = _extract(file, resolved.options, pool)
        if form.html:
            _write_html(document, form.html, _page_images(document, file, form.html, pool), chunks=form.chunks)
        else:
            emit(_shown(document, form))
    if document.status is DocumentStatus.FAILED:
        if form.markdown or form.html or form.tree:
            tell("\n".join(_failures(document)))
        raise typer.Exit(FAILED)


@contextmanager
def _cage(options: ExtractOptions) -> Iterator[ParserPool]:
    """One parser process: the file may crash, hang or blow up whatever parses or draws it."""
    pool = ParserPool(
        PoolOptions(
            workers=1,
            memory_limit=options.memory_limit,
            timeout=options.document_timeout,
            recycle_after=options.recycle_after,
        )
    )
    try:
        yield pool
    finally:
        pool.close()


def _extract(file: Path, options: Options, pool: ParserPool) -> Document:

    try:
        return pool.call(extract_document, file.absolute(), options)
    except DocumentError as error:
        raise type(error)(f"{file}: {error.message}", hint=error.hint, page=error.page) from error


def _shown(document: Document, form: Form) -> str:
    if form.markdown:
        return document_markdown(document).rstrip("\n")
    if form.as_json:
        return document_json(document, every_type=True).decode("utf-8")
    if form.tree:
        return "\n".join(map(printable, tree_lines(section_tree(document.elements))))
    return "\n".join(summary(document))


def summary(document: Document) -> Iterator[str]:
    """The document in lines for a person."""
    info = document.info
    claim = f", but its name claims {info.declared_type}" if info.type_mismatch else ""
    yield f"{printable(info.ref.path or info.ref.uri)}: {info.media_type}{claim}, {info.size} bytes"
    noted = f"; {', '.join(document.notes)}" if document.notes else ""
    yield f"status    {document.status}, read by {document.engine or 'nothing'}{noted}"
    pages = Counter(page.status.value for page in document.pages)
    yield f"pages     {document.page_count}: {_counts(pages)}"
    yield f"elements  {len(document.elements)}: {_counts(Counter(e.type.value for e in document.elements))}"
    yield f"chunks    {len(document.chunks)}{_left_out(document)}"
    yield from _listed("tables", list(_tables(document)))
    yield from _listed("hidden text", list(_hidden(document)))
    yield from _listed("headings", list(_outline(document)))
    yield from _listed("failures", list(_failures(document)))


def _left_out(document: Document) -> str:
    """Elements with text that no chunk holds, by type."""
    held = {source.element_id for chunk in document.chunks for source in chunk.sources}
    left = Counter(e.type.value for e in document.elements if e.text.strip() and e.element_id not in held)
    return f", without {_counts(left)} (see --include-type of ingest)" if left else ""


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "none"


def _listed(name: str, lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"{name} ({len(lines)})"
    yield from (f"  {line}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"  and {len(lines) - _SHOWN} more"


def _tables(document: Document) -> Iterator[str]:

    for element in document.elements:
        if element.type is BlockType.TABLE:
            rows, columns = table_shape(element.cells)
            yield f"page {element.page}: {rows} x {columns}"


def _hidden(document: Document) -> Iterator[str]:
    for element in document.elements:
        if element.type is BlockType.HIDDEN:
            reasons = {part.span.hidden for part in element.spans if part.span.hidden}
            why = f" ({shorten(', '.join(sorted(reasons)), 40)})" if reasons else ""
            yield f"page {element.page}{why}: {fitted(element.text, 14 + len(why))}"


def _outline(document: Document) -> Iterator[str]:
    for element in document.elements:
        if element.type in _HEADINGS:
            indent = "  " * max(0, element.level - 1)
            yield f"{indent}{fitted(element.text, 16 + len(indent))}  (page {element.page})"


def _failures(document: Document) -> Iterator[str]:
    for failure in document.failures:
        where = f"page {failure.page}: " if failure.page else ""
        hint = f"; {failure.hint}" if failure.hint else ""
        yield f"{where}{failure.category}: {' '.join(printable(failure.message + hint).split())}"


def _is_page(file: Path) -> bool:
    """Whether it begins as the pages do that we write: nothing else is written over, least of all the document."""
    with file.open("rb") as stream:
        return stream.read(len(_PAGE_START)) in (_PAGE_START, b"")


def _write_html(document: Document, target: Path, image: PageImage, *, chunks: bool) -> None:

    try:
        with target.open("w", encoding="utf-8") as stream:
            stream.writelines(document_html(document, image, chunks=chunks))
    except OSError as error:
        raise OutputError(f"cannot write {error.filename or target}: {error.strerror}") from error
    tell(f"written to {printable(str(target))}")


def _page_images(document: Document, file: Path, target: Path, pool: ParserPool) -> PageImage:

    kind = document.info.media_type
    folder = target.with_suffix(".pages")

    def image(page: Page) -> str:
        if not has_pictures(kind) or not page.width or not page.height:
            return ""
        try:
            png = pool.call(page_picture, str(file), kind, page, _DPI)
        except DocumentError as error:
            tell(f"page {page.page} has no image: {printable(error.message)}")
            return ""
        if len(document.pages) <= _PAGES_INSIDE:
            return f"data:image/png;base64,{b64encode(png).decode('ascii')}"
        name = f"page-{page.page:04}.png"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(png)
        return f"{quote(folder.name)}/{name}"

    return image
