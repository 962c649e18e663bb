from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.ocr.onnx.ctc import Glyph, confidence, decode, word_spans, words

ALPHABET = ("", "a", "b", "c", " ")


@st.composite
def written(draw):
    """A text, and the class of each step when each character fires in a run with blanks wherever CTC needs them."""
    text = draw(st.text(alphabet="abc ", max_size=12))
    steps: list[int] = []
    for before, character in pairwise(["", *text]):
        least = int(before == character)
        steps += [0] * draw(st.integers(least, 3))
        steps += [ALPHABET.index(character)] * draw(st.integers(1, 3))
    return text, steps + [0] * draw(st.integers(0, 3))


@given(written())
def test_decoding_undoes_ctc(case):
    text, steps = case
    glyphs = decode(steps, [0.5] * len(steps), ALPHABET)
    assert "".join(glyph.text for glyph in glyphs) == text
    assert all(before.right <= after.left for before, after in pairwise(glyphs))
    assert all(0 <= glyph.left < glyph.right <= 1 for glyph in glyphs)


@given(written())
def test_words_are_what_spaces_part(case):
    text, steps = case
    found = words(decode(steps, [1.0] * len(steps), ALPHABET))
    assert ["".join(glyph.text for glyph in word) for word in found] == text.split()


def test_a_glyph_takes_the_score_of_the_step_that_fired():
    glyphs = decode([0, 1, 1, 0, 1], [0.9, 0.8, 0.1, 0.9, 0.6], ALPHABET)
    assert glyphs == [Glyph("a", 0.2, 0.6, 0.8), Glyph("a", 0.8, 1.0, 0.6)]
    assert confidence(glyphs) == pytest.approx(0.7)
    assert confidence([]) == 0.0


def test_words_end_where_the_widest_blank_between_them_begins():
    inked = np.zeros(100, bool)
    inked[10:22] = inked[25:40] = inked[60:90] = True
    first, second = [Glyph("a", 0.12, 0.14, 1), Glyph("b", 0.27, 0.3, 1)], [Glyph("c", 0.7, 0.72, 1)]
    assert word_spans([first, second], inked) == [(10, 40), (60, 90)]


def test_words_that_touch_are_parted_in_the_middle():
    inked = np.ones(100, bool)
    found = [[Glyph("a", 0.2, 0.3, 1)], [Glyph("b", 0.7, 0.8, 1)]]
    assert word_spans(found, inked) == [(0, 50), (50, 100)]


@given(
    st.lists(st.booleans(), min_size=1, max_size=80),
    st.lists(st.floats(0, 1), min_size=2, max_size=8).map(sorted),
)
def test_spans_are_never_empty_and_stay_in_the_crop(inked, places):
    found = [[Glyph("a", left, right, 1.0)] for left, right in pairwise(places)]
    spans = word_spans(found, np.array(inked))
    assert len(spans) == len(found)
    assert all(0 <= start < end for start, end in spans)
    assert all(start < len(inked) + 1 for start, _ in spans)
