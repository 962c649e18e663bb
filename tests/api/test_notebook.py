"""A whole run inside IPython, where Beam wants modules that it does not install."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: What Beam asks of IPython.
IPYTHON = """
class Shell:
    config = {"IPKernelApp": {}}
    execution_count = 1

def get_ipython():
    return Shell()
"""
PROGRAM = """
import sys
import docbeam
source, write = docbeam.SourceOptions(inputs=("in",)), docbeam.WriteOptions(output=sys.argv[1])
print(docbeam.run(docbeam.Options(source=source, write=write), ["--job_name=graph"]).statuses)
from apache_beam.pipeline import alter_label_if_ipython
from apache_beam.utils.interactive_utils import is_in_notebook
assert is_in_notebook()
assert alter_label_if_ipython.__module__.startswith("apache_beam"), "other pipelines are Beam's business"
"""


CELLS = [
    "import docbeam",
    "options = docbeam.Options(source=docbeam.SourceOptions(inputs=('in',)), write=docbeam.WriteOptions(output=OUT))",
    "print(docbeam.run(options, ['--job_name=graph']).statuses)",
    "print(docbeam.run(options).statuses)",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "note.md").write_text("# Moons\n\nIo is one of four.\n")
    return tmp_path


def test_a_run_where_beam_takes_the_program_for_a_notebook(folder: Path) -> None:
    """Without what Beam wants there: its own modules cannot be imported."""
    modules, temporary = folder / "modules", folder / "temporary"
    modules.mkdir()
    temporary.mkdir()
    (modules / "IPython.py").write_text(IPYTHON)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder / "out")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(modules), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "{'ok': 1}\n", done.stderr
    assert "apitools" not in done.stderr
    assert [path.name for path in temporary.iterdir() if path.name.startswith("beam-")] == []


def test_a_run_in_a_notebook(folder: Path) -> None:
    """The real one, with whichever pandas is here: pip install nbclient ipykernel pandas."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [nbformat.v4.new_code_cell(cell.replace("OUT", repr(str(folder / "out")))) for cell in CELLS]
    book = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(book, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    said = "".join(output.get("text", "") for cell in book.cells for output in cell.outputs)
    assert said == "{'ok': 1}\n{'unchanged': 1}\n"
