"""What a program gives as options is looked at before anything is read."""

from pathlib import Path

import pytest

import beam_pipeline
from beam_pipeline.checked import checked
from schemas.failures import ConfigurationError
from schemas.options import ChunkOptions, ExtractOptions, Options, SourceOptions, Strategy, WriteOptions


def test_a_string_in_place_of_a_tuple_is_not_read_letter_by_letter(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("# Rivers\n\nThey run.\n")
    source = SourceOptions(inputs=str(tmp_path))  # type: ignore[arg-type]
    options = Options(source=source, write=WriteOptions(output=str(tmp_path / "out")))
    with pytest.raises(ConfigurationError, match=r"^source\.inputs: Expected array, got str$"):
        beam_pipeline.run(options)
    assert not (tmp_path / "out").exists()


def test_bounds_hold_for_programs_too() -> None:
    for options in (Options(chunk=ChunkOptions(max_tokens=0)), Options(extract=ExtractOptions(memory_limit=0))):
        with pytest.raises(ConfigurationError, match=">= 1"):
            beam_pipeline.extract_document(b"text", options)


def test_paths_and_lists_are_taken(tmp_path: Path) -> None:
    source = SourceOptions(inputs=[tmp_path, "caf\udce9"])  # type: ignore[arg-type,list-item]
    options = Options(source=source, write=WriteOptions(output=tmp_path), chunk=ChunkOptions(strategy=Strategy.PAGE))  # type: ignore[arg-type]
    found = checked(options)
    assert (found.source.inputs, found.write.output) == ((str(tmp_path), "caf\udce9"), str(tmp_path))
    assert found.chunk.strategy is Strategy.PAGE and checked(found) == found
