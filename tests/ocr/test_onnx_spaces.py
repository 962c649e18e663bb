"""Blanks as wide as a space are spaces; letters that stand apart are not."""

import pytest

from transforms.ocr.onnx.ctc import Glyph
from transforms.ocr.onnx.spaces import Blank, usual_space, with_spaces

HEIGHT = 40


def glyphs(text):
    return [Glyph(letter, i / len(text), (i + 1) / len(text), 0.9) for i, letter in enumerate(text)]


def blanks(text, *pixels):
    return [
        Blank(place, text[place], text[place + 1], wide / HEIGHT, 1 / HEIGHT, False)
        for place, wide in enumerate(pixels)
    ]


def read(text, *pixels, space=0.4):
    return "".join(glyph.text for glyph in with_spaces(glyphs(text), blanks(text, *pixels), space))


@pytest.mark.parametrize(
    ("text", "pixels", "said"),
    [
        ("14A", (3, 13), "14 A"),
        ("14A", (3, 8), "14A"),
        ("taxInvoice", (3, 3, 16, 3, 3, 3, 3, 3, 3), "tax Invoice"),
        ("thankyou", (3, 3, 3, 3, 20, 3, 3), "thank you"),
        ("thankyou", (3, 3, 3, 3, 14, 3, 3), "thankyou"),
        # Letters set apart, thin letters, and points with white beside them.
        ("NOTICE", (16, 16, 16, 16, 16), "NOTICE"),
        ("total", (3, 3, 3, 20), "total"),
        ("73.00", (3, 12, 20, 3), "73.00"),
    ],
)
def test_a_wide_blank_is_a_space(text, pixels, said):
    assert read(text, *pixels) == said


def test_a_page_set_wide_has_wide_spaces():
    assert read("14A", 3, 13, space=0.9) == "14A"
    spaced = [Blank(0, "a", "b", 0.9, 0.02, True)] * 5
    assert usual_space([spaced, blanks("ab", 3)]) == 0.9
    assert usual_space([spaced[:4]]) == 0.5
