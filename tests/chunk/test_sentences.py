import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.chunk.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[a:b] for a, b in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["One ends.", "Two ends!", "Three?"],
        ["Dr. Smith paid 3.5 million in the U.S. for it.", "Was it worth it?"],
        ["See Fig. 3 and e.g. Sect. 4.2 (p. 12).", "Then go on."],
        ['He said: "It works."', "Then he left."],
        ["1. Aim of the study.", "It was short."],
        ["J. R. Tolkien wrote . . . a lot.", "Really."],
        ['"Really?" she asked.', "Yes…", "No."],
    ],
)
def test_latin_sentences(expected):
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    "expected", [["你好。", "世界很大！", "「不是吗？」", "是"], ["यह वाक्य है।", "दूसरा।"], ["مرحبا؟", "نعم۔"]]
)
def test_other_terminators(expected):
    assert sentences("".join(expected)) == expected


def test_a_blank_line_ends_a_sentence_and_a_line_break_does_not():
    assert sentences("no full stop\n \nnext\nline") == ["no full stop", "next\nline"]


@given(st.text(st.sampled_from('aB1 .!?…。”")\n(«')), st.integers(0, 5))
def test_spans_hold_everything_but_whitespace(text, start):
    spans = sentence_spans(text, start)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text[start:].split())
    assert spans == sorted(spans)
    assert all(a < b and text[a:b] == text[a:b].strip() for a, b in spans)
