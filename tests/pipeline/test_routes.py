"""Installing something redoes what it reads, and nothing else."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import pytest
from pipeline_runs import read_tables, write_docx
from test_ocr_runs import png, scan, write_pages

#: A tesseract that knows English, for those who ask what is installed; who would have it read gets no text.
TESSERACT = """#!/bin/sh
case "$1" in
--list-langs) printf 'List of available languages in "/usr/share/tessdata/" (2):\\neng\\nosd\\n' ;;
*) exit 1 ;;
esac
"""


def docbeam(*words: object, path: Path | None = None) -> str:
    """The command in a process of its own, with what is installed in a folder of the PATH."""
    environment = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}" if path else os.environ["PATH"]}
    command = [sys.executable, "-c", "from beam_pipeline.cli.app import main; main()", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """An output of a scan, of a PDF with text, a DOCX and a text, and its folder of documents."""
    folder = tmp_path_factory.mktemp("routes")
    documents = folder / "in"
    documents.mkdir()
    (documents / "scan.png").write_bytes(png(scan("Rivers")))
    write_pages(documents / "digital.pdf", [("Lakes", False)])
    write_docx(documents / "memo.docx")
    (documents / "notes.txt").write_text("Some words.\n")
    for path in documents.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    first = docbeam("ingest", documents, "-o", folder / "out", "-q", "--json", "--layout", "never")
    assert msgspec.json.decode(first)["statuses"] == {"ok": 4}
    return documents, folder / "out"


def test_installing_tesseract_redoes_nothing_and_the_plan_tells(output):
    documents, folder = output
    common = (documents, "-o", folder, "--layout", "never")
    with tempfile.TemporaryDirectory() as installed:
        binary = Path(installed, "tesseract")
        binary.write_text(TESSERACT)
        binary.chmod(0o755)
        plan = docbeam("plan", *common, path=binary.parent)
        assert "4 unchanged" in plan
        assert "1 documents were read by onnx" in plan and "--ocr-engine tesseract" in plan
        asked = msgspec.json.decode(docbeam("plan", *common, "--ocr-engine", "tesseract", "--json", path=binary.parent))
        assert [Path(uri).name for uri in asked["documents"]["option-changed"]] == ["scan.png"]
    assert "were read by" not in docbeam("plan", *common)
    routes = {row["route"] for row in read_tables(folder)["pages"]}
    assert any("ocr onnx" in route for route in routes)


@pytest.mark.parametrize(
    ("flags", "redone"),
    [
        (("--ocr", "never"), {"scan.png"}),
        (("--ocr", "always"), {"scan.png", "digital.pdf"}),
        (("--ocr-language", "deu"), {"scan.png"}),
        (("--layout", "auto"), {"digital.pdf"}),
    ],
)
def test_options_redo_what_they_may_shape(output, flags, redone):
    documents, folder = output
    given = ("--layout", "never", *flags) if flags[0] != "--layout" else flags
    plan = msgspec.json.decode(docbeam("plan", documents, "-o", folder, *given, "--json"))
    assert {Path(uri).name for uri in plan["documents"]["option-changed"]} == redone
