"""Rules in page images, blank pages, and pictures against text."""

from collections.abc import Callable

import numpy as np
import pytest

from schemas.geometry import Box
from transforms.ocr.images.ink import has_ink, has_text
from transforms.ocr.images.pixels import Pixels, grey
from transforms.ocr.images.rules import find_rules, is_horizontal, without_rules


@pytest.mark.parametrize("noise", [0, 18])
def test_the_rules_of_a_table_are_found_and_no_text(drawn: Callable, rendered: Callable, noise: int) -> None:
    pixels = rendered(drawn(table=True), 150)
    pixels = np.clip(pixels + np.random.default_rng(1).normal(0, noise, pixels.shape), 0, 255).astype(np.uint8)
    rules = find_rules(pixels, 150)
    scale = 72 / 150
    across = sorted(round((rule.y0 + rule.y1) / 2 * scale) for rule in rules if is_horizontal(rule))
    down = sorted(round((rule.x0 + rule.x1) / 2 * scale) for rule in rules if not is_horizontal(rule))
    assert across == pytest.approx([260, 284, 308, 332], abs=1)
    assert down == pytest.approx([50, 170, 290, 410], abs=1)


@pytest.mark.parametrize("dpi", [72, 100, 150, 300])
@pytest.mark.parametrize("size", [6, 8, 11])
@pytest.mark.parametrize("claimed", [72, None])
def test_prose_has_no_rules(drawn: Callable, rendered: Callable, dpi: int, size: float, claimed: int | None) -> None:
    assert find_rules(rendered(drawn(size=size), dpi), claimed or dpi) == ()


def test_paint_touches_no_letter() -> None:
    pixels = np.full((60, 400), 255, np.uint8)
    pixels[30:33, 20:380] = 0
    pixels[12:30, 100:104] = 0
    clean = without_rules(pixels, [Box(20, 30, 380, 33)], 150)
    assert (clean[12:30, 100:104] == 0).all() and (clean[30:33, 120:370] == 255).all()


def test_rules_are_painted_over_and_text_stays(drawn: Callable, rendered: Callable) -> None:
    pixels = rendered(drawn(table=True), 150)
    clean = without_rules(pixels, find_rules(pixels, 150), 150)
    assert find_rules(clean, 150) == ()
    text = slice(0, int(250 * 150 / 72))
    assert np.array_equal(clean[text], pixels[text])
    cell = (slice(int(264 * 150 / 72), int(280 * 150 / 72)), slice(int(55 * 150 / 72), int(165 * 150 / 72)))
    assert np.array_equal(clean[cell], pixels[cell])


def test_rules_are_painted_over_in_colour_too(drawn: Callable, rendered: Callable) -> None:
    pixels = rendered(drawn(table=True), 150)
    rules = find_rules(pixels, 150)
    clean = without_rules(np.dstack([pixels, pixels // 2, pixels]), rules, 150)
    assert np.array_equal(clean[:, :, 0], without_rules(pixels, rules, 150))
    assert find_rules(grey(clean), 150) == ()


def test_drawings_have_too_many_rules() -> None:
    pixels = np.full((3000, 3000), 255, np.uint8)
    pixels[::4, 100:] = 0
    assert find_rules(pixels, 72) == ()


def test_blank_paper_has_no_ink(drawn: Callable, rendered: Callable) -> None:
    paper = np.linspace(180, 240, 800 * 600).reshape(800, 600)
    paper = (paper + np.random.default_rng(2).normal(0, 4, paper.shape)).astype(np.uint8)
    paper[:, :9] = 10
    assert not has_ink(paper, 100)
    assert has_ink(rendered(drawn(["Just one line of text"]), 100), 100)


def test_one_word_in_large_letters_is_ink(drawn: Callable, rendered: Callable) -> None:
    assert has_ink(rendered(drawn(["VOID"], size=120), 150), 150)


def test_light_text_on_a_dark_page_is_ink(drawn: Callable, rendered: Callable) -> None:
    assert has_ink(np.invert(rendered(drawn(), 150)), 150)


def picture() -> Pixels:
    random = np.random.default_rng(3)
    small = random.integers(0, 255, (40, 50)).astype(np.uint8)
    return np.kron(small, np.ones((20, 20), np.uint8)).astype(np.uint8)


def test_pictures_hold_no_text(drawn: Callable, rendered: Callable) -> None:
    assert not has_text(picture(), 150)
    assert not has_text(np.full((200, 200), 255, np.uint8), 150)
    assert has_text(rendered(drawn(), 150), 150)


def test_turned_text_is_text(drawn: Callable, rendered: Callable) -> None:
    assert has_text(np.ascontiguousarray(np.rot90(rendered(drawn(), 150))), 150)


def test_text_that_is_known_does_not_count(drawn: Callable, rendered: Callable) -> None:
    assert not has_text(rendered(drawn(), 150), 150, [Box(0, 0, 2000, 2000)])
