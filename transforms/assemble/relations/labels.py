"""Labels of figures, tables, sections and equations ('Fig. 2a', 'Tabelle 3', 'Appendix B') and their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from schemas.document import ReferenceKind

#: Canonical label: what it points to, and its forms in English, German, French, Spanish, Italian and Dutch.
_FORMS: Mapping[str, tuple[ReferenceKind, str]] = MappingProxyType(
    {
        "figure": (
            ReferenceKind.FIGURE,
            "figure figures fig figs figura figuras figur figuren figuur abbildung abbildungen abb",
        ),
        "chart": (ReferenceKind.FIGURE, "chart charts graph graphs graphique graphiques diagram diagrams diagramm"),
        "scheme": (ReferenceKind.FIGURE, "scheme schemes schema schemas"),
        "plate": (ReferenceKind.FIGURE, "plate plates map maps illustration illustrations"),
        "exhibit": (ReferenceKind.FIGURE, "exhibit exhibits"),
        "table": (
            ReferenceKind.TABLE,
            "table tables tab tabs tabelle tabellen tableau tableaux tabla tablas tabella tabelle tabel quadro cuadro",
        ),
        "listing": (ReferenceKind.LISTING, "listing listings algorithm algorithms algorithmus"),
        "equation": (
            ReferenceKind.EQUATION,
            "equation equations eq eqs eqn eqns gleichung gleichungen gl équation équations formula formel",
        ),
        "section": (
            ReferenceKind.SECTION,
            "section sections sec secs sect abschnitt abschnitte abschnitten abschn sección § §§",
        ),
        "chapter": (ReferenceKind.SECTION, "chapter chapters chap ch kapitel kapiteln kap chapitre chapitres capítulo"),
        "part": (ReferenceKind.SECTION, "part parts teil partie"),
        "article": (ReferenceKind.SECTION, "article articles artikel"),
        "appendix": (ReferenceKind.SECTION, "appendix appendices annex annexes annexe anhang anhänge anlage"),
    }
)
CANONICAL: Mapping[str, str] = MappingProxyType(
    {form: name for name, (_, forms) in _FORMS.items() for form in forms.split()}
)
KINDS: Mapping[str, ReferenceKind] = MappingProxyType({name: kind for name, (kind, _) in _FORMS.items()})
#: Forms after which several numbers may follow: plurals and abbreviations.
_SEVERAL = frozenset(
    {"abb", "fig", "tab", "eq", "eqn", "sec", "sect", "§§", "figuren", "abbildungen", "tabellen", "gleichungen"}
    | {"abschnitte", "abschnitten", "kapiteln", "appendices", "anhänge", "tableaux"}
    | {form for form in CANONICAL if form.endswith("s")}
)
#: The longest forms have 13 letters.
_WORD = r"(?P<word>(?:(?<![^\W_])[^\W\d_]{2,13}|§§?))"
_NUMBER = r"(?:\d{1,3}(?:[.\-–]\d{1,3})*[a-z]?|[A-Z](?:[.\-–]?\d{1,3})+(?:\.\d{1,3})*[a-z]?|[IVXLC]{1,6}|[A-Z])"
#: A closing bracket belongs to an opening one: '(Fig. 3)', but 'Eq. (7)'.
_WHOLE = rf"(?P<open>\()?(?P<number>{_NUMBER})(?![^\W_])(?(open)\))"
_MENTION = re.compile(rf"{_WORD}\.?[ \xa0\n]?{_WHOLE}")
_NEXT = re.compile(rf"\s?(?:,|;|&|/|[-–—]|,?\s(?:and|und|et|y|e|or|oder|ou|to|bis|bzw\.)\s)\s?{_WHOLE}")
_LABEL = re.compile(rf"\W{{0,2}}{_WORD}\.?(?:[ \xa0\n]?(?P<number>{_NUMBER})(?![^\W_]))?")
#: What captions of the second part of a table say, in the same languages.
CONTINUED = re.compile(
    r"\b(?:continued|continuation|cont(?:\.|'?d\b)|fortsetzung|fortgesetzt|suite|continuación|continua|vervolg)",
    re.IGNORECASE,
)
_CAPTION_STOP = re.compile(r"\s?[.:|–—-](?:\s|$)|\s*$")
#: A longer paragraph is no caption.
_MAX_CAPTION = 600
_DASH = re.compile(r"[-–]")


class Mention(NamedTuple):
    """`text[start:end]` names a thing by its canonical label and its normalised number."""

    start: int
    end: int
    label: str
    number: str


def normal_number(number: str) -> str:
    """The number as a key: one kind of dash, lower case."""
    return number.replace("–", "-").casefold()


def leading_label(text: str) -> tuple[str, str]:
    """(canonical label, number) that a caption or heading begins with; '' for what is missing."""
    match = _LABEL.match(text)
    label = CANONICAL.get(match["word"].casefold(), "") if match else ""
    if not match or not label:
        return "", ""
    return label, normal_number(match["number"] or "")


def reads_as_caption(text: str) -> bool:
    """Whether a text begins as captions do, 'Table 2: ...'; not 'Table 2 shows'."""
    match = _LABEL.match(text) if len(text) <= _MAX_CAPTION else None
    if match is None or not match["number"] or match["word"].casefold() not in CANONICAL:
        return False
    return _CAPTION_STOP.match(text, match.end()) is not None


def mentions(text: str) -> Iterator[Mention]:
    """Everything in the text that looks like a label with a number, in order. '2–4' is read as its two ends."""
    for match in _MENTION.finditer(text):
        word = match["word"].casefold()
        label = CANONICAL.get(word)
        if label is None:
            continue
        yield from _pieces(match.start(), match, label)
        following = _NEXT.match(text, match.end()) if word in _SEVERAL else None
        while following is not None:
            yield from _pieces(following.start("number"), following, label)
            following = _NEXT.match(text, following.end())


def _pieces(start: int, match: re.Match[str], label: str) -> Iterator[Mention]:
    """The number as it stands; the two ends of a range are given as well, for when there is no such number."""
    number = match["number"]
    yield Mention(start, match.end(), label, normal_number(number))
    dash = _DASH.search(number)
    if dash is not None:
        at = match.start("number")
        yield Mention(start, at + dash.start(), label, normal_number(number[: dash.start()]))
        yield Mention(at + dash.end(), match.end(), label, normal_number(number[dash.end() :]))
