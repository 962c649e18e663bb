"""Joining spans: spaces from gaps, hyphens at line ends, Unicode."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import ExtractedPage, Extraction, Line, Span
from schemas.document import DocumentInfo, PageSpan
from schemas.geometry import Box
from schemas.source import SourceRef
from transforms.assemble.document import assemble
from transforms.assemble.text import AUTOMATIC_HYPHEN, document_words, join_spans, normalise


def spans_of(*lines: str) -> list[PageSpan]:
    return [PageSpan(1, Span(text), number) for number, text in enumerate(lines)]


def placed(text: str, x0: float, x1: float, line: int = 0) -> PageSpan:
    return PageSpan(1, Span(text, Box(x0, 0, x1, 10), size=10.0), line)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["one", "two"], "one two"),
        (["the Artax\u2010", "erxes opera"], "the Artaxerxes opera"),
        (["Mc\u2010", "Carthy"], "McCarthy"),
        (["soft\u00ad", "ware"], "software"),
        (["inter-", "national"], "international"),
        (["the self-", "evident"], "the self-evident"),
        (["state-of-the-", "art"], "state-of-the-art"),
        (["1990-", "1995"], "1990-1995"),
        (["north-", "South"], "north-South"),
        (["a dash -", "here"], "a dash - here"),
        (["Windibank—", "that"], "Windibank—that"),
        (["spaced —", "out"], "spaced — out"),
        (["日本", "語"], "日本語"),
        (["-", "x"], "- x"),
    ],
)
def test_lines_join(lines: list[str], expected: str) -> None:
    assert join_spans(spans_of(*lines)) == expected


def test_known_words_decide_about_hyphens() -> None:
    assert join_spans(spans_of("sitting-", "room"), known_words={"sitting", "room"}) == "sitting-room"
    assert join_spans(spans_of("sitting-", "room"), known_words={"sitting", "room", "sittingroom"}) == "sittingroom"
    assert join_spans(spans_of("foot-", "ball"), known_words={"foot-ball"}) == "foot-ball"
    assert join_spans(spans_of("odd-", "ly"), known_words={AUTOMATIC_HYPHEN}) == "odd-ly"


def test_gaps_become_spaces() -> None:
    assert join_spans([placed("ab", 0, 10), placed("cd", 10.2, 20)]) == "abcd"
    assert join_spans([placed("ab", 0, 10), placed("cd", 14, 24)]) == "ab cd"
    assert join_spans([placed("ab ", 0, 10), placed("cd", 14, 24)]) == "ab cd"


def test_spans_without_boxes_are_concatenated() -> None:
    assert join_spans([PageSpan(1, Span("bold")), PageSpan(1, Span("er"))]) == "bolder"


def test_code_keeps_lines_and_indentation() -> None:
    spans = [placed("if x:", 10, 40, 0), placed("return 1", 34, 82, 1)]
    assert join_spans(spans, keep_lines=True) == "if x:\n    return 1"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("o\ufb03ce", "office"),
        ("a\u00a0b", "a b"),
        ("a\u200bb\ufeff", "ab"),
        ("x\x00y\x07", "xy"),
        ("e\u0301", "é"),
        ("a\ud800b", "a\ufffdb"),
        ("\ufee3", "م"),
        ("½ x² …", "½ x² …"),
        ("a\u202eb", "ab"),
        ("a\r\nb", "a\nb"),
    ],
)
def test_normalise(raw: str, clean: str) -> None:
    assert normalise(raw) == clean


@given(st.text())
def test_joined_text_is_a_fixed_point(text: str) -> None:
    once = join_spans([PageSpan(1, Span(text))])
    assert join_spans([PageSpan(1, Span(once))]) == once
    assert unicodedata.is_normalized("NFC", once)
    once.encode("utf-8")


@given(st.lists(st.text(alphabet="ab -\u2010\u00ad\n", max_size=12), max_size=6))
def test_joining_loses_no_letters(lines: list[str]) -> None:
    letters = [char for line in lines for char in line if char in "ab"]
    assert [char for char in join_spans(spans_of(*lines)) if char in "ab"] == letters


def page_of(texts: list[str]) -> ExtractedPage:
    lines = [Line((Span(text),), Box(0, 0, 1, 1)) for text in texts]
    return ExtractedPage(number=1, lines=lines)


def test_document_words_leave_out_line_ends() -> None:
    words = document_words([page_of(["un Some well-known words bro"])])
    assert words == {"some", "well-known", "words"}


def test_rare_line_end_hyphens_are_real_ones() -> None:
    rare = [*["a line of some length without a break"] * 99, "a line that ends with a real-"]
    often = [*["a line of some length without a break"] * 90, *["a line that ends with a bro-"] * 10]
    assert AUTOMATIC_HYPHEN in document_words([page_of(rare)])
    assert AUTOMATIC_HYPHEN not in document_words([page_of(often)])
    assert AUTOMATIC_HYPHEN in document_words([page_of(["bro\u2010"])])


def test_assembled_text_keeps_hyphens_that_the_document_writes_inside_lines() -> None:
    texts = [
        "our well-known long-term plan is",
        "a plan for the long-",
        "term future of the know-",
        "ledge of all of us",
    ]
    boxes = [Box(50, 100 + 12 * n, 250, 110 + 12 * n) for n in range(len(texts))]
    lines = [Line((Span(text, box, "Serif", 10.0),), box) for text, box in zip(texts, boxes, strict=True)]
    page = ExtractedPage(number=1, width=600, height=800, lines=lines)
    info = DocumentInfo(doc_id="d", ref=SourceRef(uri="u", path="p"))
    text = " ".join(element.text for element in assemble(info, Extraction(page_count=1, pages=[page])).elements)
    assert "long-term future of the knowledge" in text
