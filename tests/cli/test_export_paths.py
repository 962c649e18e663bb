import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_pipeline.cli.export_paths import WRITTEN, ExportPaths, safe_parts
from schemas.failures import ConfigurationError, OutputError
from transforms.stores.outputs import MARKER

SUFFIXES = (".md", ".json")
#: Names made of the pieces that break path handling, and of anything else.
PIECES = st.sampled_from(["..", ".", "", "a", "A", "a.md", "a.json", "b", "é", "e\u0301", "\0", "\x1b[2J", "~", "c:"])
PATHS = st.lists(PIECES | st.text(max_size=6), max_size=5).flatmap(
    lambda parts: st.sampled_from(["/", "\\", "//"]).map(lambda separator: separator.join(parts))
)


@given(st.lists(PATHS, max_size=25))
@settings(max_examples=200)
def test_paths_stay_below_the_root_and_never_meet(paths):
    root = Path("/export/here")
    allocator = ExportPaths(root)
    files: set[str] = set()
    for number, path in enumerate(paths):
        base = allocator.base(path, f"{number:032x}", SUFFIXES)
        for suffix in SUFFIXES:
            target = os.path.normpath(f"{base}{suffix}")
            assert target.startswith("/export/here/")
            assert target == f"{base}{suffix}"
            assert target.casefold() not in files
            files.add(target.casefold())
    folders = {parent for file in files for parent in map(str, Path(file).parents)}
    assert not files & folders


def test_plain_paths_are_kept():
    allocator = ExportPaths(Path("x"))
    assert allocator.base("sub/report.pdf", "1" * 32, SUFFIXES) == Path("x/sub/report.pdf")


def test_a_taken_name_gets_the_id():
    allocator = ExportPaths(Path("x"))
    assert allocator.base("A.pdf", "1" * 32, SUFFIXES).name == "A.pdf"
    assert allocator.base("a.pdf", "2" * 32, SUFFIXES).name == "a.pdf~22222222"
    assert allocator.base("a.pdf", "2" * 32, SUFFIXES).name == "a.pdf~222222222"


def test_file_and_folder_of_one_name():
    allocator = ExportPaths(Path("x"))
    assert allocator.base("a", "1" * 32, SUFFIXES) == Path("x/a")
    assert allocator.base("a.md/b", "2" * 32, SUFFIXES) == Path("x/a.md~/b")
    allocator = ExportPaths(Path("x"))
    assert allocator.base("a.md/b", "2" * 32, SUFFIXES) == Path("x/a.md/b")
    assert allocator.base("a", "1" * 32, SUFFIXES) == Path("x/a~11111111")


def test_long_names_fit_and_stay_apart():
    one, two = safe_parts("é" * 300 + "1")[0], safe_parts("é" * 300 + "2")[0]
    assert len(one.encode()) <= 200
    assert one != two


def test_links_out_of_the_root_are_refused(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "sub").symlink_to(outside)
    with pytest.raises(OutputError, match="leaves"):
        ExportPaths(root).prepare(root / "sub" / "a.md")


def test_only_what_an_export_wrote_is_written_over(tmp_path):
    (tmp_path / "mine.md").write_text("mine")
    for _ in range(2):
        paths = ExportPaths(tmp_path)
        ours = tmp_path / "deep" / "a.md"
        paths.prepare(ours)
        ours.write_text("ours")
        with pytest.raises(ConfigurationError, match="no export wrote it"):
            paths.prepare(tmp_path / "mine.md")
    assert (tmp_path / WRITTEN).read_text() == "deep/a.md\n"
    (tmp_path / "link.md").symlink_to("mine.md")
    with pytest.raises(ConfigurationError, match="no export wrote it"):
        ExportPaths(tmp_path).prepare(tmp_path / "link.md")


def test_nothing_is_exported_among_tables(tmp_path):
    (tmp_path / MARKER).write_text('{"docbeam": "output", "layout": 1, "format": "delta"}')
    (tmp_path / "documents").mkdir()
    with pytest.raises(ConfigurationError, match="among the tables"):
        ExportPaths(tmp_path).prepare(tmp_path / "documents" / "a.md")
    ExportPaths(tmp_path).prepare(tmp_path / "texts" / "a.md")
