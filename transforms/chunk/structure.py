"""Chunks along the document's structure: sections, then blocks that belong together, then sentences, rows, items.

- A heading stays with the text that follows it, unless a run of headings takes over half the limit.
- A table or figure stays with its caption, and a footnote with what it stands behind, if both fit into one chunk.
- Tables, list items, code and formulas begin a new chunk rather than be split; a paragraph does so once the chunk is
  half full, and otherwise fills it sentence by sentence.
- Sections are not mixed, except tiny ones (at most an eighth of the limit): a tiny section joins a chunk of tiny
  sections before it when its parent section contains all of that chunk. Top-level sections never share a chunk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from schemas.content import BlockType
from transforms.chunk.packing import Packer
from transforms.chunk.running import ASIDE, HEADINGS, Cut, Placed, RunningText, Window
from transforms.chunk.splitting import Splitter, cut_words, lines, sentences, split
from transforms.chunk.tables import header_window, row_windows

_CAPTIONED = frozenset({BlockType.TABLE, BlockType.FIGURE})
_KEPT_WHOLE = _CAPTIONED | {BlockType.LIST_ITEM, BlockType.CODE, BlockType.FORMULA}
#: A section of at most limit / TINY_SHARE tokens may share a chunk with its tiny neighbours.
TINY_SHARE = 8

SectionPath = tuple[str, ...]


class Block(NamedTuple):
    """Elements `first` to `last` (exclusive) that belong together: headings, caption, content, caption, footnotes."""

    first: int
    last: int
    tokens: int
    #: Begin a new chunk rather than split it.
    whole: bool


class Section(NamedTuple):
    """Blocks under one heading (or run of headings without text between them)."""

    path: SectionPath
    blocks: tuple[Block, ...]

    @property
    def tokens(self) -> int:
        """Tokens of the whole section."""
        return sum(block.tokens for block in self.blocks)


def own_path(placed: Sequence[Placed], index: int) -> SectionPath:
    """The section an element opens (headings) or stands in. A title opens one only if the next element says so."""
    element = placed[index].element
    opened = (*element.section_path, element.text)
    if element.type == BlockType.HEADING:
        return opened
    if element.type == BlockType.TITLE and index + 1 < len(placed):
        return opened if placed[index + 1].element.section_path[: len(opened)] == opened else element.section_path
    return element.section_path


def split_structure(running: RunningText, limit: int, overlap: int) -> list[Cut]:
    """Chunks by sections, tiny neighbours merged."""
    packer = Packer(running, limit, overlap)
    shared: list[Section] = []
    for section in sections(running):
        if not (shared and packer.fits(section.tokens) and may_share(shared, section, running, limit)):
            packer.finish()
            shared = []
        shared.append(section)
        _place_section(packer, running, section)
    packer.finish()
    return packer.chunks


def split_markdown(running: RunningText, limit: int, overlap: int) -> list[Cut]:
    """Chunks by headings: every section begins a new chunk."""
    packer = Packer(running, limit, overlap)
    for section in sections(running):
        packer.finish()
        _place_section(packer, running, section)
    packer.finish()
    return packer.chunks


def may_share(shared: Sequence[Section], section: Section, running: RunningText, limit: int) -> bool:
    """Whether a section may join the chunk of the sections before it."""
    first = shared[0].path
    if section.path == shared[-1].path and not _opens_with_heading(running, section):
        return True
    parent = section.path[:-1]
    related = parent == first or (bool(parent) and first[: len(parent)] == parent)
    return related and all(s.tokens * TINY_SHARE <= limit for s in (*shared, section))


def sections(running: RunningText) -> Iterator[Section]:
    """Sections in order. A new one begins at each heading after text, and where the path changes without a heading."""
    path: SectionPath | None = None
    blocks: list[Block] = []
    for block in _blocks(running):
        at = _content(running, block)
        element = running.placed[at].element
        opens = running.placed[block.first].element.type in HEADINGS
        moved = element.type not in ASIDE and element.section_path != path
        if blocks and path is not None and (opens or moved):
            yield Section(path, tuple(blocks))
            blocks = []
        if not blocks:
            path = own_path(running.placed, at)
        blocks.append(block)
    if blocks and path is not None:
        yield Section(path, tuple(blocks))


def _content(running: RunningText, block: Block) -> int:
    """The element that tells the section of a block: the last one that is no footnote."""
    return next(
        (at for at in reversed(range(block.first, block.last)) if running.placed[at].element.type not in ASIDE),
        block.last - 1,
    )


def _blocks(running: RunningText) -> Iterator[Block]:
    types = [p.element.type for p in running.placed]
    first = 0
    while first < len(types):
        last = _block_end(types, first)
        whole = any(t in _KEPT_WHOLE for t in types[first:last])
        yield Block(first, last, sum(running.tokens[first:last]), whole)
        first = last


def _block_end(types: Sequence[BlockType], first: int) -> int:
    """The end of the content with its caption, and of the footnotes behind it."""
    last = _content_end(types, first)
    while last < len(types) and types[last] == BlockType.FOOTNOTE:
        last += 1
    return last


def _content_end(types: Sequence[BlockType], first: int) -> int:
    last, count = first, len(types)
    while last < count - 1 and types[last] in HEADINGS:
        last += 1
    content = types[last]
    if content == BlockType.CAPTION and last + 1 < count and types[last + 1] in _CAPTIONED:
        return last + 2
    caption_follows = content in _CAPTIONED and last + 1 < count and types[last + 1] == BlockType.CAPTION
    # A caption between two tables is the second one's when the first has nothing else to tell: tables with captions
    # above are the rule, figures with captions below.
    if caption_follows and content == BlockType.TABLE and types[last + 2 : last + 3] == [BlockType.TABLE]:
        caption_follows = False
    return last + 2 if caption_follows else last + 1


def _opens_with_heading(running: RunningText, section: Section) -> bool:
    return running.placed[section.blocks[0].first].element.type in HEADINGS


def _place_section(packer: Packer, running: RunningText, section: Section) -> None:
    for block in section.blocks:
        _place_block(packer, running, block)


def _place_block(packer: Packer, running: RunningText, block: Block) -> None:
    whole = Window(running.placed[block.first].lead, running.placed[block.last - 1].end, block.tokens)
    half_full = packer.tokens * 2 >= packer.limit
    fits_alone = block.tokens <= packer.limit
    if packer.fits(block.tokens) or (fits_alone and (block.whole or half_full or packer.is_empty)):
        packer.place(whole)
    else:
        if half_full:
            packer.close()
        _place_parts(packer, running, block)


def _place_parts(packer: Packer, running: RunningText, block: Block) -> None:
    """Fill the chunk with the block's sentences, lines or rows; headings and captions stay with what follows."""
    limit = packer.limit
    pending: Window | None = None
    for index in range(block.first, block.last):
        placed = running.placed[index]
        leads = index < block.last - 1 and placed.element.type in HEADINGS | {BlockType.CAPTION}
        if leads and _sum(pending, running.tokens[index]) * 2 <= limit:
            pending = Window(
                pending.start if pending else placed.lead, placed.end, _sum(pending, running.tokens[index])
            )
            continue
        if placed.element.type == BlockType.TABLE:
            _place_table(packer, running, placed, pending)
        else:
            packer.place_all(_glued(running, pending, _parts(running, placed, limit), limit))
        pending = None


def _place_table(packer: Packer, running: RunningText, table: Placed, pending: Window | None) -> None:
    limit = packer.limit
    header = header_window(running, table, limit)
    start, room = table.start, limit
    if header:
        start = header.end
        pending = Window(pending.start if pending else table.lead, header.end, _sum(pending, header.tokens))
    if pending and pending.tokens * 4 <= limit * 3:
        # Rows leave room for what stands above them, in the first piece and in the later ones.
        room = limit - pending.tokens - 2
    elif header:
        room = limit - header.tokens - 2
    rows = row_windows(running, table, start, max(room, limit // 8))
    packer.place_all(_glued(running, pending, rows, limit), header)


def _parts(running: RunningText, placed: Placed, limit: int) -> Iterator[Window]:
    """Windows of one element's text; the first begins with the element's markup."""
    splitter: Splitter = lines if placed.element.type == BlockType.CODE else sentences
    start = placed.lead
    for _, end in splitter(running.text, placed.start, placed.end):
        yield from split(running, start, end, limit, ())
        start = end


def _glued(running: RunningText, pending: Window | None, parts: Iterable[Window], limit: int) -> Iterator[Window]:
    """`parts` with `pending` joined to the first; cut by words if the two exceed the limit."""
    for part in parts:
        if pending is None:
            yield part
        elif pending.tokens + part.tokens <= limit:
            yield Window(pending.start, part.end, pending.tokens + part.tokens)
        else:
            yield from cut_words(running, pending.start, part.end, limit)
        pending = None
    if pending:
        yield pending


def _sum(pending: Window | None, tokens: int) -> int:
    return tokens + (pending.tokens if pending else 0)
