"""Spans become text: joined by their geometry, hyphenation repaired, odd Unicode normalised."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby

from schemas.content import ExtractedPage, Span
from schemas.document import PageSpan

#: A horizontal gap of this share of the font size is a missing space.
WORD_GAP = 0.16
SOFT_HYPHEN = "\u00ad"
#: Hyphen-minus, hyphen, soft hyphen: characters that break a word at the end of a line.
HYPHENS = "-\u2010" + SOFT_HYPHEN
#: Typesetters that break words with this character use the hyphen-minus for real hyphens only.
AUTOMATIC_HYPHEN = "\u2010"
#: Left parts that English writes with a hyphen although the whole is one word.
HYPHENATED_PREFIXES = frozenset({"cross", "ex", "half", "mid", "multi", "non", "quasi", "self", "semi", "well"})
#: Shorter halves of broken words are words of their own too often ("in-formation").
COMPOUND_PART = 4
#: Lines of this many characters fill a paragraph; so many make a statistic; real hyphens end at most this share.
LONG_LINE, ENOUGH_LINES, RARE_HYPHENS = 20, 40, 0.022
_WORD = re.compile(r"\w+(?:[-\u2010'’]\w+)*")
_BROKEN_WORD = re.compile(r"[\w'’]+(?:[-\u2010][\w'’]+)*(?=[-\u2010\u00ad]$)")
_FIRST_WORD = re.compile(r"\w+")
_BLANKS = re.compile(r"[ \t]+")
_AROUND_NEWLINE = re.compile(r" *\n *")


def _translation() -> dict[int, str | None]:
    """Odd spaces to plain ones, line separators to newline, presentation forms opened, invisible characters removed."""
    table: dict[int, str | None] = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])
    table |= {ord("\t"): "\t", 0x0A: "\n", 0x0B: "\n", 0x0C: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
    table |= dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
    invisible = [0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xFFFE, 0xFFFF]
    table |= dict.fromkeys(invisible)
    table |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
    forms = [*range(0xFB00, 0xFB07), *range(0xFB13, 0xFB18), *range(0xFB50, 0xFDFE), *range(0xFE70, 0xFEFD)]
    return table | {code: unicodedata.normalize("NFKC", chr(code)) for code in forms}


_TRANSLATION = _translation()


def normalise(text: str) -> str:
    """NFC with ligatures opened, odd spaces made plain, and controls and zero-width characters removed."""
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").translate(_TRANSLATION))


def join_spans(spans: Sequence[PageSpan], keep_lines: bool = False, known_words: AbstractSet[str] = frozenset()) -> str:
    """The normalised text of an element. `keep_lines` keeps line breaks and indentation (code).

    `known_words` are words of the document (see `document_words`); they decide whether a hyphen at a line's end stays.
    """
    lines = [[part.span for part in group] for _, group in groupby(spans, key=lambda part: (part.page, part.line))]
    if keep_lines:
        return normalise("\n".join(_indented(lines))).strip("\n")
    text = ""
    for line in lines:
        text = _append_line(text, line_text(line), known_words)
    return collapse(normalise(text))


def collapse(text: str) -> str:
    """Runs of blanks become one space; blanks around newlines and at the ends go."""
    if "  " not in text and "\t" not in text and "\n" not in text:
        return text.strip(" ")
    return _AROUND_NEWLINE.sub("\n", _BLANKS.sub(" ", text)).strip()


def line_text(spans: Sequence[Span]) -> str:
    """Spans of one line, concatenated; a space goes in where only a gap separates words."""
    if len(spans) == 1:
        return spans[0].text
    out: list[str] = []
    previous: Span | None = None
    for span in spans:
        if previous is not None and _gap_is_space(previous, span):
            out.append(" ")
        out.append(span.text)
        previous = span
    return "".join(out)


def _gap_is_space(left: Span, right: Span) -> bool:
    if left.box is None or right.box is None or left.text[-1:].isspace() or right.text[:1].isspace():
        return False
    ax0, ay0, ax1, ay1 = left.box
    bx0, by0, bx1, by1 = right.box
    wide = WORD_GAP * max(left.size, right.size, 1.0)
    return bx0 - ax1 > wide or ax0 - bx1 > wide or by0 - ay1 > wide or ay0 - by1 > wide


def _append_line(text: str, line: str, known_words: AbstractSet[str]) -> str:
    text, line = text.rstrip(" \t\u00a0"), line.lstrip(" \t\u00a0")
    if not text or not line:
        return text + line
    if text[-1] in HYPHENS and len(text) > 1:
        joined = _without_hyphen(text, line, known_words)
        if joined is not None:
            return joined
    if text[-1] == "\n" or _dash_joins(text, line) or (_is_dense(text[-1]) and _is_dense(line[0])):
        return text + line
    return f"{text} {line}"


def _without_hyphen(text: str, line: str, known_words: AbstractSet[str]) -> str | None:
    """The lines joined at the broken word; None when the hyphen is a dash or opens a range."""
    if text[-1] == SOFT_HYPHEN:
        return text[:-1] + line
    broken, following = _BROKEN_WORD.search(text[-80:]), _FIRST_WORD.match(line)
    if broken is None or following is None:
        return None
    if _keeps_hyphen(text[-1], broken.group().lower(), following.group(), known_words):
        return text + line
    return text[:-1] + line


def _keeps_hyphen(hyphen: str, left: str, right: str, known_words: AbstractSet[str]) -> bool:
    if not left[-1].isalpha() or (hyphen == "-" and not right[0].islower()):
        return True
    if f"{left}-{right}" in known_words:
        return True
    if left + right in known_words:
        return False
    if hyphen != "-":
        return False
    if AUTOMATIC_HYPHEN in known_words or "-" in left or left in HYPHENATED_PREFIXES:
        return True
    return min(len(left), len(right)) >= COMPOUND_PART and left in known_words and right in known_words


def _dash_joins(text: str, line: str) -> bool:
    """Whether a dash without blanks around it ends or opens a line."""
    return (text[-1] == "—" and not text[-2:-1].isspace()) or (line[0] == "—" and not line[1:2].isspace())


def _is_dense(char: str) -> bool:
    """Scripts written without spaces between words: kana, Han and their punctuation."""
    code = ord(char)
    return (
        0x3001 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or 0xFF01 <= code <= 0xFF65 or 0x20000 <= code <= 0x3FFFF
    )


#: Blanks that a line of code is indented by at most: glyphs without width would give millions.
DEEPEST = 200


def _indented(lines: list[list[Span]]) -> Iterator[str]:
    """Lines of code; where the file draws indentation as an offset, it becomes blanks."""
    starts = [line[0].box.x0 for line in lines if line[0].box is not None]
    left = min(starts, default=0.0)
    for line in lines:
        text, first = line_text(line).rstrip(), line[0]
        advance = first.box.width / len(first.text) if first.box is not None and first.text else 0.0
        indent = min(DEEPEST, round((first.box.x0 - left) / advance)) if first.box is not None and advance > 0 else 0
        yield " " * indent + text


def document_words(pages: Iterable[ExtractedPage]) -> frozenset[str]:
    """Lower-case words and compounds that stand unbroken inside a line of the document.

    Holds `AUTOMATIC_HYPHEN` too when lines end with it, or so rarely with a hyphen-minus that words are not broken.
    """
    words: set[str] = set()
    long_lines = broken_lines = 0
    for page in pages:
        for line in page.lines:
            text = normalise(line_text(line.spans)).lower()
            if text.endswith(AUTOMATIC_HYPHEN):
                words.add(AUTOMATIC_HYPHEN)
            long_lines += len(text) > LONG_LINE
            broken_lines += len(text) > LONG_LINE and text.endswith("-")
            # The first and the last word of a line may be halves of broken words.
            words.update(_WORD.findall(text.replace(AUTOMATIC_HYPHEN, "-"))[1:-1])
    if long_lines >= ENOUGH_LINES and broken_lines < RARE_HYPHENS * long_lines:
        words.add(AUTOMATIC_HYPHEN)
    return frozenset(words)
