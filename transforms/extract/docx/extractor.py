"""DOCX extractor: an Office Open XML text document as typed blocks in reading order.

python-docx opens the package and gives its parts; their trees are read with lxml, since python-docx knows neither
computed numbers, notes, revisions, text boxes nor formulas.
"""

from __future__ import annotations

from pathlib import Path

import docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE

from schemas.content import (
    REPAIRED,
    Block,
    BlockType,
    ExtractedPage,
    Extraction,
    ExtractRequest,
    Image,
    PageStatus,
    Span,
    Style,
)
from schemas.failures import Corrupt
from transforms.extract.docx.inline import Registers
from transforms.extract.docx.meta import read_meta
from transforms.extract.docx.names import W
from transforms.extract.docx.notes import comment_texts, note_blocks, running_heads, set_note_formats
from transforms.extract.docx.numbering import Numbering
from transforms.extract.docx.package import Node, open_document, related_part, root_element
from transforms.extract.docx.story import StoryReader
from transforms.extract.docx.styles import StyleSheet

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
#: Above this share of the text blocks a typewriter font is the document's style, not a mark of code.
MAX_CODE_SHARE = 0.5


class DocxExtractor:
    """Reads .docx and its siblings (.docm, .dotx, .dotm); macros are never looked at."""

    name = "docx"
    media_types = frozenset(
        {
            f"{WORD}.document",
            f"{WORD}.template",
            "application/vnd.ms-word.document.macroenabled.12",
            "application/vnd.ms-word.template.macroenabled.12",
            "application/vnd.ms-word.document.macroEnabled.12",
            "application/vnd.ms-word.template.macroEnabled.12",
        }
    )
    extensions = frozenset({".docx", ".docm", ".dotx", ".dotm"})

    def extract(self, path: Path, request: ExtractRequest) -> Extraction:
        """The document as one page of blocks; no page when the requested range starts behind it."""
        try:
            document, repaired = open_document(path)
            extraction = _read(document)
        except RecursionError as error:
            raise Corrupt("the document nests its content deeper than any real document") from error
        extraction.notes += [REPAIRED] * repaired
        if request.first_page > 1:
            extraction.pages = []
        return extraction


def _read(document: Document) -> Extraction:
    _check_main(document)
    styles = StyleSheet(_related_root(document, RELATIONSHIP_TYPE.STYLES))
    registers = Registers(styles, Numbering(_related_root(document, RELATIONSHIP_TYPE.NUMBERING), styles))
    set_note_formats(_related_root(document, RELATIONSHIP_TYPE.SETTINGS), registers)
    images: list[Image] = []
    blocks = _read_blocks(document, registers, images)
    page = ExtractedPage(
        number=1,
        status=PageStatus.DIGITAL if blocks or images else PageStatus.EMPTY,
        blocks=blocks,
        images=images,
        links=registers.links,
    )
    return Extraction(
        page_count=1,
        pages=[page],
        meta=read_meta(document.part.package, styles.language),
        engine=f"python-docx {docx.__version__}",
    )


def _check_main(document: Document) -> None:
    root = root_element(document.part)
    if root is None or root.tag != f"{W}document" or root.find(f"{W}body") is None:
        raise Corrupt(
            f"the main part of the package is not a text document: its root element is {document.element.tag}"
        )


def _related_root(document: Document, kind: str) -> Node | None:
    """Root of a part beside the main one; the properties of python-docx would make up the missing ones."""
    return root_element(related_part(document.part, kind))


def _read_blocks(document: Document, registers: Registers, images: list[Image]) -> list[Block]:
    """Page headers, body, notes, page footers."""
    comments = comment_texts(related_part(document.part, RELATIONSHIP_TYPE.COMMENTS), registers)
    backed = document.element.find(f"{W}background") is not None
    body = StoryReader(registers, document.part.rels, images, comments, backed).blocks(document.element.body)
    notes: list[Block] = []
    for name, kind in (("footnote", RELATIONSHIP_TYPE.FOOTNOTES), ("endnote", RELATIONSHIP_TYPE.ENDNOTES)):
        notes += note_blocks(related_part(document.part, kind), name, registers, images)
    headers, footers = running_heads(document, registers, images)
    usual = registers.styles.role("").look
    return [*headers, *settle_code(body, bool(usual.style & Style.MONO)), *notes, *footers]


def settle_code(blocks: list[Block], typewritten: bool) -> list[Block]:
    """Neighbouring code paragraphs become one block.

    Where most of the document is set in a typewriter font (`typewritten`: by default), font alone marks no code.
    """
    guessed = sum(_is_guessed_code(block) for block in blocks)
    text = sum(bool(block.spans) for block in blocks)
    prose = typewritten or guessed > MAX_CODE_SHARE * text
    settled: list[Block] = []
    for block in blocks:
        if prose and _is_guessed_code(block):
            settled.append(_retyped(block, BlockType.PARAGRAPH))
        elif block.type is BlockType.CODE and settled and settled[-1].type is BlockType.CODE:
            settled[-1] = _merged(settled[-1], block)
        else:
            settled.append(block)
    return settled


def _is_guessed_code(block: Block) -> bool:
    return block.type is BlockType.CODE and block.confidence < 1.0


def _retyped(block: Block, kind: BlockType) -> Block:
    return Block(type=kind, spans=block.spans, source=block.source)


def _merged(first: Block, second: Block) -> Block:
    confidence = min(first.confidence, second.confidence)
    spans = (*first.spans, Span("\n"), *second.spans)
    return Block(type=BlockType.CODE, spans=spans, confidence=confidence, source=first.source)
