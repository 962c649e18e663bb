"""Warnings about languages that cannot be what a page is written in."""

import numpy as np
import pytest

from schemas.content import ExtractedPage, Line, Span
from schemas.geometry import Box
from transforms.ocr import scripts
from transforms.ocr.images.pixels import packed
from transforms.ocr.scripts import doubt_about_script, script_mismatch

IMAGE = packed(np.full((20, 30), 255, np.uint8), 1, 100, (1, 0, 0, 1, 0, 0))


@pytest.mark.parametrize(
    ("script", "confidence", "languages", "warns"),
    [
        ("Cyrillic", 9.0, ["eng", "deu"], True),
        ("Cyrillic", 0.5, ["eng"], False),
        ("Cyrillic", 9.0, ["eng", "rus"], False),
        ("Latin", 9.0, ["eng"], False),
        ("Han", 9.0, ["jpn"], False),
        ("Han", 9.0, ["kor"], True),
    ],
)
def test_a_script_that_no_language_writes_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, script: str, confidence: float, languages: list[str], warns: bool
) -> None:
    facts = {"script": script, "script_conf": confidence}
    monkeypatch.setattr(scripts.pytesseract, "image_to_osd", lambda *_, **__: facts)
    sentence = script_mismatch(IMAGE, languages)
    assert (script in sentence and "+".join(languages) in sentence) if warns else sentence == ""


def test_no_answer_is_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise scripts.pytesseract.TesseractError(1, "too few characters")

    monkeypatch.setattr(scripts.pytesseract, "image_to_osd", fail)
    assert script_mismatch(IMAGE, ["eng"]) == ""


@pytest.mark.parametrize(
    ("confidence", "words", "looked"), [(0.4, ["Nopa"], 1), (0.9, ["Harbour"], 0), (0.4, [], 0), (1.0, [], 0)]
)
def test_only_pages_that_read_badly_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, confidence: float, words: list[str], looked: int
) -> None:
    calls = []
    monkeypatch.setattr(scripts, "script_mismatch", lambda *asked: calls.append(asked) or "a warning")
    box = Box(0, 0, 9, 9)
    lines = [Line((Span(word, box, origin="fake", confidence=confidence),), box) for word in words]
    page = ExtractedPage(number=1, lines=lines, confidence=confidence)
    assert doubt_about_script(page, IMAGE, ["eng"]) == ("a warning" if looked else "")
    assert len(calls) == looked
