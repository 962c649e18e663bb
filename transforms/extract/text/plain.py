"""Plain text: paragraphs, lists by their markers, the few headings that are beyond doubt; form feeds part pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.content import Block, BlockType, Extraction, ExtractRequest, Span
from transforms.extract.text.flow import flow_extraction, flow_page, read_text

_BULLET = re.compile(r"([ \t]*)([-*+•◦▪‣–—])[ \t]+(?=\S)")
_NUMBER = re.compile(r"([ \t]*)\(?(\d{1,3})[.)][ \t]+(?=\S)")
_UNDERLINE = re.compile(r"(={3,}|-{3,})\s*$")
_CHAPTER = re.compile(r"(?:chapter|part|book|appendix|section)\s+(?:[IVXLC]+|\d+|[A-Z])\b", re.I)
_RULE = re.compile(r"[\s*_=~#.-]+$")
_MAX_HEADING = 80
#: A text is taken as wrapped at a fixed width when its long lines are at least this long.
_WRAP_WIDTH = 50


class TextExtractor:
    """Plain text files."""

    name = "text"
    media_types = frozenset({"text/plain", "text/x-rst"})
    extensions = frozenset({".txt", ".text", ".log", ".rst"})

    def extract(self, path: Path, request: ExtractRequest) -> Extraction:
        """One page per form feed section."""
        text = read_text(path, request).text.replace("\r\n", "\n").replace("\r", "\n")
        sections = text.split("\f")
        if len(sections) > 1 and not sections[-1].strip():
            sections.pop()
        width = wrap_width(text)
        pages = [flow_page(i, list(text_blocks(s, width))) for i, s in enumerate(sections, start=1)]
        return flow_extraction(pages, request, "text")


def wrap_width(text: str) -> int:
    """Column at which the lines of a text were wrapped; 0 when they were not."""
    lengths = sorted(len(line.rstrip()) for line in text.split("\n") if line.strip())
    if len(lengths) < 3:
        return 0
    long = lengths[-max(1, len(lengths) // 10) - 1]
    return long if _WRAP_WIDTH <= long <= 120 else 0


def text_blocks(text: str, width: int = 0) -> Iterator[Block]:
    """Blocks of one page; lines wrapped at `width` are joined, others keep their breaks."""
    for paragraph in _paragraphs(text):
        if all(_RULE.match(line) for line in paragraph):
            continue
        lines = paragraph
        if heading := _heading(lines):
            yield heading
            lines = lines[2:]
        if items := _items(lines):
            yield from _item_blocks(items, width)
        elif lines:
            yield Block(type=BlockType.PARAGRAPH, spans=(Span(_join(lines, width)),), source="text")


def _paragraphs(text: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            lines.append(line.rstrip())
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def _heading(lines: list[str]) -> Block | None:
    """An underlined first line, or a chapter line that stands alone."""
    title, level = lines[0].strip(), 0
    if len(lines) > 1 and (mark := _UNDERLINE.match(lines[1].strip())) and not _RULE.match(title):
        fits = 0.5 * len(title) <= len(mark.group(1)) <= 2 * len(title) + 2
        level = (1 if mark.group(1)[0] == "=" else 2) if fits else 0
    elif len(lines) == 1 and _CHAPTER.match(title) and title[-1] not in ".,;:":
        level = 1
    if not level or len(title) > _MAX_HEADING:
        return None
    return Block(type=BlockType.HEADING, level=level, spans=(Span(title),), source="text")


@dataclass
class _Item:
    indent: int
    marker: str
    number: int
    lines: list[str]


def _items(lines: list[str]) -> list[_Item]:
    """The list that the lines form; [] when they are something else."""
    items: list[_Item] = []
    for line in lines:
        if item := _item(line):
            items.append(item)
        elif not items:
            return []
        else:
            items[-1].lines.append(line.strip())
    return items if _is_list(items) else []


def _item(line: str) -> _Item | None:
    match = _BULLET.match(line) or _NUMBER.match(line)
    if match is None:
        return None
    number = int(match.group(2)) if match.group(2).isdecimal() else 0
    return _Item(len(match.group(1).expandtabs(4)), match.group().strip(), number, [line[match.end() :].strip()])


def _is_list(items: list[_Item]) -> bool:
    """Numbers must count up, level by level; one numbered line, or one after a dash, may be a sentence."""
    if len(items) == 1:
        return items[0].marker in "*+•◦▪‣-" or (items[0].number > 0 and len(items[0].lines) == 1)
    last: dict[int, int] = {}
    for item in items:
        if item.number and item.number != last.get(item.indent, item.number - 1) + 1:
            return False
        last = {indent: n for indent, n in last.items() if indent < item.indent} | {item.indent: item.number}
    return True


def _item_blocks(items: list[_Item], width: int) -> Iterator[Block]:
    indents: list[int] = []
    for item in items:
        while indents and item.indent < indents[-1]:
            indents.pop()
        if not indents or item.indent > indents[-1]:
            indents.append(item.indent)
        spans = (Span(_join(item.lines, width)),)
        yield Block(type=BlockType.LIST_ITEM, level=len(indents) - 1, marker=item.marker, spans=spans, source="text")


def _join(lines: list[str], width: int) -> str:
    """Wrapped lines become one; verse, addresses and tables keep their breaks."""
    full = 0.7 * width
    wrapped = width and all(len(line) >= full for line in lines[:-1])
    if wrapped:
        return " ".join(line.strip() for line in lines)
    return "\n".join(line.rstrip() for line in lines).strip()
