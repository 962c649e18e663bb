"""Damage and doubt in whole runs: found by SQL, counted by the report."""

import json
import os
from pathlib import Path

from nightly import ingest
from pipeline_runs import read_tables, start, write_pdf
from test_ocr_runs import PLUGINS, png, scan, write_pages


def long_ago(path: Path) -> None:
    os.utime(path, (1_700_000_000, 1_700_000_000))


def test_damaged_documents_are_found_and_counted(tmp_path):
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    write_pdf(folder / "sound.pdf", 3)
    whole = (folder / "sound.pdf").read_bytes()
    (folder / "cut.pdf").write_bytes(whole[: whole.rindex(b"%%EOF") - 60])
    (folder / "repaired.pdf").write_bytes(whole.replace(b"startxref\n", b"startxref\n9"))
    picture = png(scan("Rivers"))
    (folder / "cut.png").write_bytes(picture[: len(picture) // 2])
    for path in folder.iterdir():
        long_ago(path)
    first = ingest([folder], output)
    assert first.statuses == {"ok": 2, "partial": 1, "failed": 1}
    assert first.notes == {"repaired": 2, "truncated": 1}
    tables = read_tables(output)
    notes = {row["path"]: row["notes"] for row in tables["documents"]}
    assert notes == {"sound.pdf": [], "cut.pdf": ["repaired", "truncated"], "repaired.pdf": ["repaired"], "cut.png": []}
    assert [row["category"] for row in tables["failures"] if row["uri"].endswith("cut.pdf")] == ["partial"]
    again = ingest([folder], output)
    assert again.statuses == {"partial": 1, "failed": 1, "unchanged": 2}
    assert again.notes == first.notes


def test_pages_read_with_doubt_are_found_and_counted_for_images_and_scanned_pdfs(tmp_path):
    """The engine of the plugin reads each first page with a confidence of 0.5."""
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "doubt.png").write_bytes(png(scan("Rivers")))
    write_pages(folder / "doubt.pdf", [("Lakes", True), ("Harbours", False)])
    write_pages(folder / "digital.pdf", [("Islands", False)])
    flags = ("--layout", "never", "--ocr-engine", "deadly", "--json", "--quiet")
    process = start("ingest", folder, "-o", output, *flags, plugins=PLUGINS)
    report = json.loads(process.communicate(timeout=300)[0])
    tables = read_tables(output)
    doubtful = {row["path"]: row["status"] for row in tables["documents"] if "doubtful" in row["notes"]}
    assert doubtful == {"doubt.png": "ok", "doubt.pdf": "ok"}
    low = [row["page"] for row in tables["pages"] if row["confidence"] < 0.7]
    assert (report["notes"], report["doubtful_pages"], low) == ({"doubtful": 2}, 2, [1, 1])
