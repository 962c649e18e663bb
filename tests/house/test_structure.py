"""The import law, the package names, and who may use what, read from the sources themselves."""

import ast
import importlib.util
import zipfile
from pathlib import Path

import pytest
from modules import (
    EMPTY,
    HEIGHT,
    LAYERS,
    PACKAGES,
    ROOT,
    against_the_law,
    circle,
    graph,
    relative,
    room_of,
    sources,
)

from runners.package import build_wheel

MODULES = [path for path in sources() if path.relative_to(ROOT).parts[0] in PACKAGES]
STAGES = next(rooms for rooms in LAYERS if "transforms.write" in rooms)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


def top(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def test_every_module_lies_in_a_layer() -> None:
    lost = [name for name in graph() if room_of(name) is None and name not in EMPTY]
    assert not lost, f"say in LAYERS of tests/house/modules.py where they belong: {lost}"
    assert all(any(room_of(name) == room for name in graph()) for room in HEIGHT)
    assert not any(graph()[name] for name in EMPTY)


def test_imports_lead_down() -> None:
    assert against_the_law(graph()) == []


def test_nothing_imports_itself_in_a_circle() -> None:
    assert circle(graph()) == []


def test_the_law_sees_what_breaks_it() -> None:
    up = {"schemas.ids": frozenset({"transforms.write.commit"}), "transforms.write.commit": frozenset[str]()}
    across = {
        "transforms.ocr.parts": frozenset({"transforms.write.commit"}),
        "transforms.write.commit": frozenset[str](),
    }
    assert against_the_law(up) == ["schemas.ids -> transforms.write.commit"]
    assert against_the_law(across) == ["transforms.ocr.parts -> transforms.write.commit"]
    assert room_of("transforms.elsewhere.new") is None and room_of("beam_pipeline.new") is None
    assert set(circle({"a": frozenset({"b"}), "b": frozenset({"a"})})) == {"a", "b"}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_beam_stays_in_its_modules(path: Path) -> None:
    if "apache_beam" not in top(imports(path)):
        return
    if path.is_relative_to(ROOT / "transforms"):
        assert path.name in {"transform.py", "gcs.py", "objects.py"}
    else:
        assert path.is_relative_to(ROOT / "beam_pipeline") or path.is_relative_to(ROOT / "runners")


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_pymupdf_can_be_swapped(path: Path) -> None:
    if {"pymupdf", "fitz", "pymupdf4llm"} & top(imports(path)):
        assert relative(path).startswith(
            ("transforms/extract/pdf", "transforms/layout/builtin/", "transforms/ocr/images/pdf.py")
        )


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_sessions_are_made_in_one_place(path: Path) -> None:
    # What makes a session exact and quiet is said once.
    made = {"InferenceSession", "SessionOptions"} & {
        node.attr for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Attribute)
    }
    assert not made or relative(path) == "transforms/inference/sessions.py"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_only_the_guard_catches_broadly(path: Path) -> None:
    if relative(path) == "transforms/runtime/guard.py":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{relative(path)}:{node.lineno}"
            names = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)}
            assert not names & {"Exception", "BaseException"}, f"{relative(path)}:{node.lineno}"


@pytest.mark.parametrize("name", PACKAGES)
def test_package_names_resolve_to_this_tree(name: str) -> None:
    # Other distributions install generic top-level names too; ours must win.
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    assert Path(spec.origin).resolve() == ROOT / name / "__init__.py"


def test_every_stage_has_one_beam_module() -> None:
    for name in STAGES:
        assert ROOT.joinpath(*name.split("."), "transform.py").is_file(), name


def test_the_distribution_holds_our_packages_and_no_others(tmp_path: Path) -> None:
    with zipfile.ZipFile(build_wheel(ROOT, tmp_path)) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in packed} == {*PACKAGES, "docbeam"}
    assert {name for name in packed if name.endswith(".py")} == set(map(relative, sources()))
    data = ("py.typed", "batch_bounds.toml", "cl100k_base.tiktoken.xz")
    assert all(any(name.endswith(f"/{file}") for name in packed) for file in data)
