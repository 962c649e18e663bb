#!/usr/bin/env bash
# PyMuPDF 2.0, numpy 2.4.6; 2026-11-28.
#
# A scan of an A4 page at 72 pixels per inch has 595 x 842 pixels, on a page of 595.276 x 841.89 points. Rendered at 72
# pixels per inch, the resolution that it has, a third of its black and white pixels come out grey: no pixel of the
# picture falls on one of the page, and neighbours are mixed, which costs an OCR engine its small letters. At three
# times that resolution no pixel is mixed, and every pixel of the scan can be read back. On a page of 595 x 842 points
# nothing is mixed at 72 either, so the quarter of a point does it.
#
# Seen:
#   A4, 72 dpi: 0.334 of the pixels grey
#   A4, 216 dpi: 0.000 of the pixels grey
#   whole points, 72 dpi: 0.000 of the pixels grey
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pymupdf==2.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import pymupdf

WIDE, HIGH = 595, 842
scan = (np.random.default_rng(1).integers(0, 2, (HIGH, WIDE)) * 255).astype(np.uint8)
picture = pymupdf.Pixmap(pymupdf.csGRAY, WIDE, HIGH, scan.tobytes(), 0)


def grey(wide, high, dpi):
    document = pymupdf.open()
    page = document.new_page(width=wide, height=high)
    page.insert_image(page.rect, pixmap=picture)
    shown = pymupdf.open("pdf", document.tobytes())[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    values = np.frombuffer(shown.samples, np.uint8)
    return float(((values > 40) & (values < 215)).mean())


shares = {
    "A4, 72 dpi": grey(595.276, 841.89, 72),
    "A4, 216 dpi": grey(595.276, 841.89, 216),
    "whole points, 72 dpi": grey(WIDE, HIGH, 72),
}
for name, share in shares.items():
    print(f"{name}: {share:.3f} of the pixels grey")
if [share > 0.1 for share in shares.values()] != [True, False, False]:
    raise SystemExit("CHANGED: a scan is mixed, or not, where it was not, or was")
PYTHON
