"""Figures of exported documents as files: cut out of their pages, from the source that the tables were made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec

from beam_pipeline.cli.console import printable, tell
from beam_pipeline.cli.export_paths import ExportPaths
from beam_pipeline.cli.page_pictures import cut_pictures, has_pictures
from beam_pipeline.graph.stages import fetcher_of, pool_options
from schemas.content import BlockType
from schemas.document import Document, Element
from schemas.failures import DocumentError, SourceChanged
from schemas.options import ExtractOptions, Options
from transforms.fetch.fetcher import Fetcher
from transforms.sandbox.pool import ParserPool

#: Resolution of what is cut out.
DPI = 200
#: What the folder of a document's pictures is called after its path.
SUFFIX = ".pictures"
#: Documents without pictures that are told one by one.
_TOLD = 20


class Pictures:
    """Writes the pictures of documents, and tells which have none and why."""

    def __init__(self, fetcher: Fetcher, pool: ParserPool) -> None:
        self._fetcher, self._pool = fetcher, pool
        self.written = self.lacking = self.placeless = 0

    def write(self, document: Document, paths: ExportPaths, base: Path) -> dict[str, str]:
        """By id of a figure: where its picture is, as a URL relative to the files of the document."""
        figures = [element for element in document.elements if element.type is BlockType.FIGURE]
        placed = [element for element in figures if element.box is not None]
        if not has_pictures(document.info.media_type):
            self.placeless += len(figures)
            return {}
        try:
            return {item.element_id: self._save(item, png, paths, base) for item, png in self._cut(document, placed)}
        except DocumentError as error:
            self._tell_lack(document, error)
            return {}

    def _cut(self, document: Document, figures: list[Element]) -> list[tuple[Element, bytes]]:
        by_page: Mapping[int, list[Element]] = defaultdict(list)
        for element in figures:
            by_page[element.page].append(element)
        pages = {page.page: page for page in document.pages if page.width > 0 and page.height > 0}
        info, found = document.info, list[tuple[Element, bytes]]()
        if not figures:
            return found
        # Its content decides, not its time.
        with self._fetcher.open(msgspec.structs.replace(info.ref, stamp="", size=None)) as fetched:
            if fetched.sha256 != info.content_hash:
                raise SourceChanged("the source changed since its rows were made", hint="ingest again, then export")
            for page in filter(pages.__contains__, by_page):
                boxes = [element.box for element in by_page[page] if element.box is not None]
                task = (fetched.local_path, info.media_type, pages[page], boxes, DPI)
                try:
                    found += zip(by_page[page], self._pool.call(cut_pictures, *task), strict=True)
                except DocumentError as error:
                    # The other pages have theirs.
                    self._tell_lack(document, error)
        return found

    def _save(self, figure: Element, png: bytes, paths: ExportPaths, base: Path) -> str:
        name = f"page-{figure.page:04}-element-{figure.index:05}.png"
        target = base.with_name(base.name + SUFFIX) / name
        paths.prepare(target)
        target.write_bytes(png)
        self.written += 1
        return quote(f"{target.parent.name}/{name}")

    def _tell_lack(self, document: Document, error: DocumentError) -> None:
        self.lacking += 1
        if self.lacking <= _TOLD:
            hint = f"; {error.hint}" if error.hint else ""
            tell(f"no pictures of {printable(document.info.ref.uri)}: {printable(error.message + hint)}")

    def summary(self) -> str:
        """What came of it, for the last line."""
        parts = [f"{self.written} pictures"]
        if self.lacking:
            parts.append(f"{self.lacking} documents without theirs")
        if self.placeless:
            parts.append(f"{self.placeless} figures without a place on a page (DOCX, HTML, Markdown) left out")
        return ", ".join(parts)


@contextmanager
def pictures() -> Iterator[Pictures]:
    """Sources are fetched as in a run, and drawn in one parser process."""
    with ExitStack() as stack:
        pool = ParserPool(pool_options(ExtractOptions(workers=1)))
        stack.callback(pool.close)
        yield Pictures(fetcher_of(Options()), pool)
