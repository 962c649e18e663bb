"""Whether a page is written in the script of the languages that were asked for; asked about pages that read badly."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import cv2
import pytesseract  # type: ignore[import-untyped]

from schemas.content import ExtractedPage
from transforms.ocr.images.pixels import grey, unpacked
from transforms.ocr.records import PageImage

LATIN = "Latin"
#: Scripts, by Tesseract's names, of languages that are not written in Latin letters.
SCRIPTS: Mapping[str, str] = MappingProxyType(
    {language: "Cyrillic" for language in ("bel", "bul", "kaz", "mkd", "rus", "srp", "ukr")}
    | {language: "Arabic" for language in ("ara", "fas", "urd")}
    | {"ell": "Greek", "grc": "Greek", "heb": "Hebrew", "hin": "Devanagari", "mar": "Devanagari", "tha": "Thai"}
    | {"jpn": "Japanese", "kor": "Korean", "chi_sim": "Han", "chi_tra": "Han"}
)
#: Confidence of a page below which its script is worth a look, and of the answer above which it counts.
LOW_CONFIDENCE, SURE = 0.6, 2.0
TIMEOUT = 60.0


def doubt_about_script(page: ExtractedPage, image: PageImage, languages: Sequence[str]) -> str:
    """See `script_mismatch`; '' for pages that read well, and for those that show no words."""
    return script_mismatch(image, languages) if page.lines and page.confidence < LOW_CONFIDENCE else ""


def script_mismatch(image: PageImage, languages: Sequence[str]) -> str:
    """A sentence for people when the page's script is none of the languages'; '' when it is, or cannot be told."""
    expected = {SCRIPTS.get(language, LATIN) for language in languages}
    found = _script(image)
    # Japanese is written with Han characters too.
    if not found or found in expected or (found == "Han" and "Japanese" in expected):
        return ""
    return f"the page seems to be in {found} script, which {'+'.join(languages)} does not write; see --ocr-language"


def _script(image: PageImage) -> str:
    with tempfile.TemporaryDirectory(prefix="docbeam-ocr-") as folder:
        path = Path(folder) / "page.pgm"
        cv2.imwrite(str(path), grey(unpacked(image)))
        try:
            facts = pytesseract.image_to_osd(str(path), timeout=TIMEOUT, output_type=pytesseract.Output.DICT)
        except (pytesseract.TesseractError, pytesseract.TesseractNotFoundError, RuntimeError, OSError):
            return ""
    return str(facts["script"]) if facts["script_conf"] >= SURE else ""
