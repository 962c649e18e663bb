"""Whatever stands on a page: it is assembled, and nothing that was read is lost."""

from __future__ import annotations

import importlib
from collections import Counter

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas.content import BlockType, ExtractedPage, Extraction, Line, Region, Span
from schemas.document import Document, DocumentInfo, DocumentStatus
from schemas.failures import Category, ConfigurationError, OutputError
from schemas.geometry import Box
from schemas.options import ChunkOptions, Strategy
from schemas.source import SourceRef
from tests.assemble.hostile import HEIGHT, WIDTH, extraction
from transforms.assemble.document import assemble
from transforms.assemble.parts import needs_of
from transforms.assemble.text import normalise
from transforms.chunk import chunks
from transforms.chunk.parts import with_chunks
from transforms.runtime.guard import attempt

INFO = DocumentInfo(doc_id="d", ref=SourceRef(uri="file:///a.pdf", path="a.pdf"), media_type="application/pdf")
#: Seeds do not shrink.
_QUICK = settings(max_examples=300, phases=(Phase.explicit, Phase.reuse, Phase.generate))
_SEEDS = st.integers(0, 2**62)


def made(read: Extraction) -> Document:
    document = assemble(INFO, read)
    needs_of(document, read, "auto")
    return with_chunks(document, ChunkOptions(include_types=("hidden", "page_header", "page_footer")))


def check(read: Extraction) -> None:
    document = made(read)
    assert [f"{failure.message}\n{failure.traceback}" for failure in document.failures] == []
    assert [page.page for page in document.pages] == [page.number for page in read.pages]
    # The header of a table that goes on over pages stands once.
    if not any(cell.page for element in document.elements for cell in element.cells):
        assert not letters(read) - kept(document)


def letters(read: Extraction) -> Counter[str]:
    text = "".join(span.text for page in read.pages for line in page.lines for span in line.spans)
    return Counter(filter(str.isalpha, normalise(text)))


def kept(document: Document) -> Counter[str]:
    return Counter(filter(str.isalpha, normalise("".join(f"{e.marker}{e.text}" for e in document.elements))))


@_QUICK
@given(_SEEDS)
def test_no_page_raises_or_loses_a_letter(seed: int) -> None:
    check(extraction(seed))


@pytest.mark.slow
@settings(_QUICK, max_examples=10_000)
@given(_SEEDS)
def test_none_of_ten_thousand_pages_raises_or_loses_a_letter(seed: int) -> None:
    check(extraction(seed))


def plain_page(number: int, *texts: str) -> ExtractedPage:
    boxes = [Box(72, 100.0 + 14 * row, 400, 110.0 + 14 * row) for row in range(len(texts))]
    lines = [Line((Span(text, box, "Serif", 10.0),), box) for text, box in zip(texts, boxes, strict=True)]
    region = Region(BlockType.TABLE, Box(0, 0, WIDTH, HEIGHT), 0.97, (120.0,), (200.0,))
    return ExtractedPage(number=number, width=WIDTH, height=HEIGHT, lines=lines, regions=[region])


STEPS = {
    "geometry.page.weighed_tables": 2,
    "geometry.page.find_tables": 0,
    "geometry.page.drawings": 2,
    "geometry.drafts.reading_order": 2,
    "geometry.drafts.split_column": 2,
    "geometry.drafts.find_furniture": 0,
    "geometry.drafts.type_blocks": 0,
    "document.join_continued_tables": 0,
    "document.bind_captions": 0,
    "document.resolve_references": 0,
    "evidence.needs.page_needs": 0,
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_raises_costs_what_it_would_have_added(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, _, name = step.rpartition(".")
    whole = importlib.import_module(f"transforms.assemble.{module}")
    right = getattr(whole, name)

    def wrong(*given: object, **named: object) -> object:
        if any("page 2" in repr(value) for value in given) or STEPS[step] == 0:
            raise ValueError("no such thing")
        return right(*given, **named)

    monkeypatch.setattr(whole, name, wrong)
    read = Extraction(
        page_count=2, pages=[plain_page(1, "Of page 1.", "One two."), plain_page(2, "Of page 2.", "Three.")]
    )
    if name == "find_tables":
        read.pages = [msgspec.structs.replace(page, regions=[]) for page in read.pages]
    document = made(read)
    assert document.status is DocumentStatus.PARTIAL
    assert {f.page for f in document.failures} <= {STEPS[step], *({1, 2} if name == "find_tables" else ())}
    for failure in document.failures:
        assert (failure.category, failure.stage) == (Category.PARTIAL, "assemble")
        assert "ValueError: no such thing" in failure.message and "in wrong" in failure.traceback
    assert document.failures
    assert not letters(read) - kept(document)
    assert [page.page for page in document.pages] == [1, 2]


def test_chunks_that_cannot_follow_the_structure_are_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*given: object) -> object:
        raise ValueError("no such thing")

    monkeypatch.setattr(chunks, "_METHODS", {**chunks._METHODS, Strategy.STRUCTURE: chunks._Method(wrong)})
    document = made(Extraction(page_count=1, pages=[plain_page(1, "Of page 1.", "One two.")]))
    assert [(f.stage, f.category, f.page) for f in document.failures] == [("chunk", Category.PARTIAL, 0)]
    assert document.status is DocumentStatus.PARTIAL
    assert "One two." in document.chunks[0].text


@pytest.mark.parametrize("error", [ConfigurationError("wrong"), OutputError("full"), MemoryError()])
def test_what_stops_the_run_and_a_lack_of_memory_are_no_setbacks(error: Exception) -> None:
    def wrong() -> None:
        raise error

    with pytest.raises(type(error)):
        attempt(wrong, lambda _: None)
