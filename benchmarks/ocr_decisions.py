"""Which pages of a corpus would be read by OCR, and why.

    python benchmarks/ocr_decisions.py CORPUS [--png FOLDER]

Prints one row per page that `--ocr auto` nominates: document, page, what becomes of it (read, blank, picture), score
and reason; then how many pages were looked at. With --png every nominated page is drawn, to be judged by eye.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from schemas.content import Extraction, ExtractRequest
from schemas.failures import DocumentError
from schemas.options import OcrOptions
from transforms.extract.pdf.extractor import PdfExtractor
from transforms.extract.pdf.render import render_page
from transforms.ocr.decision import Decision
from transforms.ocr.images.render import PDF, needs_of, page_images


class Row(NamedTuple):
    """One nominated page."""

    path: Path
    decision: Decision
    outcome: str


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--png", type=Path, help="folder for drawings of the nominated pages")
    parser.add_argument("--last-page", type=int, default=60, help="look at so many pages of each document")
    arguments = parser.parse_args()
    outcomes = Counter[str]()
    for path in sorted(arguments.corpus.rglob("*.pdf")):
        extraction = _extraction(path, arguments.last_page)
        outcomes["pages"] += len(extraction.pages)
        for row in nominated(path, extraction):
            outcomes[row.outcome] += 1
            name = path.relative_to(arguments.corpus)
            page = row.decision.page
            print(f"{row.outcome:8} {row.decision.score:.2f} {name} p{page}: {row.decision.reason}")
            if arguments.png:
                target = arguments.png / f"{row.outcome}_{path.stem}_{page}.png"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(render_page(path, page, 50))
    print(", ".join(f"{count} {name}" for name, count in outcomes.most_common()))


def _extraction(path: Path, last_page: int) -> Extraction:
    try:
        return PdfExtractor().extract(path, ExtractRequest(last_page=last_page))
    except DocumentError:
        return Extraction(page_count=0)


def nominated(path: Path, extraction: Extraction) -> Iterator[Row]:
    """The pages that OCR would be asked about, with what a look at their pixels says."""
    pages = {page.number: page for page in extraction.pages}
    options = OcrOptions()
    for decision in needs_of(extraction, options):
        try:
            images = page_images(path, PDF, [(pages[decision.page], decision)], options)[0]
        except DocumentError as error:
            yield Row(path, decision, type(error).__name__.lower())
            continue
        yield Row(path, decision, "read" if images else "picture" if decision.verify else "blank")


if __name__ == "__main__":
    main()
