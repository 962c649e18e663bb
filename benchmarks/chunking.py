"""Milliseconds (of CPU time) per page of chunking, on synthetic documents.

python benchmarks/chunking.py --pages 200 --strategy structure
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator

from schemas.content import BlockType, Cell
from schemas.document import Document, DocumentInfo, DocumentStatus, Element
from schemas.options import ChunkOptions, Strategy
from schemas.source import SourceRef
from transforms.chunk.chunks import chunk_document
from transforms.chunk.vocabulary import encoding
from transforms.render.table import table_markdown

PAGE_CHARS = 2500
_SYLLABLES = ("ta", "ri", "on", "ver", "mer", "al", "in", "dus", "con", "pre", "sta", "tion", "ed", "ing", "ble", "er")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--strategy", choices=[*Strategy, "all"], default="all")
    parser.add_argument("--max-tokens", type=int, default=512)
    parser.add_argument("--overlap-tokens", type=int, default=0)
    parser.add_argument("--encoding", choices=["cl100k_base", "o200k_base"], default="cl100k_base")
    parser.add_argument("--repeat", type=int, default=3, help="best of this many runs")
    options = parser.parse_args()
    started = time.process_time()
    encoding(options.encoding)
    print(f"{options.encoding} built in {time.process_time() - started:.2f} s")
    document = synthetic_document(options.pages, random.Random(7))
    pages = sum(len(e.text) for e in document.elements) / PAGE_CHARS
    for strategy in Strategy if options.strategy == "all" else [Strategy(options.strategy)]:
        chunk_options = ChunkOptions(
            strategy=strategy,
            max_tokens=options.max_tokens,
            overlap_tokens=options.overlap_tokens,
            encoding=options.encoding,
        )
        best, chunks = best_run(document, chunk_options, options.repeat)
        fill = sum(c.tokens for c in chunks) / len(chunks) / options.max_tokens
        print(f"{strategy:10} {best * 1000 / pages:6.2f} ms/page {len(chunks):6} chunks {fill:5.0%} full")
    for name, text in hostile_texts().items():
        best, chunks = best_run(as_document([_element("paragraph", text)]), ChunkOptions(encoding=options.encoding), 1)
        print(f"{name:28} {best:6.2f} s {len(chunks):6} chunks")


def best_run(document: Document, options: ChunkOptions, repeat: int) -> tuple[float, list]:
    seconds = []
    for _ in range(repeat):
        started = time.process_time()
        chunks = chunk_document(document, options)
        seconds.append(time.process_time() - started)
    return min(seconds), chunks


def hostile_texts() -> dict[str, str]:
    return {
        "1 MB of one letter": "a" * 1_000_000,
        "1 MB without whitespace": "ab1-" * 250_000,
        "1 MB of ideographs": "漢" * 333_000,
        "1 MB of dots and blanks": ". " * 500_000,
        "1 MB, one sentence": "word " * 200_000,
        "1 MB of sentences": "One more of these. " * 52_600,
    }


def synthetic_document(pages: int, rng: random.Random) -> Document:
    """Sections of paragraphs, lists and now and then a table, about `PAGE_CHARS` characters a page."""
    return as_document([element for page in range(1, pages + 1) for element in _page(page, rng)])


def as_document(elements: list[Element]) -> Document:
    info = DocumentInfo(doc_id="benchmark", ref=SourceRef(uri="file:///benchmark", path="benchmark"))
    return Document(info=info, status=DocumentStatus.OK, elements=elements)


def _page(page: int, rng: random.Random) -> Iterator[Element]:
    chars = 0
    path: tuple[str, ...] = ()
    while chars < PAGE_CHARS:
        kind = rng.choices(["heading", "paragraph", "list_item", "table"], [1, 5, 3, 0.3])[0]
        if kind == "heading":
            text = " ".join(_words(rng, 4)).title()
            element = _element(kind, text, page=page, level=1, section_path=())
            path = (text,)
        elif kind == "table":
            cells = tuple(Cell(i, j, _words(rng, 2)[0], header=i == 0) for i in range(8) for j in range(4))
            element = _element(kind, table_markdown(cells), page=page, cells=cells, section_path=path)
        else:
            text = " ".join(_sentence(rng) for _ in range(rng.randint(1, 6)))
            element = _element(kind, text, page=page, section_path=path)
        chars += len(element.text)
        yield element


def _element(kind: str, text: str, page: int = 1, **fields: object) -> Element:
    return Element(element_id=f"{page}-{len(text)}", index=0, type=BlockType(kind), text=text, page=page, **fields)


def _sentence(rng: random.Random) -> str:
    return " ".join(_words(rng, rng.randint(6, 24))).capitalize() + "."


def _words(rng: random.Random, count: int) -> list[str]:
    common = ["the", "of", "and", "to", "in", "a", "is", "that", "for"]
    return [
        rng.choice(common) if rng.random() < 0.4 else "".join(rng.choices(_SYLLABLES, k=rng.randint(1, 3)))
        for _ in range(count)
    ]


if __name__ == "__main__":
    main()
