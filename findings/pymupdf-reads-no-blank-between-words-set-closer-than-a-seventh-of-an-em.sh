#!/usr/bin/env bash
# PyMuPDF 2.0, CPython 3.11, Linux; 2026-11-28.
#
# Typesetters place words without a character between them. MuPDF makes the blank that is missing where the gap is wide
# enough, by a fixed share of the font size, whatever the font: words set 0.14 em apart become one, those 0.16 em apart
# do not. Some fonts are set closer than that, and their sentences come out as one word each. The boxes of the characters
# in "rawdict" are right, so whoever knows a font's usual gap can part the words.
#
# Seen:
#   0.14 em: Compositionofthedata (the boxes have gaps of 1.4 pt)
#   0.16 em: Composition of the data
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pymupdf==2.0
"$folder/venv/bin/python" - <<'PYTHON'
import pymupdf

SIZE, FONT = 10.0, "helv"
WORDS = ("Composition", "of", "the", "data")


def page_with(gap: float) -> pymupdf.Page:
    document, x = pymupdf.open(), 72.0
    page, font = document.new_page(), pymupdf.Font(FONT)
    for word in WORDS:
        page.insert_text((x, 72), word, fontname=FONT, fontsize=SIZE)
        x += font.text_length(word, SIZE) + gap * SIZE
    return pymupdf.open(stream=document.tobytes(), filetype="pdf")[0]


def widest_gap(page: pymupdf.Page) -> float:
    blocks = page.get_text("rawdict")["blocks"]
    boxes = [c["bbox"] for b in blocks for line in b["lines"] for span in line["spans"] for c in span["chars"]]
    return max(right[0] - left[2] for left, right in zip(boxes, boxes[1:]))


close, wide = page_with(0.14), page_with(0.16)
print(f"0.14 em: {close.get_text().strip()} (the boxes have gaps of {widest_gap(close):.1f} pt)")
print(f"0.16 em: {wide.get_text().strip()}")
assert close.get_text().strip() == "".join(WORDS) and round(widest_gap(close), 1) == 1.4, "behaviour changed"
assert wide.get_text().strip() == " ".join(WORDS), "behaviour changed"
PYTHON
