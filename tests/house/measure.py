"""`make house`: how the sources stand against the goals of their structure. Tests are not counted."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from modules import ROOT, against_the_law, circle, graph, relative, sources, tree

#: Columns of a line, and modules of a folder, at most.
COLUMNS, FOLDER = 100, 15
#: Words in 'ed' that are no participles, and participles that are not in 'ed'.
_NO_PARTICIPLES = frozenset({"embed", "exceed", "feed", "need", "proceed", "seed", "shed", "speed"})
_PARTICIPLES = frozenset(
    {
        *("bent", "bound", "broken", "built", "caught", "chosen", "drawn", "found", "given", "gone", "grown", "held"),
        *("hidden", "kept", "known", "laid", "left", "lost", "made", "meant", "met", "paid", "said", "seen", "sent"),
        *("shown", "spent", "taken", "thought", "told", "torn", "undone", "won", "worn", "written"),
    }
)
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.IfExp, ast.ExceptHandler, ast.comprehension, ast.match_case)


class Row(NamedTuple):
    """A line of the table."""

    what: str
    now: str
    goal: str
    reached: bool


def functions() -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods."""
    return [node for path in sources() for node in ast.walk(tree(path)) if isinstance(node, _FUNCTIONS)]


def inner_imports(path: Path) -> Iterator[str]:
    """Imports within functions."""
    inside = {
        id(node): node
        for function in ast.walk(tree(path))
        if isinstance(function, _FUNCTIONS)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    yield from (f"{relative(path)}:{node.lineno}" for node in inside.values())


def is_participle(name: str) -> bool:
    """Whether a function is named by what was done instead of what it does."""
    word = name.strip("_").partition("_")[0]
    if word in _NO_PARTICIPLES:
        return False
    return word in _PARTICIPLES or (word.endswith("ed") and len(word) > 4)


def branches_per_10_lines() -> float:
    """Ways through functions, by the lines of their statements, docstrings apart."""
    ways, lines = len(functions()), 0
    for path in sources():
        parts = [node for function in _outermost(path) for stmt in _body(function) for node in ast.walk(stmt)]
        ways += sum(isinstance(node, _BRANCHES) for node in parts)
        ways += sum(len(node.values) - 1 for node in parts if isinstance(node, ast.BoolOp))
        lines += len({node.lineno for node in parts if isinstance(node, ast.stmt | ast.expr)})
    return 10 * ways / lines


def _outermost(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    pending: list[ast.AST] = [tree(path)]
    while pending:
        for node in ast.iter_child_nodes(pending.pop()):
            if isinstance(node, _FUNCTIONS):
                yield node
            else:
                pending.append(node)


def _body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    return function.body[1:] if ast.get_docstring(function, clean=False) else function.body


def folders() -> Counter[str]:
    """Modules by folder."""
    return Counter(relative(path.parent) for path in sources() if path.name != "__init__.py")


def families() -> list[str]:
    """Prefixes that three or more modules of a folder share."""
    prefixes = Counter(
        f"{relative(path.parent)}/{found[1]}_*" for path in sources() if (found := re.match(r"([a-z]+)_", path.name))
    )
    return sorted(prefix for prefix, count in prefixes.items() if count > 2)


def rows() -> Iterator[Row]:
    """The table."""
    loop, arrows = circle(graph()), against_the_law(graph())
    yield Row("import circles", ", ".join(loop) or "0", "0", not loop)
    yield Row("arrows that run back up", ", ".join(arrows) or "0", "0", not arrows)
    folder, most = folders().most_common(1)[0]
    yield Row("modules in a folder, at most", f"{most} ({folder})", str(FOLDER), most <= FOLDER)
    yield Row("families of prefixes", ", ".join(families()) or "0", "0", not families())
    lengths = sorted((node.end_lineno or 0) - node.lineno + 1 for node in functions())
    p50, p90, longest = lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10], lengths[-1]
    yield Row(
        "lines of a function p50/p90/max", f"{p50}/{p90}/{longest}", "8/20/45", p50 <= 8 and p90 <= 20 and longest <= 45
    )
    longest_module = max(len(path.read_text(encoding="utf-8").splitlines()) for path in sources())
    yield Row("lines of a module, at most", str(longest_module), "300", longest_module <= 300)
    named = [node.name for node in functions() if is_participle(node.name)]
    share = len(named) / len(lengths)
    yield Row("functions named by a participle", f"{share:.1%}", "2%", share <= 0.02)
    wide = sum(len(line) > COLUMNS for path in sources() for line in path.read_text(encoding="utf-8").splitlines())
    yield Row(f"lines over {COLUMNS} columns", str(wide), "0", not wide)
    density = branches_per_10_lines()
    yield Row("branches per 10 lines of code", f"{density:.1f}", "5", density <= 5)
    inner = sum(1 for path in sources() for _ in inner_imports(path))
    yield Row("imports within functions", str(inner), "25", inner <= 25)


def main() -> None:
    """Print the table."""
    for row in rows():
        print(f"{'ok ' if row.reached else '-- '}{row.what:<34}{row.now:<40} goal {row.goal}")
    print(f"   {len(sources())} modules in {len(folders())} folders of {ROOT.name}; coverage: `make unit`")


if __name__ == "__main__":
    main()
