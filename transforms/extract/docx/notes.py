"""Stories beside the body: running heads, footnotes, endnotes and comments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from docx.document import Document
from docx.opc.part import Part

from schemas.content import Block, BlockType, Image, Span
from transforms.extract.docx.inline import NoteNumbers, Registers
from transforms.extract.docx.names import R, W, value
from transforms.extract.docx.package import Node, root_element
from transforms.extract.docx.story import SOURCE, StoryReader, cell_content

_TEXTLESS = frozenset({BlockType.FIGURE, BlockType.HIDDEN, BlockType.COMMENT})


def running_heads(document: Document, registers: Registers, images: list[Image]) -> tuple[list[Block], list[Block]]:
    """(page headers, page footers), each distinct text once, in the order of the sections."""
    found: dict[str, list[Block]] = {"headerReference": [], "footerReference": []}
    seen: set[tuple[str, str]] = set()
    read: set[Part] = set()
    for reference in document.element.iter(f"{W}headerReference", f"{W}footerReference"):
        name = reference.tag.removeprefix(W)
        part = document.part.related_parts.get(reference.get(f"{R}id", ""))
        if part is None or part in read:
            continue
        read.add(part)
        kind = BlockType.PAGE_HEADER if name == "headerReference" else BlockType.PAGE_FOOTER
        for block in _running_blocks(part, kind, registers, images):
            key = (name, "".join(span.text for span in block.spans).strip())
            if key not in seen:
                seen.add(key)
                found[name].append(block)
    return found["headerReference"], found["footerReference"]


def _running_blocks(part: Part, kind: BlockType, registers: Registers, images: list[Image]) -> list[Block]:
    blocks = StoryReader(registers, part.rels, images).blocks(root_element(part))
    return [_plain_block(block, kind) for block in blocks if block.type not in _TEXTLESS]


def _plain_block(block: Block, kind: BlockType) -> Block:
    spans = (Span(cell_content([block])),) if block.type is BlockType.TABLE else block.spans
    return Block(type=kind, spans=spans, source=SOURCE)


def note_blocks(part: Part | None, kind: str, registers: Registers, images: list[Image]) -> list[Block]:
    """Footnotes or endnotes (`kind`: 'footnote', 'endnote') as blocks, in the order of their references."""
    root = root_element(part)
    if part is None or root is None:
        return []
    numbers = registers.footnotes if kind == "footnote" else registers.endnotes
    nodes = {node.get(f"{W}id", ""): node for node in root.iter(W + kind)}
    reader = StoryReader(registers, part.rels, images)
    blocks = []
    for note_id, marker in numbers.markers.items():
        if note_id in nodes:
            blocks += _note(reader.blocks(nodes[note_id]), marker)
    return blocks


def _note(inside: Sequence[Block], marker: str) -> list[Block]:
    """One block for the note's text, whatever it is made of; hidden text and pictures stay on their own."""
    text = [block for block in inside if block.type not in _TEXTLESS]
    rest = [block for block in inside if block.type in _TEXTLESS]
    if not text:
        return rest
    return [Block(type=BlockType.FOOTNOTE, spans=_joined(text), marker=marker, source=SOURCE), *rest]


def _joined(blocks: Iterable[Block]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for block in blocks:
        if spans:
            spans[-1] = msgspec.structs.replace(spans[-1], text=spans[-1].text + "\n")
        spans.extend((Span(cell_content([block])),) if block.type is BlockType.TABLE else block.spans)
    return tuple(spans)


def comment_texts(part: Part | None, registers: Registers) -> dict[str, tuple[Span, ...]]:
    """Spans of each comment by its id."""
    root = root_element(part)
    if part is None or root is None:
        return {}
    reader = StoryReader(registers, part.rels, [])
    comments = root.iter(f"{W}comment")
    read = {node.get(f"{W}id", ""): reader.blocks(node) for node in comments}
    return {name: _joined(block for block in blocks if block.type not in _TEXTLESS) for name, blocks in read.items()}


def set_note_formats(settings: Node | None, registers: Registers) -> None:
    """Number formats of the notes, as the settings part gives them."""
    if settings is None:
        return
    for notes, name in ((registers.footnotes, "footnotePr"), (registers.endnotes, "endnotePr")):
        _set_format(notes, settings.find(W + name))


def _set_format(notes: NoteNumbers, properties: Node | None) -> None:
    if found := value(properties, "numFmt"):
        notes.number_format = found
