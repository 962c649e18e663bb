"""`import docbeam` beside a project that has a `schemas.py`, a `transforms` folder and so on of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import docbeam
from docbeam import own_names
from schemas.options import Options

ROOT = Path(__file__).resolve().parents[2]
#: A script without `if __name__ == "__main__"`: parser processes must not run it again.
PROGRAM = """
import sys
THEIRS = "import schemas, runners, transforms.clean"
if sys.argv[1] == "before":
    exec(THEIRS)
import docbeam
assert "msgspec" not in sys.modules and "apache_beam" not in sys.modules, "importing docbeam has to be instant"
if sys.argv[1] == "after":
    exec(THEIRS)
document = docbeam.extract_document("in/note.md")
assert document.to_markdown().startswith("# Moons"), document.to_markdown()
assert document.to_dict()["elements"][0]["text"] == "Moons" and '"tree"' in document.to_json()
source, write = docbeam.SourceOptions(inputs=("in",)), docbeam.WriteOptions(output=sys.argv[2])
# Flags for Beam want its graph: parser processes and Beam's workers see our classes.
report = docbeam.run(docbeam.Options(source=source, write=write), ["--job_name=graph"])
assert report.statuses == {"ok": 4} and "apache_beam" in sys.modules, report
assert (schemas.WHOSE, transforms.WHOSE, transforms.clean.WHOSE, runners.WHOSE) == ("theirs",) * 4
ours = [name for name in sys.modules if name.split(".")[0] in ("schemas", "transforms", "runners", "beam_pipeline")]
assert sorted(ours) == ["runners", "schemas", "transforms", "transforms.clean"], ours
print("done")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose modules say so when anybody but their owner imports them."""
    for name in ("schemas.py", "transforms/__init__.py", "transforms/clean.py", "runners/__init__.py", "tests/x.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("WHOSE = 'theirs'\n")
    (tmp_path / "queue.py").write_text("raise SystemExit('the queue of the project was imported')\n")
    documents = tmp_path / "in"
    documents.mkdir()
    for number in range(3):
        (documents / f"{number}.csv").write_text("name,radius\nIo,1822\n")
    (documents / "note.md").write_text("# Moons\n\nIo is one of four.\n")
    return tmp_path


def python(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """As its owner would: from the project's folder."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command,
        cwd=project,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_project_with_our_names(project: Path, order: str) -> None:
    (project / "queue.py").unlink()
    (project / "main.py").write_text(PROGRAM)
    done = python(project, "main.py", order, str(project / "out"))
    assert done.stdout.splitlines()[-1:] == ["done"], done.stderr


@pytest.mark.parametrize("path", ["", "project"])
def test_the_command_in_a_folder_with_our_names(project: Path, path: str) -> None:
    if path:
        # Of the standard library there is only one.
        (project / "queue.py").unlink()
    environment = {"PYTHONPATH": str(project)} if path else {}
    done = python(project, "-m", "beam_pipeline", "ingest", "in", "-o", "out", **environment)
    assert done.returncode == 0 and "4 ok" in done.stderr + done.stdout, done.stderr


def test_children_have_everything_loaded(project: Path) -> None:
    """Also where the folder that they start in has a `transforms`."""
    (project / "queue.py").unlink()
    asked = "[name for name in __import__('sys').modules if name.endswith('transforms.preload')]"
    program = (
        "import docbeam\n"
        "from docbeam.transforms.sandbox.pool import ParserPool, PoolOptions\n"
        "pool = ParserPool(PoolOptions(workers=1, memory_limit=1 << 30, timeout=60, recycle_after=9))\n"
        f"print(pool.call(eval, {asked!r}))\n"
        "pool.close()"
    )
    (project / "main.py").write_text(program)
    done = python(project, "main.py")
    assert done.stdout == "['docbeam.transforms.preload']\n", done.stderr


def test_our_plain_names_tell_in_one_line_that_they_are_taken(project: Path) -> None:
    (project / "queue.py").unlink()
    done = python(project, "-c", "from beam_pipeline import run")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: 'runners' is ") and last.endswith(
        "use `import docbeam`, which minds no other names"
    )


@pytest.mark.parametrize(
    "first", ["import docbeam; docbeam.Options", "import schemas.options, transforms.sandbox.pool"]
)
def test_no_module_is_there_twice(tmp_path: Path, first: str) -> None:
    program = f"""
{first}
import docbeam, schemas.options, transforms.sandbox.pool, beam_pipeline
import docbeam.transforms.sandbox.pool as pool
assert schemas.options.Options is docbeam.Options
assert transforms.sandbox.pool is pool
assert beam_pipeline.extract_document is docbeam.extract_document
"""
    done = python(tmp_path, "-c", program)
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_there() -> None:
    assert {name for name in docbeam.__all__ if getattr(docbeam, name) is None} == set()
    assert docbeam.Options is Options
    assert set(docbeam.__all__) <= set(dir(docbeam))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = docbeam.nothing


def test_our_modules_import_names_from_modules() -> None:
    """`import schemas.ids` would bind another name under `docbeam.`; only what is imported for its effects may."""
    for name in own_names.OURS:
        for path in (ROOT / name).rglob("*.py"):
            lines = path.read_text(encoding="utf-8").splitlines()
            plain = [
                line for line in lines if line.strip().startswith(tuple(f"import {ours}" for ours in own_names.OURS))
            ]
            assert not plain or path.name == "preload.py", f"{path}: {plain}"
