"""`docbeam export`: documents of an output as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from beam_pipeline.cli_console import printable, tell
from beam_pipeline.cli_options import with_options
from beam_pipeline.export_paths import ExportPaths
from schemas.document import Document, DocumentStatus, Page
from schemas.failures import OutputError

Render = Callable[[Document], Iterator[bytes]]


@with_options()
def export(
    output: Annotated[str, typer.Argument(help="Directory or URI of an output.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to; created when missing.")],
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write PATH.md.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write PATH.json: elements in reading order.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Write PATH.html: boxes and elements, without images.")] = False,
    every_type: Annotated[
        bool, typer.Option("--all", help="JSON also holds running heads, comments and hidden text.")
    ] = False,
) -> None:
    """Write each document of an output as DIR/PATH.md and DIR/PATH.json, PATH below the ingested root.

    Without --markdown, --json and --html: Markdown and JSON. Failed documents are left out.

    Examples:

        docbeam export tables texts

        docbeam export tables texts --json --all

        docbeam export tables review --html
    """
    from transforms.write.documents import read_documents
    from transforms.write.snapshot import snapshot

    default = not (markdown or as_json or html)
    renders = _renders(markdown=markdown or default, as_json=as_json or default, html=html, every_type=every_type)
    paths = ExportPaths(folder)
    written = failed = 0
    for document in read_documents(output, snapshot(output).open):
        if document.status in (DocumentStatus.FAILED, DocumentStatus.UNSUPPORTED):
            failed += 1
            continue
        _write(document, paths, renders)
        written += 1
    tell(
        f"{written} documents written to {printable(str(folder))}" + (f", {failed} failed ones left out" * bool(failed))
    )


def _renders(*, markdown: bool, as_json: bool, html: bool, every_type: bool) -> dict[str, Render]:
    from transforms.render.document_json import document_json
    from transforms.render.html import document_html
    from transforms.render.markdown import document_markdown

    renders: dict[str, Render] = {}
    if markdown:
        renders[".md"] = lambda document: iter([document_markdown(document).encode("utf-8")])
    if as_json:
        renders[".json"] = lambda document: iter([document_json(document, every_type=every_type)])
    if html:
        renders[".html"] = lambda document: (piece.encode("utf-8") for piece in document_html(document, _no_image))
    return renders


def _no_image(_page: Page) -> str:
    """Tables hold no page images, and the source may be out of reach."""
    return ""


def _write(document: Document, paths: ExportPaths, renders: dict[str, Render]) -> None:
    info = document.info
    base = paths.base(info.ref.path, info.doc_id, tuple(renders))
    for suffix, render in renders.items():
        target = base.with_name(base.name + suffix)
        try:
            paths.prepare(target)
            with target.open("wb") as stream:
                stream.writelines(render(document))
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror}; choose another DIR") from error
