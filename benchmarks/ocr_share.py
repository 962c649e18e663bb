"""What scanning costs in quality: python benchmarks/ocr_share.py CORPUS [--documents 8] [--engines tesseract,onnx]

CORPUS holds `dev/` with generated PDF files, their truth and manifest, and the scorer. Some of the documents are turned
into images of their pages at 200 pixels per inch; both kinds are ingested, exported and scored alike. Prints the
scorer's table of each, the digital one first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pymupdf

SET = "generated"
Row = dict[str, Any]


def scanned(source: Path, target: Path, dpi: int) -> None:
    """The pages of `source` as images of themselves."""
    with pymupdf.open(source) as document, pymupdf.open() as scan:
        for page in document:
            image = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY).tobytes("png")
            scan.new_page(width=page.rect.width, height=page.rect.height).insert_image(page.rect, stream=image)
        scan.save(target)


def corpus(origin: Path, rows: list[Row], dpi: int, folder: Path) -> Path:
    """A corpus of these documents alone, with the truth and the scorer of `origin`; `dpi` 0 leaves them digital."""
    folder.mkdir()
    for name in ("score", "score_export.py"):
        (folder / name).symlink_to((origin / name).resolve())
    (folder / "dev" / SET / "pdf").mkdir(parents=True)
    (folder / "dev" / SET / "truth").symlink_to((origin / "dev" / SET / "truth").resolve())
    (folder / "dev" / "manifest_made.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for row in rows:
        source, target = origin / "dev" / row["file"], folder / "dev" / row["file"]
        scanned(source, target, dpi) if dpi else target.symlink_to(source.resolve())
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--documents", type=int, default=8)
    parser.add_argument("--dpi", type=int, default=200)
    parser.add_argument("--engines", default="tesseract,onnx")
    options = parser.parse_args()
    made = (options.corpus / "dev" / "manifest_made.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, made) if row["set"] == SET and row["file"].endswith(".pdf")]
    quality = [sys.executable, str(Path(__file__).with_name("quality.py"))]
    with tempfile.TemporaryDirectory() as scratch:
        for engine in ("", *options.engines.split(",")):
            dpi = options.dpi if engine else 0
            made_here = corpus(options.corpus, rows[: options.documents], dpi, Path(scratch, engine or "digital"))
            print(f"== {engine or 'digital'}", flush=True)
            environment = os.environ | ({"DOCBEAM_OCR_ENGINE": engine} if engine else {})
            subprocess.run([*quality, str(made_here), "--sets", SET], check=True, env=environment)


if __name__ == "__main__":
    main()
