"""Documents that kill, hang or fill their parser, through a whole run and a real extractor plugin."""

import time
from pathlib import Path

import psutil
import pytest
from pipeline_runs import check_output, document_named, read_tables, rows_of, start, write_pdf

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
#: Command in the file -> (category, words of the message).
DEADLY = {
    "segfault": ("crashed", "SIGSEGV"),
    "hang": ("timeout", "not done after"),
    "allocate": ("memory", "memory limit of 1,024 MiB"),
    "exit": ("crashed", "exit code 3"),
    "raise": ("internal", "a mistake of the plugin"),
}
LIMITS = ("--document-timeout", 4, "--memory-limit", "1GiB", "--workers", 2, "--quiet")


def left_over(group: int) -> list[psutil.Process]:
    """Living processes of the session that `group` leads."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != group and psutil.os.getsid(process.pid) == group:
                found.append(process)
        except (ProcessLookupError, psutil.Error):
            continue
    return [process for process in found if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module", params=[0, 150], ids=["graph", "few"])
def outcome(tmp_path_factory, request):
    """(exit code, processes that outlived the run, tables): a first run, and one beside many unchanged documents."""
    root = tmp_path_factory.mktemp("deadly")
    folder = root / "in"
    folder.mkdir()
    for number in range(request.param):
        (folder / f"{number}.md").write_text(f"# Old {number}\n\nWords.\n")
    if request.param:
        assert start("ingest", folder, "-o", root / "out", *LIMITS, plugins=PLUGINS).wait(240) == 0
    for command in DEADLY:
        (folder / f"{command}.tcl").write_text(command)
    (folder / "hanging page.tcl").write_text("page 3 hangs")
    (folder / "crashing page.tcl").write_text("page 8 segfaults")
    (folder / "fine.tcl").write_text("fine")
    (folder / "note.md").write_text("# Note\n\nWords.\n")
    write_pdf(folder / "report.pdf", 2)
    words = ("ingest", folder, "-o", root / "out", *LIMITS, "--max-failure-ratio", 0.5)
    process = start(*words, plugins=PLUGINS)
    _, errors = process.communicate(timeout=240)
    assert process.returncode in (0, 1), errors
    deadline = time.monotonic() + 10
    while (survivors := left_over(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return process.returncode, survivors, read_tables(root / "out")


def test_the_output_is_right_all_the_same(outcome):
    check_output(outcome[2])


def test_the_run_ends_well_by_its_ratio(outcome):
    # Five of ten documents failed, and half may.
    assert outcome[0] == 0


def test_no_process_outlives_the_run(outcome):
    assert outcome[1] == []


@pytest.mark.parametrize("command", DEADLY)
def test_a_deadly_document_is_one_failure(outcome, command):
    _, _, tables = outcome
    document = document_named(tables, f"{command}.tcl")
    assert (document["status"], document["chunks"]) == ("failed", 0)
    (failure,) = rows_of(tables, "failures", document["doc_id"])
    category, words = DEADLY[command]
    assert (failure["category"], failure["stage"], failure["page"]) == (category, "extract", 0)
    assert words in failure["message"]
    assert failure["retryable"] == (category in {"timeout", "memory"})


@pytest.mark.parametrize(("name", "page", "category"), [("hanging", 3, "timeout"), ("crashing", 8, "crashed")])
def test_a_deadly_page_costs_only_itself(outcome, name, page, category):
    _, _, tables = outcome
    document = document_named(tables, f"{name} page.tcl")
    assert (document["status"], document["failed_pages"], document["pages"]) == ("partial", 1, 8)
    pages = rows_of(tables, "pages", document["doc_id"])
    assert [row["page"] for row in pages if row["status"] == "failed"] == [page]
    (failure,) = rows_of(tables, "failures", document["doc_id"])
    assert (failure["category"], failure["page"]) == (category, page)
    texts = [row["text"] for row in rows_of(tables, "elements", document["doc_id"])]
    assert len(texts) == 7
    assert document["engine"] == "deadly 0"


def test_other_documents_do_not_notice(outcome):
    _, _, tables = outcome
    for path in ("fine.tcl", "note.md", "report.pdf"):
        document = document_named(tables, path)
        assert (document["status"], document["failed_pages"]) == ("ok", 0)
        assert document["chunks"]
    assert document_named(tables, "fine.tcl")["media_type"] == "application/x-tcl"


def test_too_many_failures_end_with_1(tmp_path):
    (tmp_path / "exit.tcl").write_text("exit")
    process = start("ingest", tmp_path / "exit.tcl", "-o", tmp_path / "out", *LIMITS, plugins=PLUGINS)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    assert "100.0% of the documents failed" in errors
    assert "crashed" in output
