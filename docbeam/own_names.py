"""Our packages under names that nobody else has: `docbeam.schemas` is `schemas`, wherever that folder lies.

The code imports `schemas`, `transforms`, `runners` and `beam_pipeline`: names that a project may have, too. Under
`docbeam.` each module is compiled once more, with these imports pointing to `docbeam.` as well. What is imported there
takes no name from the project, and nothing of the project is mistaken for ours: in any order of imports, and in child
processes too, since pickles hold the new names.

No module of ours is there twice: where `schemas` is ours and was imported first, `docbeam.schemas` is that module,
and the other way round. So programs may mix both names, and plug-ins may import `schemas`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast

PREFIX = "docbeam."
#: Our packages, and which of them each imports.
OURS = {
    "schemas": ("schemas",),
    "runners": ("runners", "schemas"),
    "transforms": ("schemas", "transforms"),
    "beam_pipeline": ("beam_pipeline", "runners", "schemas", "transforms"),
}
#: What `schemas` and the others lie in.
ROOT = Path(__file__).resolve().parents[1]


def install() -> None:
    """Let our names be found, before any others."""
    if not any(isinstance(finder, OwnNames) for finder in sys.meta_path):
        sys.meta_path.insert(0, OwnNames())


def plain_names_are_ours() -> bool:
    """Whether `import schemas` and so on would find our packages."""
    return all(_found_plainly(name) for name in OURS)


class OwnNames(MetaPathFinder):
    """Finds our modules under `docbeam.`, and lets plain names be the modules that were loaded so."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of one of our modules; None for all others."""
        plain = fullname.removeprefix(PREFIX)
        top = plain.partition(".")[0]
        if top not in OURS:
            return None
        other = PREFIX + plain if plain == fullname else plain
        if _loaded_as(other.removesuffix(plain), top):
            return ModuleSpec(fullname, _Same(other))
        return None if plain == fullname else _own_spec(fullname, ROOT.joinpath(*plain.split(".")))


def _loaded_as(prefix: str, top: str) -> bool:
    """Whether a package of ours is loaded under one kind of names, so that the others have to mean the same."""
    module, other = sys.modules.get(prefix + top), sys.modules.get(top if prefix else PREFIX + top)
    if module is None or other is not None:
        return module is not None and module is other and module.__name__ == prefix + top
    if prefix:
        return _found_plainly(top)
    return _is_ours(module) and all(map(_found_plainly, OURS[top]))


def _own_spec(fullname: str, place: Path) -> ModuleSpec | None:
    for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if file.is_file():
            folders = [str(place)] if file.name == "__init__.py" else None
            loader = _Rewriting(fullname, str(file))
            return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=folders)
    return None


def _is_ours(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve() == ROOT / module.__name__ / "__init__.py"


def _found_plainly(top: str) -> bool:
    """Whether the plain name means our package, as far as the other finders are concerned."""
    if (loaded := sys.modules.get(top)) is not None:
        return _is_ours(loaded) or loaded is sys.modules.get(PREFIX + top)
    finders = [finder for finder in sys.meta_path if not isinstance(finder, OwnNames)]
    specs = (found for finder in finders if (found := finder.find_spec(top, None)) is not None)
    first = next(specs, None)
    return first is not None and first.origin is not None and Path(first.origin).resolve().parent == ROOT / top


class _Same(Loader):
    """Loads a module by importing it under its other name."""

    def __init__(self, other: str) -> None:
        self._other = other

    def exec_module(self, module: ModuleType) -> None:
        """What is in `sys.modules` afterwards is what was imported."""
        sys.modules[module.__name__] = import_module(self._other)


class _Rewriting(SourceFileLoader):
    """Compiles our sources with our imports pointing to `docbeam.`, and keeps the code beside that of plain names."""

    def source_to_code(self, data: Any, path: Any, *, _optimization: int = -1) -> Any:  # type: ignore[override]
        """The code of a module."""
        import ast

        tree = ast.parse(data, path)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and not node.level and _is_our_name(node.module or ""):
                node.module = PREFIX + (node.module or "")
            elif isinstance(node, ast.Import):
                node.names = list(_renamed(node.names))
        return compile(tree, path, "exec", dont_inherit=True, optimize=_optimization)

    def get_data(self, path: str) -> bytes:
        """The bytes of the source or of the code that was kept."""
        return super().get_data(_kept(path))

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Keep code."""
        super().set_data(_kept(path), data, _mode=_mode)


def _renamed(names: Sequence[ast.alias]) -> Iterator[ast.alias]:
    # `import schemas.ids` would bind `docbeam`: our modules import whole modules for what that does only.
    import ast

    for alias in names:
        ours = _is_our_name(alias.name)
        yield ast.copy_location(ast.alias(PREFIX + alias.name, alias.asname), alias) if ours else alias


def _is_our_name(name: str) -> bool:
    return name.partition(".")[0] in OURS


def _kept(path: str) -> str:
    return f"{path.removesuffix('.pyc')}.docbeam.pyc" if path.endswith(".pyc") else path
