"""Parsing HTML into a tree, and one survey of it for the decisions that need to look ahead."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from schemas.failures import Corrupt

HEADINGS = {f"h{level}": level for level in range(1, 7)}
LANDMARKS = {"header", "footer", "nav"}
LANDMARK_ROLES = {"banner": "header", "contentinfo": "footer", "navigation": "nav"}
_FLOW_BLOCKS = {"p", "div", "li", "blockquote", "pre", "hr", "dt", "dd", *HEADINGS}
#: Characters that make a paragraph, and paragraphs that make a text.
PROSE_CHARS, MIN_PROSE = 100, 3
_SECTIONING = {"article", "section", "main"}
_EMPTY_TAG = re.compile(r"<(script|style|title|iframe|textarea|noscript|a|p|div|span|td|th|li)(\s[^<>]*)?/>", re.I)
_INLINE_TAGS = r"</?(?:b|i|u|em|strong|span|font|a|small|big|code|sub|sup|s|tt|label)(?:\s[^<>]*)?>"
_STRUCTURE_TAGS = r"</?(?!(?:script|style|template|noscript|title|h[1-6]|br|img|meta|p)\b)[a-zA-Z][^<>]*>"


@dataclass
class Facts:
    """What stands inside a table or landmark."""

    nested_table: bool = False
    header_cells: bool = False
    cells: int = 0
    #: Paragraphs, divisions, list items and the like.
    blocks: int = 0
    #: A table with header cells stands inside.
    tabular: bool = False
    headings: bool = False
    main_heading: bool = False
    #: Paragraphs long enough to be running text, and whether an article stands inside.
    prose: int = 0
    article: bool = False

    @property
    def reads_as_text(self) -> bool:
        """Whether what stands inside is the text of the page, whatever it stands in."""
        return self.article or self.prose >= MIN_PROSE

    def absorb(self, inner: Facts) -> None:
        """Take over what holds for everything further in."""
        self.headings |= inner.headings
        self.tabular |= inner.tabular or inner.header_cells
        self.main_heading |= inner.main_heading
        self.prose += inner.prose
        self.article |= inner.article


@dataclass
class Survey:
    """Facts by element (the elements are kept, so their identity is stable)."""

    facts: dict[etree._Element, Facts] = field(default_factory=dict)
    #: Formulas with their parents and grandparents: what stands beside them may be the same formula once more.
    near_math: set[etree._Element] = field(default_factory=set)
    #: Landmarks inside article, section or main.
    sectioned: set[etree._Element] = field(default_factory=set)
    #: h1 elements outside page headers.
    main_headings: int = 0
    styled: bool = False
    base: str = ""


def parse_tree(text: str, xml: bool = False) -> etree._Element:
    """The document element. Beyond the parser's depth limit the structure is given up, the text is kept."""
    root, too_deep = _parse(_close_empty(text) if xml or text.lstrip()[:5] == "<?xml" else text)
    if too_deep:
        flat = re.sub(_STRUCTURE_TAGS, "<p>", re.sub(_INLINE_TAGS, "", text))
        root, _ = _parse(flat)
    if root is None:
        raise Corrupt("no HTML element and no text in the file")
    return root


def _close_empty(text: str) -> str:
    """XHTML's <script/> would swallow the rest of the page in HTML."""
    return _EMPTY_TAG.sub(lambda m: f"<{m.group(1)}{m.group(2) or ''}></{m.group(1)}>", text)


def _parse(text: str) -> tuple[etree._Element | None, bool]:
    # Comments go while parsing: the text around them is one run.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise Corrupt(f"not readable as HTML: {error}") from error
    return root, any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log)


def landmark(element: etree._Element) -> str:
    """'header', 'footer', 'nav', 'dialog' or ''."""
    role = element.get("role", "")
    if role in ("dialog", "alertdialog") or role in LANDMARK_ROLES:
        return LANDMARK_ROLES.get(role, "dialog")
    tag = str(element.tag)
    return tag if tag in LANDMARKS and not role else ""


def survey(root: etree._Element) -> Survey:
    """Walk the tree once."""
    result = Survey()
    open_facts: list[tuple[etree._Element, Facts]] = []
    headers = sections = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        mark = landmark(element)
        step = 1 if event == "start" else -1
        headers += step * (mark == "header")
        sections += step * (element.tag in _SECTIONING)
        if event == "start":
            if mark and sections:
                result.sectioned.add(element)
            if element.tag == "table" or mark:
                _open(result, element, open_facts)
            else:
                _note(result, element, open_facts)
            result.main_headings += element.tag == "h1" and not headers
        elif open_facts and open_facts[-1][0] is element:
            _, inner = open_facts.pop()
            if open_facts:
                open_facts[-1][1].absorb(inner)
    return result


def _open(result: Survey, element: etree._Element, open_facts: list[tuple[etree._Element, Facts]]) -> None:
    if element.tag == "table":
        # Landmarks may stand between a cell and the table in it.
        outer = next((facts for other, facts in reversed(open_facts) if other.tag == "table"), None)
        if outer is not None:
            outer.nested_table = True
    facts = result.facts[element] = Facts()
    open_facts.append((element, facts))


def _note(result: Survey, element: etree._Element, open_facts: list[tuple[etree._Element, Facts]]) -> None:
    tag = element.tag
    if tag == "math":
        parent = element.getparent()
        result.near_math.update(
            e for e in (element, parent, None if parent is None else parent.getparent()) if e is not None
        )
    elif tag == "style" or (tag == "link" and "stylesheet" in element.get("rel", "").lower()):
        result.styled = True
    elif tag == "base":
        result.base = result.base or element.get("href", "")
    if not open_facts:
        return
    facts = open_facts[-1][1]
    facts.cells += tag in ("td", "th")
    facts.header_cells |= tag == "th"
    facts.blocks += tag in _FLOW_BLOCKS
    facts.headings |= tag in HEADINGS
    facts.main_heading |= tag == "h1"
    facts.article |= tag in ("article", "main")
    facts.prose += tag == "p" and _is_prose(element)


def _is_prose(paragraph: etree._Element) -> bool:
    """Whether a paragraph holds some lines of text that no link is."""
    linked = sum(len("".join(link.itertext())) for link in paragraph.iter("a"))
    return len(" ".join("".join(paragraph.itertext()).split())) - linked >= PROSE_CHARS
