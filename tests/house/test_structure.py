"""The import law, the package names, and who may use what, read from the sources themselves."""

import ast
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "transforms", "beam_pipeline", "runners")
#: Shared by the stages; not stages themselves.
LEAVES = ("runtime", "stores", "sandbox", "inference", "steps", "lake", "render")
#: Functions whose step in the graph does not exist yet.
NOT_IN_THE_GRAPH: tuple[str, ...] = ()
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


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


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def stage(path: Path) -> str:
    return path.relative_to(ROOT / "transforms").parts[0]


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_import_law(path: Path) -> None:
    package, used = path.relative_to(ROOT).parts[0], top(imports(path))
    allowed = {
        "schemas": {"schemas"},
        "transforms": {"schemas", "transforms"},
        "runners": {"schemas", "runners"},
        "beam_pipeline": set(PACKAGES),
    }[package]
    assert used & set(PACKAGES) <= allowed


@pytest.mark.parametrize("path", [p for p in MODULES if "transforms" in p.parts], ids=relative)
def test_stages_do_not_import_each_other(path: Path) -> None:
    own = stage(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "transforms" and len(parts) > 1 and path.name != "preload.py":
            assert parts[1] == own or parts[1] in LEAVES, f"{relative(path)} imports {name}"


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
            ("transforms/extract/pdf", "transforms/layout/pymupdf", "transforms/ocr/pymupdf")
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


def test_every_stage_folder_has_one_beam_module() -> None:
    folders = {path.name for path in (ROOT / "transforms").iterdir() if (path / "__init__.py").is_file()}
    for name in folders - set(LEAVES) - set(NOT_IN_THE_GRAPH):
        assert (ROOT / "transforms" / name / "transform.py").is_file(), name


def test_nothing_is_left_of_tests_in_the_distribution() -> None:
    listed = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert 'OURS = ["docbeam", "beam_pipeline", "transforms", "schemas", "runners"]' in listed
