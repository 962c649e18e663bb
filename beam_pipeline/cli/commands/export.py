"""`docbeam export`: documents of an output as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from beam_pipeline.cli.console import printable, tell
from beam_pipeline.cli.export_paths import ExportPaths
from beam_pipeline.cli.flags import with_options
from beam_pipeline.cli.pictures import SUFFIX, pictures
from beam_pipeline.units import many
from schemas.document import Document, DocumentStatus, Page
from schemas.failures import OutputError
from transforms.lake.documents import read_documents
from transforms.lake.snapshot import snapshot
from transforms.render.document_json import document_json
from transforms.render.html import document_html
from transforms.render.markdown import document_markdown

#: A document, and where the pictures of its figures are.
Render = Callable[[Document, Mapping[str, str]], Iterator[bytes]]


class Form(NamedTuple):
    """What is written."""

    markdown: Annotated[bool, typer.Option("--markdown", help="Write PATH.md.")] = False
    as_json: Annotated[bool, typer.Option("--json", help="Write PATH.json: elements in reading order.")] = False
    html: Annotated[bool, typer.Option("--html", help="Write PATH.html: elements and their boxes.")] = False
    every_type: Annotated[
        bool, typer.Option("--all", help="JSON also holds running heads, comments and hidden text.")
    ] = False
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Read the sources again, and write figures to PATH.pictures/.")
    ] = False


@with_options()
def export(
    output: Annotated[str, typer.Argument(help="Directory or URI of an output.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to; created when missing.")],
    form: Form,
) -> None:
    """Write each document of an output as DIR/PATH.md and DIR/PATH.json, PATH below the ingested root.

    Without --markdown, --json and --html: Markdown and JSON. Failed documents are left out. With --pictures the files
    name the pictures of figures on PDF pages and in image files; a source that is gone or has changed gives none, which
    is told.

    Examples:

        docbeam export tables texts

        docbeam export tables texts --json --all

        docbeam export tables review --html

        docbeam export tables texts --markdown --pictures
    """

    found, paths, renders = snapshot(output), ExportPaths(folder), _renders(form)
    suffixes = (*renders, SUFFIX) if form.pictures else tuple(renders)
    written = failed = 0
    with pictures() if form.pictures else nullcontext() as album:
        for document in read_documents(output, found.open):
            if document.status in (DocumentStatus.FAILED, DocumentStatus.UNSUPPORTED):
                failed += 1
                continue
            base = paths.base(document.info.ref.path, document.info.doc_id, suffixes)
            with _write_errors():
                _write(document, paths, base, renders, album.write(document, paths, base) if album else {})
            written += 1
    left_out = f", {failed} failed or unsupported left out" * bool(failed)
    tell(f"{many(written, 'document')} written to {printable(str(folder))}{left_out}")
    if album:
        tell(album.summary())


def _renders(form: Form) -> dict[str, Render]:

    default = not (form.markdown or form.as_json or form.html)
    renders: dict[str, Render] = {}
    if form.markdown or default:
        renders[".md"] = lambda document, shown: iter([document_markdown(document, shown).encode("utf-8")])
    if form.as_json or default:
        renders[".json"] = lambda document, shown: iter(
            [document_json(document, every_type=form.every_type, pictures=shown)]
        )
    if form.html:
        renders[".html"] = lambda document, shown: (
            piece.encode("utf-8") for piece in document_html(document, _no_image, pictures=shown)
        )
    return renders


def _no_image(_page: Page) -> str:
    """Tables hold no page images, and the source may be out of reach."""
    return ""


def _write(
    document: Document, paths: ExportPaths, base: Path, renders: dict[str, Render], shown: Mapping[str, str]
) -> None:
    for suffix, render in renders.items():
        target = base.with_name(base.name + suffix)
        paths.prepare(target)
        with target.open("wb") as stream:
            stream.writelines(render(document, shown))


@contextmanager
def _write_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {error.filename or 'a file'}: {error.strerror}; choose another DIR") from error
