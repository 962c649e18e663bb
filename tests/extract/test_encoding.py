"""Character sets: marks, declarations, statistics."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.failures import Corrupt
from transforms.extract.text.encoding import decode

GERMAN = "Zwölf große Boxkämpfer jagen Viktor quer über den Sylter Deich. Übermut tut selten gut, sagte er später."
RUSSIAN = "Съешь же ещё этих мягких французских булок да выпей чаю. Широкая электрификация южных губерний."
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_beats_every_declaration(charset: str) -> None:
    decoded = decode(GERMAN.encode(charset), declared="iso-8859-1")
    assert decoded.text == GERMAN
    assert decoded.charset.startswith(charset[:6].rstrip("-"))


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_utf16_without_mark(charset: str) -> None:
    assert decode("<p>plain words</p>".encode(charset)).text == "<p>plain words</p>"


def test_declared_charset_is_used_when_it_fits() -> None:
    assert decode(RUSSIAN.encode("koi8-r"), declared="koi8-r").text == RUSSIAN


def test_declaration_inside_the_text() -> None:
    page = f'<html><head><meta charset="windows-1251"></head><p>{RUSSIAN}'
    assert decode(page.encode("cp1251")).text == page


@pytest.mark.parametrize("label", ["utf-8", "no-such-charset", "zip", "rot13", " ", "UTF-16"])
def test_wrong_declaration_never_fails(label: str) -> None:
    assert "große" in decode(GERMAN.encode("latin-1"), declared=label).text or label == "UTF-16"


def test_meta_utf8_over_latin1_bytes() -> None:
    data = '<meta charset="utf-8"><p>Café déjà vu</p>'.encode("latin-1")
    assert decode(data).text.endswith("<p>Café déjà vu</p>")


def test_latin1_label_means_windows_1252() -> None:
    assert decode(b"\x93quoted\x94 \x80 5", declared="iso-8859-1").text == "“quoted” € 5"


def test_valid_utf8_beats_a_single_byte_label() -> None:
    assert decode(GERMAN.encode(), declared="latin-1").text == GERMAN


def test_meta_utf16_in_a_byte_readable_page_is_ignored() -> None:
    assert decode(b'<meta charset="utf-16"><p>words</p>').text.endswith("words</p>")


@pytest.mark.parametrize(("text", "charset"), [(RUSSIAN, "cp1251"), (JAPANESE, "shift_jis"), (JAPANESE, "euc_jp")])
def test_statistics_find_undeclared_sets(text: str, charset: str) -> None:
    assert decode((text * 5).encode(charset)).text == text * 5


def test_damaged_utf8_stays_utf8() -> None:
    data = (RUSSIAN * 4).encode() + b"\xff" + RUSSIAN.encode()
    assert decode(data).text.replace("\ufffd", "") == RUSSIAN * 5


def test_late_accents_in_a_long_text() -> None:
    data = b"plain line\n" * 10_000 + GERMAN.encode("cp1252")
    assert decode(data).text.endswith(GERMAN)


def test_nul_bytes_are_dropped() -> None:
    assert decode(b"<p>alpha\x00 beta, gamma and delta</p>").text == "<p>alpha beta, gamma and delta</p>"


def test_binary_data_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="binary data"):
        decode(random.Random(3).randbytes(5000))


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"])))
def test_utf8_round_trip(text: str) -> None:
    assert decode(text.encode(), declared="utf-8").text == text.removeprefix("\ufeff")
