"""Chunks on the inspection page: where they stand on their pages, and a list of what they say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape

from schemas.document import Chunk
from schemas.geometry import Box

#: Neighbours differ.
_COLORS = 3


def chunk_boxes(chunks: Sequence[Chunk]) -> dict[int, list[tuple[int, Box]]]:
    """By page: the indices of chunks, and their boxes there."""
    found: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    for chunk in chunks:
        for place in chunk.boxes:
            found[place.page].append((chunk.index, place.box))
    return found


def chunk_box(index: int, style: str) -> str:
    """A box of a chunk, with a link to what it says."""
    return f'<a href="#c{index}" class="chunk k{index % _COLORS}" style="{style}"><b>chunk {index}</b></a>'


def chunk_list(chunks: Sequence[Chunk]) -> Iterator[str]:
    """What all chunks say; hidden like their boxes."""
    if not chunks:
        return
    yield '<div class="chunks"><h2>chunks</h2>\n<ol>'
    for chunk in chunks:
        pages = f"page {chunk.page_start}" + f" to {chunk.page_end}" * (chunk.page_end != chunk.page_start)
        path = escape(" › ".join(chunk.section_path))
        head = f'<b>{chunk.index}</b> <span class="path">{pages}, {chunk.tokens} tokens; {path}</span>'
        yield f'<li id="c{chunk.index}">{head}\n{escape(chunk.text)}</li>\n'
    yield "</ol></div>\n"
