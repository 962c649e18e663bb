"""What `import beam_pipeline` offers, and that it costs nothing until it is used."""

import subprocess
import sys

import pytest

import beam_pipeline


def test_importing_the_package_loads_no_engine() -> None:
    heavy = "{'apache_beam', 'pymupdf', 'pyarrow', 'lxml'}"
    code = f"import sys, beam_pipeline; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_each_exported_name_is_the_function_of_its_module() -> None:
    import beam_pipeline.extract
    import beam_pipeline.graph.pipeline
    import beam_pipeline.jobs.local_run

    assert beam_pipeline.build is beam_pipeline.graph.pipeline.build
    assert beam_pipeline.extract_document is beam_pipeline.extract.extract_document
    assert beam_pipeline.run is beam_pipeline.jobs.local_run.run
    assert beam_pipeline.__all__ == ["build", "extract_document", "run"]


def test_other_names_are_missing() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = beam_pipeline.nothing
