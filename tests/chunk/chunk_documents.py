"""Documents for the chunking tests."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from hypothesis import strategies as st

from schemas.content import BlockType, Cell, Span
from schemas.document import Document, DocumentInfo, DocumentStatus, Element, PageSpan
from schemas.geometry import Box
from schemas.source import SourceRef
from transforms.render.table import table_markdown


def element(type_: BlockType | str, text: str = "", **fields) -> Element:
    return Element(element_id="", index=0, type=BlockType(type_), text=text, **{"page": 1, **fields})


def table(rows: Sequence[Sequence[str]], **fields) -> Element:
    cells = tuple(Cell(i, j, text, header=i == 0) for i, row in enumerate(rows) for j, text in enumerate(row))
    return element("table", table_markdown(cells), cells=cells, **fields)


def document(*elements: Element) -> Document:
    """A document with numbered elements and, as the assembly makes them, section paths."""
    path: list[tuple[int, str]] = []
    numbered = []
    for index, item in enumerate(elements):
        level = {BlockType.TITLE: 0, BlockType.HEADING: max(1, item.level)}.get(item.type)
        if level is not None:
            path = [entry for entry in path if entry[0] < level]
        section = tuple(text for _, text in path)
        if level is not None:
            path.append((level, item.text))
        numbered.append(msgspec.structs.replace(item, element_id=f"e{index}", index=index, section_path=section))
    info = DocumentInfo(doc_id="d", ref=SourceRef(uri="file:///d", path="d"), content_hash="c", fingerprint="f")
    return Document(info=info, status=DocumentStatus.OK, elements=numbered)


def spans(*parts: tuple[int, str], height: float = 10.0) -> tuple[PageSpan, ...]:
    return tuple(
        PageSpan(page, Span(text, Box(10, 20 * i, 10 + len(text), 20 * i + height)), i)
        for i, (page, text) in enumerate(parts)
    )


_WORDS = st.sampled_from(
    [
        "alpha",
        "Beta",
        "gamma,",
        "the",
        "of",
        "3.5",
        "Dr.",
        "e.g.",
        "ends.",
        "Why?",
        "x" * 90,
        "संस्कृत",
        "。",
        "漢字です。",
        "/",
    ]
)
_ODD = st.lists(
    st.sampled_from([*"aB .!?\n\t。é|-#/'\"«()", "👨‍👩‍👧", "e\u0301", "<|endoftext|>", "\u2028", "\n\n"]), max_size=60
).map("".join)
_PROSE = st.lists(_WORDS, min_size=1, max_size=80).map(" ".join)
TEXTS = st.one_of(_PROSE, _PROSE, _ODD, st.text(max_size=40))
_LEVELS = st.integers(0, 4)
_PAGES = st.integers(1, 3)


def _tables() -> st.SearchStrategy[Element]:
    cell = st.one_of(st.text(max_size=12), _PROSE)
    rows = st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(cell, min_size=n, max_size=n), min_size=1, max_size=6))
    return st.builds(table, rows, page=_PAGES)


def _plain() -> st.SearchStrategy[Element]:
    types = st.sampled_from([t for t in BlockType if t != BlockType.TABLE])
    marker = st.sampled_from(["", "-", "1.", "a)", "\u2022", "much too long a marker"])
    return st.builds(element, types, TEXTS, level=_LEVELS, page=_PAGES, marker=marker, spans=st.just(()))


@st.composite
def _spanned(draw: st.DrawFn) -> Element:
    parts = draw(st.lists(st.tuples(_PAGES, _PROSE), min_size=1, max_size=3))
    parts.sort()
    return element("paragraph", " ".join(text for _, text in parts), page=parts[0][0], spans=spans(*parts))


DOCUMENTS = st.lists(st.one_of(_plain(), _plain(), _tables(), _spanned()), max_size=12).map(lambda e: document(*e))
