"""Which type a block is, as far as its look and its words tell."""

from __future__ import annotations

import re

from schemas.content import BlockType, Style
from transforms.assemble.evidence.regions import CERTAIN
from transforms.assemble.geometry.blocks import TextBlock
from transforms.assemble.geometry.headings import BodyFace

_LABEL = (
    r"figure|figura|figur|fig|table|tableau|tabelle|tabella|tabla|tabel|abbildung|abb|tab|chart|scheme|exhibit|"
    r"illustration|plate|listing|algorithm|box|graph|graphique|diagram|map|quadro|cuadro"
)
#: 'Figure 3. ', 'Table A-1: ', 'Fig. 2 | '; not 'Figure 3 shows'.
_CAPTION = re.compile(
    rf"(?:{_LABEL})\.?\s?(?:[A-Z]?[-.]?\d{{1,3}}(?:[.-]\d{{1,3}})*[a-z]?|[IVX]{{1,5}})\b(?P<rest>\s*[.:|)—–-].*|\s+\W?[A-ZÀ-Þ\d].*|\s*$)",
    re.IGNORECASE | re.DOTALL,
)
_CAPITAL_NEXT = re.compile(r"\s*[.:|)—–-]|\s+\W?[A-ZÀ-Þ\d]|\s*$")
MAX_CAPTION = 600
_MARK = r"(\d{1,3}(?!\d)|[*†‡§¶]{1,3}|[a-z])"
#: '3 See', '3. See', 'a) See'; nothing that no text follows, no '3.5'.
_NOTE_MARKER = re.compile(_MARK + r"(?![.:]\d)[.):]?\s*(?=[^\s.):])")
#: Footnotes are set smaller than this share of the body, in the lower part of the page.
NOTE_SIZE = 0.93
NOTE_TOP = 0.45
#: Captions, notes and formulas that only a layout model sees are no larger than this share of the body.
SEEN_SIZE = 1.1
MAX_FORMULA = 300
_AFFILIATION = re.compile(r"[*∗†‡§¶#\d⁰¹²³⁴-⁹]+")
_BETWEEN_NAMES = re.compile(r"\s*[,;·|]\s*(?:and\s+|&\s*)?|\s+(?:and|&)\s+")
_NAME = re.compile(
    r"[^\W\d_a-z][\w.'’-]*(?:\s+(?:(?:de|da|di|del|della|den|der|van|von|la|le|bin|ibn|al|el)\s+)*[^\W\d_a-z][\w.'’-]*){1,4}"
)
_MATH_FONT = re.compile(r"CMMI|CMSY|CMEX|MSBM|MSAM|Math|Symbol|MTMI|MTSY|STIX", re.IGNORECASE)
_MATH = re.compile(r"[=<>≤≥≠≈∑∫∏√∂∇±×÷∈∀∃→⇒∞^]")


def is_name_list(text: str) -> bool:
    """Whether the text lists names of persons: three, or two with marks of their affiliations."""
    bare = _AFFILIATION.sub("", text)
    names = [part for part in _BETWEEN_NAMES.split(bare) if part.strip()]
    least = 2 if bare != text else 3
    return len(names) >= least and all(_NAME.fullmatch(name.strip()) for name in names)


def is_caption(block: TextBlock, body: BodyFace) -> bool:
    """Whether the block names a figure or table and its number, as captions begin."""
    return len(block.text) <= MAX_CAPTION and block.size <= 1.15 * body.size and names_a_caption(block.text)


def names_a_caption(text: str) -> bool:
    """Whether a text begins as captions do: 'Figure 3. ', 'Table A-1: '."""
    match = _CAPTION.match(text)
    # Case is ignored for the label only.
    return match is not None and _CAPITAL_NEXT.match(text, match.start("rest")) is not None


def note_marker(block: TextBlock, body: BodyFace, page_height: float) -> str:
    """The marker of a footnote ('3', '*'); '' when the block is none."""
    if block.size > NOTE_SIZE * body.size or block.box.y0 < NOTE_TOP * page_height:
        return ""
    match = _NOTE_MARKER.match(block.text)
    if match is None:
        return _raised_mark(block)
    small = block.lines[0].first.size < 0.8 * block.size
    told = small or block.text[match.end(1)] in ".):" or match.group(1) in "*†‡§¶"
    return match.group(1) if told else _raised_mark(block)


def raised_marker(block: TextBlock) -> str:
    """The marker at the start of a block that is known to be a footnote; '' when there is none."""
    match = _NOTE_MARKER.match(block.text)
    if match is not None and (match.group(1) in "*†‡§¶" or block.lines[0].first.size < 0.8 * block.size):
        return match.group(1)
    return _raised_mark(block)


def _raised_mark(block: TextBlock) -> str:
    """A raised first span that is a mark, with text behind it."""
    first = block.lines[0].first
    mark = first.text.strip().rstrip(".):")
    raised = first.style & Style.SUPERSCRIPT and re.fullmatch(_MARK, mark)
    return mark if raised and block.text[len(mark) :].strip(" .):") else ""


def seen_type(block: TextBlock, body: BodyFace, page_height: float) -> BlockType:
    """Caption, footnote or formula where a layout model is certain and the look allows it; else a paragraph."""
    if block.size > SEEN_SIZE * body.size:
        return BlockType.PARAGRAPH
    if block.seen_as(BlockType.CAPTION, least=CERTAIN) and len(block.text) <= MAX_CAPTION:
        return BlockType.CAPTION
    if block.seen_as(BlockType.FOOTNOTE, least=CERTAIN) and block.box.y0 > NOTE_TOP * page_height:
        return BlockType.FOOTNOTE
    if block.seen_as(BlockType.FORMULA, least=CERTAIN) and len(block.text) < MAX_FORMULA:
        return BlockType.FORMULA
    return BlockType.PARAGRAPH


def is_code(block: TextBlock) -> bool:
    """Whether all of it is in a typewriter face and reads like a listing."""
    return block.mono and (len(block.lines) > 1 or bool(re.search(r"[{}();=<>\[\]$#/\\]", block.text)))


def is_formula(block: TextBlock) -> bool:
    """Whether most letters come from mathematical fonts; conservative, a paragraph with inline formulas is none."""
    if not re.search(r"[^\W\d_]{4}", block.text) and _MATH.search(block.text):
        return 3 <= len(block.text) < 120
    spans = [span for line in block.lines for span in line.spans if span.text.strip()]
    total = sum(len(span.text.strip()) for span in spans)
    mathematical = sum(len(span.text.strip()) for span in spans if _MATH_FONT.search(span.font))
    return 2 < total < 300 and mathematical > 0.5 * total and _MATH.search(block.text) is not None
