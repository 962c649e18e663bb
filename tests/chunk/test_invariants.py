import hashlib
import re

import msgspec
import pytest
from chunk_documents import DOCUMENTS, document, element
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.content import BlockType
from schemas.document import Chunk, Document
from schemas.options import ChunkOptions, Strategy
from transforms.chunk.chunks import chunk_document
from transforms.chunk.running import chosen_elements
from transforms.chunk.vocabulary import tokenizer

OPTIONAL = ("hidden", "page_header", "page_footer", "footnote", "comment")
OPTIONS = st.builds(
    ChunkOptions,
    max_tokens=st.sampled_from([16, 24, 60, 512]),
    overlap_tokens=st.sampled_from([0, 0, 4, 8]),
    encoding=st.sampled_from(["cl100k_base", "o200k_base"]),
    include_types=st.sampled_from([(), ("footnote",), OPTIONAL]),
)


def check_sources(document: Document, chunk: Chunk) -> None:
    texts = {e.element_id: e for e in document.elements}
    position = 0
    for source in chunk.sources:
        assert position <= source.start < source.end <= len(chunk.text)
        shown = texts[source.element_id].text[source.element_start : source.element_end]
        assert chunk.text[source.start : source.end] == shown
        check_markup(chunk.text[position : source.start], texts[source.element_id].marker)
        position = source.end
    check_markup(chunk.text[position:], "")


def check_markup(between: str, marker: str) -> None:
    rest = re.sub(r"[\s#]", "", between)
    # A list item's own marker, or '-' where it has none; nothing of any element's text.
    assert rest in ("", "-", "".join(marker.split())) or "".join(marker.split()).startswith(rest), repr(between)


def check_coverage(document: Document, options: ChunkOptions, chunks: list[Chunk]) -> None:
    """Every chosen element in order, once, but for whitespace."""
    shown = [s for chunk in chunks for s in chunk.sources if not s.repeated]
    order = [e.element_id for e in document.elements]
    positions = [(order.index(s.element_id), s.element_start, s.element_end) for s in shown]
    assert positions == sorted(positions)
    for chosen in chosen_elements(document.elements, options.include_types):
        cursor = 0
        for _, start, end in (p for p in positions if order[p[0]] == chosen.element_id):
            assert start >= cursor
            assert chosen.text[cursor:start].strip() == ""
            cursor = end
        assert chosen.text[cursor:].strip() == ""
    wanted = {e.element_id for e in chosen_elements(document.elements, options.include_types)}
    assert {s.element_id for s in shown} == wanted


def check_record(options: ChunkOptions, index: int, chunks: list[Chunk]) -> None:
    chunk = chunks[index]
    assert chunk.tokens == tokenizer(options.encoding).count(chunk.text) <= options.max_tokens
    assert chunk.index == index
    assert chunk.prev_chunk_id == (chunks[index - 1].chunk_id if index else "")
    assert chunk.next_chunk_id == (chunks[index + 1].chunk_id if index + 1 < len(chunks) else "")
    assert chunk.content_hash == hashlib.sha256(chunk.text.encode("utf-8", "surrogatepass")).hexdigest()
    assert chunk.page_start <= chunk.page_end
    assert any(not s.repeated for s in chunk.sources)
    assert chunk.text == chunk.text.strip() != ""


@pytest.mark.parametrize("strategy", list(Strategy))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=DOCUMENTS, options=OPTIONS)
def test_every_strategy_keeps_the_promises(strategy, document, options):
    options = msgspec.structs.replace(options, strategy=strategy)
    chunks = chunk_document(document, options)
    for index, chunk in enumerate(chunks):
        check_sources(document, chunk)
        check_record(options, index, chunks)
        assert list(chunk.element_types) == list(dict.fromkeys(chunk.element_types))
    check_coverage(document, options, chunks)
    assert len({c.chunk_id for c in chunks}) == len(chunks)
    assert chunk_document(document, options) == chunks
    if strategy is Strategy.PAGE:
        assert all(c.page_start == c.page_end for c in chunks)


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("blank", [" ", "\n", "\n\n", " \n "])
def test_a_marker_stays_with_a_text_that_begins_with_blanks(strategy, blank):
    items = [element("list_item", f"{blank}{'Øເ' * size} tail", marker="1.") for size in range(2, 12)]
    whole, options = document(element("title", "alpha"), *items), ChunkOptions(max_tokens=16, strategy=strategy)
    chunks = chunk_document(whole, msgspec.structs.replace(options, overlap_tokens=0))
    for chunk in chunks:
        check_sources(whole, chunk)
    check_coverage(whole, options, chunks)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=DOCUMENTS, options=OPTIONS)
def test_a_chunk_ends_with_a_heading_only_if_nothing_follows_or_headings_fill_it(document, options):
    chunks = chunk_document(document, options)
    elements = {e.element_id: e for e in document.elements}
    for chunk in chunks[:-1]:
        kinds = [elements[s.element_id].type for s in chunk.sources]
        if kinds[-1] in (BlockType.HEADING, BlockType.TITLE):
            first = next(i for i in range(len(kinds)) if set(kinds[i:]) <= {BlockType.HEADING, BlockType.TITLE})
            # The whole headings, of which the chunk may hold the end only.
            run = "\n\n".join(elements[s.element_id].text for s in chunk.sources[first:])
            assert tokenizer(options.encoding).count(run) * 4 >= options.max_tokens
