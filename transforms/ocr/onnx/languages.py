"""Which languages a recognition model can write, and which of its characters they need."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

#: Letters beyond a-z, by Tesseract's name of the language. Letters only: the shipped model has no '¡'.
LETTERS = {
    "afr": "áéèêëíîïóôöúûüý",
    "cat": "àçéèíïóòúü",
    "ces": "áčďéěíňóřšťúůýž",
    "cym": "âêîôûŵŷáéíóúàèìòùäëïöüÿ",
    "dan": "æøåé",
    "deu": "äöüß",
    "eng": "",
    "epo": "ĉĝĥĵŝŭ",
    "est": "äõöüšž",
    "eus": "ñü",
    "fin": "äöåšž",
    "fra": "àâæçéèêëîïôœùûüÿ",
    "gle": "áéíóú",
    "glg": "áéíóúüñ",
    "hrv": "čćđšž",
    "hun": "áéíóöőúüű",
    "ind": "é",
    "isl": "áðéíóúýþæö",
    "ita": "àèéìíîòóùú",
    "lat": "āēīōūæœ",
    "lav": "āčēģīķļņšūž",
    "lit": "ąčęėįšųūž",
    "ltz": "äéë",
    "mlt": "ċġħż",
    "msa": "",
    "nld": "áéëíïóöúèü",
    "nor": "æøåéòô",
    "oci": "àáçèéíïòóúü",
    "pol": "ąćęłńóśźż",
    "por": "àáâãçéêíóôõúü",
    "ron": "ăâîșțşţ",
    "slk": "áäčďéíĺľňóôŕšťúýž",
    "slv": "čšž",
    "spa": "áéíñóúü",
    "sqi": "çë",
    "srp_latn": "čćđšž",
    "swa": "",
    "swe": "åäöé",
    "tgl": "ñ",
    "tur": "çğıİöşü",
    "vie": "ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
    "ell": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "rus": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "ukr": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "bul": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "kor": "가나다라마바사아자차카타파하",
    "ara": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "heb": "אבגדהוזחטיכלמנסעפצקרשת",
    "tha": "กขคงจฉชซญดตถทธนบปผฝพฟภมยรลวศสหอ",
    "hin": "अआइईउऊएऐओऔकखगघचछजझटठडढतथदधनपफबभमयरलवशषसह",
    "chi_sim": "的一是不了在人有我他这个们中来上大为和国",
    "chi_tra": "的一是不了在人有我他這個們中來上大為和國",
    "jpn": "あいうえおかきくけこアイウエオカキクケコ日本語",
}
#: Written in thousands of characters; with one of them asked for, the model may write all that it knows.
_LARGE = frozenset({"chi_sim", "chi_tra", "jpn"})
_BASIC = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#: From here on Unicode holds East Asian characters and their wide forms of Latin ones.
_EAST_ASIAN = "\u2e80"


#: Those that the shipped model can write: what `covered` says of its characters, known without loading it.
# fmt: off
SHIPPED = (
    "afr", "cat", "ces", "chi_sim", "chi_tra", "cym", "dan", "deu", "eng", "epo", "est", "eus", "fin", "fra", "gle",
    "glg", "hrv", "hun", "ind", "isl", "ita", "jpn", "lat", "lav", "lit", "ltz", "mlt", "msa", "nld", "nor", "oci",
    "pol", "por", "ron", "slk", "slv", "spa", "sqi", "srp_latn", "swa", "swe", "tgl", "tur",
)
# fmt: on


def covered(characters: Collection[str]) -> tuple[str, ...]:
    """The languages whose letters are all among `characters`, in alphabetical order."""
    known = set(characters)
    return tuple(sorted(name for name, letters in LETTERS.items() if _both_cases(letters) <= known))


def classes(characters: Sequence[str], languages: Collection[str]) -> list[int]:
    """Positions of the characters that these languages need.

    Latin languages share one alphabet: names cross borders. It has digits, punctuation, symbols and the Greek letters
    of formulas, not the look-alikes of letters in phonetic and East Asian scripts.
    """
    if _LARGE.intersection(languages):
        return list(range(len(characters)))
    letters = set(_BASIC).union(*(_both_cases(text) for text in LETTERS.values()))
    return [i for i, character in enumerate(characters) if _is_western(character, letters)]


def _is_western(character: str, letters: Collection[str]) -> bool:
    if character in letters and character < _EAST_ASIAN:
        return True
    if unicodedata.category(character)[0] in "PSNZ":
        return character < _EAST_ASIAN
    return unicodedata.name(character, "").startswith(("GREEK CAPITAL LETTER", "GREEK SMALL LETTER"))


def _both_cases(letters: str) -> set[str]:
    changed = {letter.upper() for letter in letters}
    return set(letters) | {letter for letter in changed if len(letter) == 1}
