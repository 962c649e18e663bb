"""DOCX extractor: an Office Open XML text document as typed blocks in reading order.

The parts are read with lxml, without python-docx: it loads every part of the package before anything can be
checked, and knows neither numbering, notes, revisions, text boxes nor formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from schemas.content import Block, BlockType, ExtractedPage, Extraction, ExtractRequest, Image, PageStatus, Span, Style
from schemas.failures import Corrupt
from transforms.extract.docx_inline import Registers
from transforms.extract.docx_meta import read_meta
from transforms.extract.docx_notes import (
    Part,
    comment_texts,
    first_target,
    note_blocks,
    open_part,
    running_heads,
    set_note_formats,
)
from transforms.extract.docx_numbering import Numbering
from transforms.extract.docx_package import Node, Package
from transforms.extract.docx_story import StoryReader
from transforms.extract.docx_styles import UNUSED_STYLES, StyleSheet
from transforms.extract.docx_xml import W

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
#: Word's own name of the main part, for packages whose relationships are damaged.
USUAL_MAIN_PART = "word/document.xml"
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
            with Package(path) as package:
                extraction = _read(package)
        except RecursionError as error:
            raise Corrupt("the document nests its content deeper than any real document") from error
        if request.first_page > 1:
            extraction.pages = []
        return extraction


def _read(package: Package) -> Extraction:
    relationships = package.relationships("")
    main = first_target(relationships, "officeDocument") or USUAL_MAIN_PART
    document = _main_part(package, main)
    styles = StyleSheet(_related(package, document, "styles", UNUSED_STYLES))
    registers = Registers(styles, Numbering(_related(package, document, "numbering"), styles))
    set_note_formats(_related(package, document, "settings"), registers)
    images: list[Image] = []
    blocks = _read_blocks(package, document, registers, images)
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
        meta=read_meta(package, relationships, styles.language),
        engine=f"docbeam-docx lxml {etree.__version__}",
    )


def _main_part(package: Package, name: str) -> Part:
    root = package.xml(name)
    if root is None:
        raise Corrupt(f"the package has no main document part ({name})")
    if root.tag != f"{W}document" or root.find(f"{W}body") is None:
        raise Corrupt(f"part {name} is not a text document: its root element is {root.tag}")
    return Part(root, package.relationships(name))


def _related(package: Package, document: Part, kind: str, skip: Sequence[tuple[bytes, bytes]] = ()) -> Node | None:
    target = first_target(document.relationships, kind)
    return package.xml(target, lenient=True, skip=skip) if target else None


def _related_part(package: Package, document: Part, kind: str) -> Part | None:
    target = first_target(document.relationships, kind)
    return open_part(package, target) if target else None


def _read_blocks(package: Package, document: Part, registers: Registers, images: list[Image]) -> list[Block]:
    """Page headers, body, notes, page footers."""
    comments = comment_texts(_related_part(package, document, "comments"), registers)
    backed = document.root.find(f"{W}background") is not None
    body = StoryReader(registers, document.relationships, images, comments, backed).blocks(
        document.root.find(f"{W}body")
    )
    notes: list[Block] = []
    for kind in ("footnote", "endnote"):
        notes += note_blocks(_related_part(package, document, f"{kind}s"), kind, registers, images)
    headers, footers = running_heads(package, document, registers, images)
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
