"""Installing something redoes what it reads, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from pipeline_runs import read_tables, write_docx
from test_ocr_runs import png, scan, write_pages

#: A tesseract that knows English, and reads one word on every page.
TESSERACT = r"""#!/bin/sh
case "$1" in
--version) echo 'tesseract 5.3.0' ;;
--list-langs) printf 'List of available languages in "/usr/share/tessdata/" (2):\neng\nosd\n' ;;
*)
    names='level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext'
    printf "$names\n5\t1\t1\t1\t1\t1\t40\t40\t90\t30\t96\tRivers\n" > "$2.tsv"
    ;;
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


@pytest.fixture(scope="module")
def tesseract(tmp_path_factory):
    """A folder for the PATH with a tesseract."""
    binary = tmp_path_factory.mktemp("bin") / "tesseract"
    binary.write_text(TESSERACT)
    binary.chmod(0o755)
    return binary.parent


def test_hosts_choose_alike_whatever_is_installed(output, tesseract):
    documents, folder = output
    common = (documents, "-o", folder, "--layout", "never")
    plan = docbeam("plan", *common, path=tesseract)
    assert "4 unchanged" in plan and "were read by" not in plan
    asked = msgspec.json.decode(docbeam("plan", *common, "--ocr-engine", "tesseract", "--json", path=tesseract))
    assert [Path(uri).name for uri in asked["documents"]["option-changed"]] == ["scan.png"]
    routes = {row["route"] for row in read_tables(folder)["pages"]}
    assert any("ocr onnx" in route for route in routes)


def test_what_tesseract_read_before_is_not_redone_unasked_and_the_plan_tells(output, tesseract, tmp_path):
    documents, _ = output
    common = (documents, "-o", tmp_path / "out", "--layout", "never")
    docbeam("ingest", *common, "--ocr-engine", "tesseract", "-q", path=tesseract)
    assert {"ocr tesseract"} <= {row["route"] for row in read_tables(tmp_path / "out")["pages"]}
    plan = docbeam("plan", *common)
    assert "4 unchanged" in plan
    assert "1 documents were read by tesseract" in plan and "--ocr-engine onnx" in plan


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
