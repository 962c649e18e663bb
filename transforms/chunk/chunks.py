"""From a document to its chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from schemas.content import BlockType
from schemas.document import Chunk, ChunkSource, Document, Element, PageBox
from schemas.failures import ConfigurationError
from schemas.geometry import Box, column_boxes
from schemas.ids import chunk_id, occurrences
from schemas.options import ChunkOptions, Strategy
from transforms.chunk import provenance
from transforms.chunk.running import (
    Cut,
    RunningText,
    Window,
    chosen_elements,
    markdown_markup,
    notes_in_place,
    plain_markup,
)
from transforms.chunk.strategies import split_fixed, split_pages, split_recursive
from transforms.chunk.structure import own_path, split_markdown, split_structure
from transforms.chunk.vocabulary import tokenizer

#: Below this a list marker with one grapheme of text might not fit.
MIN_TOKENS = 16


class _Method(NamedTuple):
    split: Callable[[RunningText, int, int], list[Cut]]
    markup: Callable[[Element], str] = plain_markup


_METHODS = {
    Strategy.STRUCTURE: _Method(split_structure),
    Strategy.RECURSIVE: _Method(split_recursive),
    Strategy.MARKDOWN: _Method(split_markdown, markdown_markup),
    Strategy.FIXED: _Method(split_fixed),
    Strategy.PAGE: _Method(split_pages),
}


def check_options(options: ChunkOptions) -> None:
    """Raise ConfigurationError for options that no text could keep."""
    if options.max_tokens < MIN_TOKENS:
        raise ConfigurationError(f"max_tokens is {options.max_tokens}; give at least {MIN_TOKENS}")
    if not 0 <= options.overlap_tokens <= options.max_tokens // 2:
        raise ConfigurationError(
            f"overlap_tokens is {options.overlap_tokens}; give 0 to {options.max_tokens // 2} (half of max_tokens)"
        )
    unknown = set(options.include_types) - set(BlockType)
    if unknown:
        raise ConfigurationError(f"include_types names no element type: {', '.join(sorted(unknown))}")


def chunk_document(document: Document, options: ChunkOptions) -> list[Chunk]:
    """The chunks of a document, in order, linked to each other.

    Elements are taken in the order they have, but for footnotes: they follow what refers to them, where a chunk may
    hold several pages.
    """
    check_options(options)
    method = _METHODS[options.strategy]
    elements = chosen_elements(document.elements, options.include_types)
    if options.strategy is not Strategy.PAGE:
        elements = notes_in_place(elements)
    running = RunningText(elements, tokenizer(options.encoding), options.max_tokens, method.markup)
    cut = method.split(running, options.max_tokens, options.overlap_tokens)
    # A window of nothing but markup (a list marker cut off its text) shows no element.
    shown = [(chunk, sources) for chunk in cut if (sources := _sources(running, chunk.windows))]
    return linked(document.info.doc_id, [_chunk(running, *piece, index) for index, piece in enumerate(shown)])


def linked(doc_id: str, chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks of a document with their ids, and with those of their neighbours."""
    hashes = [chunk.content_hash for chunk in chunks]
    ids = ["", *(chunk_id(doc_id, *of) for of in zip(hashes, occurrences(hashes), strict=True)), ""]
    return [
        msgspec.structs.replace(chunk, chunk_id=ids[at + 1], prev_chunk_id=ids[at], next_chunk_id=ids[at + 2])
        for at, chunk in enumerate(chunks)
    ]


class _Placement(NamedTuple):
    """A source and its element's position in `RunningText.placed`."""

    position: int
    source: ChunkSource


def _sources(running: RunningText, windows: Sequence[Window]) -> list[_Placement]:
    """What of which element each window shows, with offsets into the chunk's text."""
    found: list[_Placement] = []
    offset = 0
    for number, window in enumerate(windows):
        if number:
            offset += len(running.gap(windows[number - 1], window))
        for index in running.elements_in(window.start, window.end):
            element, _, start, end = running.placed[index]
            a, b = max(start, window.start), min(end, window.end)
            at = offset + a - window.start
            source = ChunkSource(element.element_id, a - start, b - start, at, at + b - a, window.repeated)
            found.append(_Placement(index, source))
        offset += window.end - window.start
    return found


def _chunk(running: RunningText, cut: Cut, placements: Sequence[_Placement], index: int) -> Chunk:
    text = running.render(cut.windows)
    elements = [running.placed[p.position].element for p in placements]
    parts = [(e, p.source.element_start, p.source.element_end) for e, p in zip(elements, placements, strict=True)]
    pages = set[int]().union(*(provenance.pages(*part) for part in parts))
    return Chunk(
        chunk_id="",
        index=index,
        text=text,
        tokens=cut.tokens,
        page_start=min(pages),
        page_end=max(pages),
        section_path=own_path(running.placed, placements[0].position),
        element_types=tuple(dict.fromkeys(e.type for e in elements)),
        boxes=_united([box for part in parts for box in provenance.boxes(*part)]),
        sources=tuple(p.source for p in placements),
        content_hash=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _united(found: Sequence[PageBox]) -> tuple[PageBox, ...]:
    """One box a column, in page order."""
    by_page: dict[int, list[Box]] = {}
    for item in found:
        by_page.setdefault(item.page, []).append(item.box)
    return tuple(PageBox(page, box) for page in sorted(by_page) for box in column_boxes(by_page[page]))
