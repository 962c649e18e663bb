"""Which pages OCR is asked to read."""

import pytest

from schemas.content import Block, BlockType, ExtractedPage, Image, Line, PageStatus, Span
from schemas.geometry import Box
from transforms.ocr.decision import OCR_LAYER, Decision, decide, image_dpi
from transforms.ocr.text_quality import text_quality

PAGE = Box(0, 0, 600, 800)
TOP = Box(50, 50, 550, 60)
GOOD = (
    "The committee met on Thursday to discuss the budget of the harbour which had grown beyond what the members "
    "thought reasonable and they heard the engineer who described the damage that the winter storms had done to the "
    "northern pier and to the lamps along the breakwater before the chairman proposed that the repairs be paid"
)
GERMAN = (
    "Der Ausschuss traf sich am Donnerstag um über den Haushalt des Hafens zu beraten der stärker gewachsen war als "
    "die Mitglieder für vernünftig hielten und sie hörten den Ingenieur der die Schäden beschrieb welche die Stürme "
    "des Winters am nördlichen Pier und an den Lampen angerichtet hatten bevor der Vorsitzende sprach"
)


def line(text: str, box: Box = TOP, **facts: object) -> Line:
    return Line((Span(text, box, **facts),), box)  # type: ignore[arg-type]


def scan(width: int = 2500, height: int = 3333, box: Box = PAGE) -> Image:
    return Image(box, width, height)


def page(*lines: Line, images: tuple[Image, ...] = (), **facts: object) -> ExtractedPage:
    return ExtractedPage(number=4, width=600, height=800, lines=list(lines), images=list(images), **facts)  # type: ignore[arg-type]


def shifted(text: str, by: int) -> str:
    return "".join(chr((ord(c) - 97 + by) % 26 + 97) if "a" <= c <= "z" else c for c in text.lower())


@pytest.mark.parametrize("text", [GOOD, GERMAN, GOOD.upper(), "Итоги года " * 40, "12.5 18.4 99.0 " * 30])
def test_good_text_is_left_alone(text: str) -> None:
    assert decide(page(line(text))) == Decision(page=4)


def test_a_scan_without_text_is_read() -> None:
    decision = decide(page(images=(scan(),)))
    assert decision.needed and not decision.regions and decision.score == 1.0
    assert decision.reason == "no text, images on 100% of the page"


def test_tiles_of_a_scan_count_together() -> None:
    tiles = tuple(scan(100, 20, Box(0, 8.0 * n, 600, 8.0 * n + 8)) for n in range(100))
    assert decide(page(images=tiles)).needed


def test_a_page_without_anything_needs_nothing() -> None:
    assert not decide(page(status=PageStatus.EMPTY)).needed
    assert not decide(page(images=(scan(20, 20, Box(0, 0, 20, 20)),))).needed


@pytest.mark.parametrize("by", [1, 3, 7, 13])
def test_letters_that_are_shifted_make_no_language(by: int) -> None:
    decision = decide(page(line(shifted(GOOD, by))))
    assert decision.needed and decision.discard_text and decision.reason.startswith("garbled text")


@pytest.mark.parametrize("char", ["\ufffd", "\uf0b7", "\x03"])
def test_characters_without_meaning_are_garbled(char: str) -> None:
    decision = decide(page(line(f"abc{char}{char}{char} de{char}" * 5)))
    assert decision.needed and decision.discard_text and "have no meaning" in decision.reason


def test_a_few_bullets_without_meaning_are_no_reason() -> None:
    assert not decide(page(line(f"\uf0b7 {GOOD}"))).needed


def test_hidden_text_is_not_judged() -> None:
    assert not decide(page(line(shifted(GOOD, 5), hidden="off page"))).needed


def test_a_good_ocr_layer_is_trusted_unless_it_shall_be_redone() -> None:
    layered = page(line(GOOD, origin=OCR_LAYER), images=(scan(),))
    assert not decide(layered).needed
    redone = decide(layered, "redo")
    assert redone.needed and redone.discard_text and not redone.keep_if_better


def test_a_poor_ocr_layer_is_read_again() -> None:
    poor = " ".join(
        word[:-2] + "l" + word[-1:] + "i" if number % 3 else word for number, word in enumerate(GOOD.split())
    )
    decision = decide(page(line(poor, origin=OCR_LAYER), images=(scan(),)))
    assert decision.needed and decision.discard_text and decision.keep_if_better
    assert decision.reason.startswith("poor OCR layer")


def test_a_stamp_on_a_scan_is_read_without_question() -> None:
    decision = decide(page(line("Page 7"), images=(scan(),)))
    assert decision.needed and not decision.verify


def test_labels_on_a_page_filling_image_are_verified() -> None:
    decision = decide(page(line("A title over a photograph of the harbour"), images=(scan(),)))
    assert decision.needed and decision.verify and not decision.discard_text


def test_much_text_over_a_background_needs_nothing() -> None:
    assert not decide(page(line(GOOD * 3), images=(scan(),))).needed


def test_a_coarse_background_is_no_scan() -> None:
    assert not decide(page(line("Title of the slide here"), images=(scan(60, 80),))).needed


def test_a_scanned_insert_is_a_region() -> None:
    insert = Box(50, 400, 550, 700)
    decision = decide(page(line(GOOD), images=(scan(2000, 1200, insert),)))
    assert decision.regions == (insert,) and decision.verify and not decision.discard_text


def test_an_image_with_text_on_it_is_no_insert() -> None:
    inside = line("words on the picture", Box(60, 420, 300, 440))
    assert not decide(page(line(GOOD), inside, images=(scan(2000, 1200, Box(50, 400, 550, 700)),))).needed


def test_regions_stay_on_the_page() -> None:
    decision = decide(page(line(GOOD * 3), images=(scan(2000, 1200, Box(-50, 400, 700, 900)),)))
    assert decision.regions == (Box(0, 400, 600, 800),)


def test_outlines_of_glyphs_are_text() -> None:
    assert decide(page(line("7"), outlines=800)).needed
    assert not decide(page(line(GOOD), outlines=200)).needed
    assert not decide(page(outlines=20)).needed


def test_modes() -> None:
    whole = decide(page(line(GOOD)), "always")
    assert whole.needed and whole.discard_text and whole.reason == "asked for"
    assert not decide(page(images=(scan(),)), "never").needed


def test_flow_formats_and_failed_pages_need_nothing() -> None:
    flow = ExtractedPage(number=1, blocks=[Block(type=BlockType.PARAGRAPH)])
    assert not decide(flow, "always").needed
    assert not decide(page(images=(scan(),), status=PageStatus.FAILED), "always").needed


def test_resolution_of_turned_and_placeless_images() -> None:
    assert image_dpi(scan(2500, 3333)) == pytest.approx(300, abs=1)
    assert image_dpi(scan(3333, 2500)) == pytest.approx(300, abs=1)
    assert image_dpi(Image(None, 10, 10)) == 0.0


def test_quality_of_no_text() -> None:
    assert text_quality("").known == 0.0


def test_ligatures_and_accents_count_as_their_letters() -> None:
    assert text_quality("ﬁnancial oﬃces").known == 1.0
    assert text_quality("répété élève àâêî").latin == 1.0
