"""Reports and exit codes speak of the output, not of the last attempt."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from nightly import ingest, options, write
from pipeline_runs import read_tables
from typer.testing import CliRunner

from beam_pipeline.cli.app import app
from beam_pipeline.jobs.local_run import run
from schemas.report import RunReport
from transforms.lake.snapshot import read_runs


def filled(folder: Path, good: int = 6) -> Path:
    for number in range(good):
        write(folder / f"d{number}.md", f"# Title {number}\n\nBody {number}.\n")
    for number in range(2):
        write(folder / f"bad{number}.pdf", f"%PDF-1.4 broken {number}")
    for number in range(3):
        write(folder / f"slides{number}.pptx", f"PK\x03\x04 no zip {number}")
    write(folder / "letter.eml", "From: a@example.org\nTo: b@example.org\nSubject: hello\n\nHello.\n")
    return folder


def docbeam(*args: object) -> tuple[int, dict]:
    result = CliRunner().invoke(app, [*map(str, args), "--quiet", "--json"])
    return result.exit_code, msgspec.json.decode(result.stdout) if result.stdout else {}


def check_against_tables(report: RunReport, output: Path) -> None:
    documents = read_tables(output)["documents"]
    assert report.held == Counter(row["status"] for row in documents)
    not_good = {status: count for status, count in report.held.items() if status not in ("ok", "deleted")}
    named = {name: count for name, count in report.statuses.items() if name not in ("ok", "unchanged")}
    assert named == not_good
    assert report.documents == len(documents)
    assert sum(reason.count for reason in report.failures) == sum(row["failures"] for row in documents)


@pytest.mark.parametrize("format_name", ["delta", "parquet"])
def test_reports_say_what_the_tables_say(tmp_path, format_name):
    folder, output = filled(tmp_path / "in", good=60), tmp_path / "out"
    nights = [ingest([folder], output, format_name), ingest([folder], output, format_name)]
    assert nights[0].statuses == {"ok": 60, "failed": 2, "unsupported": 4}
    assert nights[1].statuses == {"failed": 2, "unsupported": 4, "unchanged": 60}
    assert nights[1].left_alone == {"failed": 2, "unsupported": 4}
    assert nights[1].failures == nights[0].failures
    (folder / "d0.md").unlink()
    # One document changes without the graph, ten with it.
    write(folder / "bad0.pdf", "%PDF-1.4 broken otherwise", age=-60)
    nights.append(ingest([folder], output, format_name))
    assert (nights[-1].left_alone, nights[-1].removed) == ({"failed": 1, "unsupported": 4}, 1)
    check_against_tables(nights[-1], output)
    for number in range(1, 11):
        write(folder / f"d{number}.md", f"# Other {number}\n", age=-60)
    (folder / "bad1.pdf").unlink()
    nights.append(ingest([folder], output, format_name))
    assert nights[-1].statuses == {"ok": 10, "failed": 1, "unsupported": 4, "unchanged": 49}
    check_against_tables(nights[-1], output)
    if format_name == "delta":
        rows = [record for record in read_runs(str(output)) if record.kind == "ingest"]
        assert [record.reasons for record in rows] == [night.failures for night in nights]
        assert [record.counts["failed"] for record in rows] == [2, 2, 2, 1]
        assert [record.counts["removed"] for record in rows] == [0, 0, 1, 1]


def test_documents_that_are_asked_count_as_what_they_were(tmp_path):
    """A listing without a stamp proves nothing: the file is looked at, and is as bad as before."""
    folder, output = filled(tmp_path / "in"), tmp_path / "out"
    manifest = tmp_path / "list.csv"
    manifest.write_text("uri\n" + "".join(f"{path}\n" for path in sorted(folder.iterdir())))
    first = run(options([], output, manifests=(str(manifest),)))
    again = run(options([], output, manifests=(str(manifest),)))
    assert first.statuses == {"ok": 6, "failed": 2, "unsupported": 4}
    assert again.statuses == {"failed": 2, "unsupported": 4, "unchanged": 6}
    check_against_tables(again, output)


def test_the_same_command_again_never_turns_red_into_green(tmp_path):
    folder, output = filled(tmp_path / "in"), tmp_path / "out"
    command = ("ingest", folder, "-o", output, "--layout", "never", "--ocr", "never")
    assert [docbeam(*command)[0] for _ in range(3)] == [1, 1, 1]
    code, report = docbeam(*command)
    assert (code, report["failure_ratio"]) == (1, 2 / 8)
    plan = CliRunner().invoke(app, ["plan", *map(str, command[1:])]).stdout
    assert "left alone as they are: 2 failed, 4 unsupported" in plan
    assert docbeam(*command, "--max-failure-ratio", "0.25")[0] == 0
    for number in range(2):
        write(folder / f"bad{number}.pdf", "# Not a PDF any more\n", age=-60)
    assert docbeam(*command)[0] == 0


def test_unsupported_files_are_counted_apart(tmp_path):
    folder, output = filled(tmp_path / "in"), tmp_path / "out"
    for path in folder.glob("bad*"):
        path.unlink()
    command = ("ingest", folder, "-o", output, "--layout", "never", "--ocr", "never")
    for _ in range(2):
        code, report = docbeam(*command)
        assert (code, report["failure_ratio"]) == (0, 0.0)
        (reason,) = report["failures"]
        assert (reason["category"], reason["types"]) == ("unsupported", {".pptx": 3, ".eml": 1})
        assert list(reason["types"]) == [".pptx", ".eml"]
    code, report = docbeam(*command, "--fail-on", "unsupported")
    assert (code, report["failure_ratio"]) == (1, 4 / 10)
    shown = CliRunner().invoke(app, [*map(str, command), "--quiet"]).stdout
    assert "4  unsupported: 3 x .pptx, 1 x .eml" in shown


def test_a_retry_is_judged_by_the_whole_output(tmp_path):
    folder, output = filled(tmp_path / "in", good=60), tmp_path / "out"
    common = ("-o", output, "--layout", "never", "--ocr", "never")
    assert docbeam("ingest", folder, *common)[0] == 0
    code, report = docbeam("retry", *common)
    assert (code, report["statuses"], report["failure_ratio"]) == (0, {"failed": 2, "unsupported": 4}, 2 / 62)
    assert docbeam("retry", *common, "--max-failure-ratio", "0.01")[0] == 1
    assert docbeam("retry", *common, "--category", "timeout", "--max-failure-ratio", "0.01")[0] == 1
    assert docbeam("retry", *common, "--category", "timeout")[0] == 0
