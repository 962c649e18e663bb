"""Markers of list items and numbers of headings at the start of a line."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from schemas.content import Span, Style
from schemas.geometry import Box
from transforms.assemble.geometry.lines import TextLine

BULLETS = "•◦▪▫‣●○■□▸▹►▻–—·∙⁃➢➤✓✔✦❖◆◇⚫∗*-\uf0b7\uf0a7\uf0d8\uf076\uf02d"
_BULLET = re.compile(rf"([{re.escape(BULLETS)}])\s+(?=\S)|([•◦▪‣●■\uf0b7\uf0a7])(?=\S)")
_NUMBER = re.compile(r"(\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})[.)])\s+(?=\S)")
#: What ends a number, and how far it may stand from the start.
_NUMBER_END, _NUMBER_REACH = re.compile(r"[.)]"), 7
_SUPERSCRIPT, _BOLD = int(Style.SUPERSCRIPT), int(Style.BOLD)
#: Bullets that are nothing else at the start of a line.
_CERTAIN = frozenset("•◦▪▫‣●○■□▸▹►▻➢➤✓✔❖\uf0b7\uf0a7\uf0d8\uf076")


@dataclass(frozen=True)
class Marker:
    """A marker and where it stands."""

    text: str
    x: float
    #: It can only be a list item's marker: a bullet glyph, or a number set apart from its text.
    certain: bool
    #: Characters of the line's raw text that the marker takes.
    length: int
    ordered: bool


def find_marker(line: TextLine) -> Marker | None:
    """The marker at the start of a line; None when there is none."""
    raw = "".join(span.text for span in line.spans)
    body = raw.lstrip()
    if body[:1] not in BULLETS and not _NUMBER_END.search(body, 0, _NUMBER_REACH):
        return None
    lead = len(raw) - len(body)
    head = line.first
    # A marker may be a span of its own, with the gap in place of a space.
    alone = head.text.strip()
    spaced = body if len(alone) == len(body.rstrip()) or head.text[-1:].isspace() else alone + " " + body[len(alone) :]
    match = _BULLET.match(spaced) or _NUMBER.match(spaced)
    if match is None or head.style & _SUPERSCRIPT:
        return None
    text = (match.group(1) or match.group(match.lastindex or 1)).strip()
    apart = alone == text
    certain = text in _CERTAIN or (apart and len(line.spans) > 1 and _is_set_apart(line, head))
    length = lead + (len(alone) if apart else match.end())
    return Marker(text, line.box.x0, certain, length, text not in BULLETS)


def _is_set_apart(line: TextLine, head: Span) -> bool:
    """Whether the marker was drawn on its own: the text after it is another piece in the same type."""
    rest = next((span for span in line.spans if span is not head and span.text.strip()), None)
    return rest is not None and not head.style & rest.style & _BOLD


def without_prefix(spans: tuple[Span, ...], length: int) -> tuple[Span, ...]:
    """Spans without their first `length` characters; the box of a cut span shrinks in proportion."""
    rest: list[Span] = []
    for span in spans:
        cut = min(length, len(span.text))
        length -= cut
        text = span.text[cut:]
        if not rest:
            cut += len(text) - len(text.lstrip())
            text = text.lstrip()
        if text:
            rest.append(span if cut == 0 else msgspec.structs.replace(span, text=text, box=_shrunk(span, cut)))
    return tuple(rest)


def _shrunk(span: Span, cut: int) -> Box | None:
    if span.box is None:
        return None
    return span.box._replace(x0=span.box.x0 + span.box.width * cut / len(span.text))
