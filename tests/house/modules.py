"""The modules of docbeam, which of them import which, and the layers that they lie in."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "transforms", "beam_pipeline", "runners")
#: From the ground up, each with its rooms. A module may import what lies in its own room or in a layer below it: rooms
#: of one layer know nothing of each other. A room is a package or a module; the longest name that fits counts.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("schemas",),
    ("transforms.runtime", "transforms.render", "runners"),
    ("transforms.stores", "transforms.sandbox"),
    ("transforms.steps", "transforms.inference", "transforms.lake"),
    (
        *("transforms.sources", "transforms.fetch", "transforms.plan", "transforms.extract", "transforms.ocr"),
        *("transforms.layout", "transforms.assemble", "transforms.chunk", "transforms.write"),
    ),
    # What the fork server of the parser processes loads, of all stages.
    ("transforms.preload",),
    ("beam_pipeline.units", "beam_pipeline.noise", "beam_pipeline.checked", "beam_pipeline.fingerprint"),
    ("beam_pipeline.config", "beam_pipeline.facts"),
    ("beam_pipeline.graph",),
    ("beam_pipeline.jobs", "beam_pipeline.extract"),
    ("beam_pipeline.cli",),
    # The doors: what programs import, and what starts the command.
    ("docbeam",),
    ("beam_pipeline.__init__", "beam_pipeline.__main__"),
)
#: Packages that only hold others: their `__init__` imports nothing.
EMPTY = ("transforms.__init__",)
HEIGHT = {room: height for height, rooms in enumerate(LAYERS) for room in rooms}
Graph = Mapping[str, frozenset[str]]


def relative(path: Path) -> str:
    """The path of a file in the repository."""
    return path.relative_to(ROOT).as_posix()


@cache
def sources() -> tuple[Path, ...]:
    """All modules, and those of `docbeam`."""
    return tuple(sorted(path for package in (*PACKAGES, "docbeam") for path in (ROOT / package).rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    """A module's syntax."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    """'transforms.write.commit'; that of a package ends in '.__init__'."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def graph() -> Graph:
    """Module by module what it imports, wherever in it the import stands."""
    names = {name_of(path): path for path in sources()}
    return {name: frozenset(_imported(path, names)) - {name} for name, path in names.items()}


def _imported(path: Path, names: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        wanted: list[str] = []
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            wanted = [name if name in names else node.module or "" for name in inner]
        for name in wanted:
            yield from (found for found in (name, f"{name}.__init__") if found in names)


def room_of(module: str) -> str | None:
    """The room that a module lies in; None for one that no layer names."""
    fitting = [room for room in HEIGHT if module == room or module.startswith(f"{room}.")]
    return max(fitting, key=len, default=None)


def circle(modules: Graph) -> list[str]:
    """Modules that import each other in a circle; none of them when nothing does."""
    try:
        TopologicalSorter(modules).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def against_the_law(modules: Graph) -> list[str]:
    """Imports that lead up, or from room to room within a layer."""
    rooms = {module: room_of(module) for module in modules}
    return sorted(
        f"{module} -> {used}"
        for module, imported in modules.items()
        for used in imported
        if (here := rooms[module]) and (there := rooms[used]) and here != there and HEIGHT[here] <= HEIGHT[there]
    )
