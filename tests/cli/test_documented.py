"""What README and docs tell a newcomer to type, typed in the order in which it stands there."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from prose import ROOT, blocks, commands, inline_code, shell_lines
from typer.testing import CliRunner

from beam_pipeline.cli.app import app

RUNNER = CliRunner()
DOCS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
#: What needs another machine, never ends, or stands for something of the reader's.
_ELSEWHERE = re.compile(r"^[a-z0-9]+://|^DIR\b|^[A-Z_]+$|^--runner|^--subscription|^inbox/?$|^out/quality")
_RUN = re.compile(r"^RUN\d*$|^\d{8}T\d{6}-\w+$")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A checkout, as far as documents go; README's first commands were typed in it."""
    root = tmp_path_factory.mktemp("newcomer")
    shutil.copytree(ROOT / "examples", root / "examples")
    return root


def typed(path: Path) -> Iterator[list[str]]:
    """The words after `docbeam` of the commands that can run here."""
    for block in blocks(path, "sh", ""):
        for line in shell_lines(block):
            for words in commands(line):
                runs = [word for word in words if _RUN.match(word)]
                if words[0] == "docbeam" and not any(_ELSEWHERE.match(w) for w in words if w not in runs):
                    yield words[1:]


def ran(words: list[str]) -> list[str]:
    """The command with ids of runs that the output has."""
    if not any(map(_RUN.match, words)):
        return words
    listed = RUNNER.invoke(app, ["runs", "list", words[1], "--json"])
    ids = [run["run_id"] for run in msgspec.json.decode(listed.stdout)]
    return [ids[min(1, words[:at].count("RUN"))] if _RUN.match(word) else word for at, word in enumerate(words)]


def test_commands_do_what_they_are_told(folder, monkeypatch):
    monkeypatch.chdir(folder)
    done = []
    for path in DOCS:
        for words in typed(path):
            result = RUNNER.invoke(app, ran(words))
            assert result.exit_code == 0, f"{path.name}: docbeam {' '.join(words)}: {result.output}"
            done.append(words[0])
        for code in inline_code(path):
            if code.startswith("SELECT "):
                assert RUNNER.invoke(app, ["query", "out/demo", code]).exit_code == 0, f"{path.name}: {code}"
    assert {"ingest", "query", "inspect", "export", "plan", "runs", "diff", "restore", "retry", "vacuum"} <= set(done)
    for number, code in enumerate(blocks(ROOT / "README.md", "python")):
        script = folder / f"readme{number}.py"
        script.write_text(code)
        run = subprocess.run([sys.executable, script], cwd=folder, capture_output=True, text=True, check=False)
        assert run.returncode == 0, f"{code}\n{run.stderr}"
        assert run.stdout.strip(), code
