import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from beam_pipeline.cli.app import app


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.md", "b.md", "c.md"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(f"# {name}\n\nWords.\n")
    assert docbeam("ingest", "in", "-o", "out", "-q").exit_code == 0
    return tmp_path / "out"


def docbeam(*args: str):
    return CliRunner().invoke(app, list(args))


def test_what_would_go_is_printed_and_then_goes(output):
    named = docbeam("forget", "out", "in/a.md", "--dry-run")
    assert named.exit_code == 0, named.output
    assert named.stdout == f"{output.parent}/in/a.md\n"
    assert "1 document forgotten" in docbeam("forget", "out", "in/a.md").stderr
    assert "0 documents forgotten" in docbeam("forget", "out", "in/a.md").stderr
    assert "forget" in docbeam("runs", "list", "out").stdout


def test_an_exclude_is_told_by_the_plan_and_forgotten(output):
    assert docbeam("ingest", "in", "-o", "out", "-q", "--exclude", "b.md").exit_code == 0
    told = docbeam("plan", "in", "-o", "out", "--exclude", "b.md").stdout
    assert re.search(r"^1 more in the output that no input covers .*in/b\.md; `docbeam forget`", told, re.MULTILINE)
    done = docbeam("forget", "out", "--excluded")
    assert (done.exit_code, "1 document forgotten, by the inputs of run" in done.stderr) == (0, True)
    assert "no input covers" not in docbeam("plan", "in", "-o", "out", "--exclude", "b.md").stdout


def test_too_much_is_refused_by_name(output):
    assert docbeam("ingest", "in", "-o", "out", "-q", "--exclude", "*.md").exit_code == 0
    refused = docbeam("forget", "out", "--excluded", "--max-removed", "0.2")
    assert (refused.exit_code, "--max-removed 0.2" in refused.stderr) == (3, True)


@pytest.mark.parametrize("args", [(), ("in", "--excluded")])
def test_one_of_both_is_to_be_given(output, args):
    result = docbeam("forget", "out", *args)
    assert (result.exit_code, "--excluded" in result.stderr) == (2, True)
