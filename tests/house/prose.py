"""What documentation, help texts, messages and deployment files say: links, headings, commands and paths in them."""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "transforms", "beam_pipeline", "runners")
FOLDERS = (*PACKAGES, "docs", "deploy", "examples", "benchmarks", "tests", "findings")
MARKDOWN = sorted(path for pattern in ("*.md", "docs/*.md", "deploy/**/*.md") for path in ROOT.glob(pattern))
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
DEPLOYED = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file() and path.suffix != ".pyc")
#: What stands for a value that only the reader knows.
PLACEHOLDER = "X"
_OPERATORS = re.compile(r"[|&;<>()]+")
_ASSIGNMENT = re.compile(r"\w+=.*")
_CODE = ("fence", "code_block")


@cache
def tokens(path: Path) -> tuple[Token, ...]:
    """The blocks of a Markdown file and what is in them, flat."""
    found: list[Token] = []
    for token in MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8")):
        found += [token, *(token.children or [])]
    return tuple(found)


def blocks(path: Path, *languages: str) -> Iterator[str]:
    """Code blocks in one of the languages; indented ones are ''."""
    for token in tokens(path):
        if token.type in _CODE and token.info.strip() in languages:
            yield token.content


def inline_code(path: Path) -> Iterator[str]:
    """Code within sentences and tables."""
    return (token.content for token in tokens(path) if token.type == "code_inline")


def links(path: Path) -> Iterator[str]:
    """Targets of links."""
    return (str(token.attrGet("href")) for token in tokens(path) if token.type == "link_open")


def anchors(path: Path) -> set[str]:
    """Names that GitHub gives the headings."""
    found: list[str] = []
    heading = False
    for token in tokens(path):
        if token.type == "inline" and heading:
            text = "".join(child.content for child in token.children or [])
            name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found.append(f"{name}-{found.count(name)}" if name in found else name)
        heading = token.type == "heading_open" or (heading and token.type != "heading_close")
    return set(found)


def strings(path: Path) -> Iterator[str]:
    """Strings that a user may see; in f-strings a placeholder stands for what is put in.

    Docstrings are help in modules of commands only.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    if path.parent.name != "commands":
        inner |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else PLACEHOLDER
                for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def shell_lines(code: str) -> Iterator[str]:
    """Lines of a shell script; one that goes on after a backslash, or within quotes, is one line."""
    line = ""
    for piece in code.replace("\\\n", " ").splitlines():
        line = f"{line}\n{piece}" if line else piece
        if not _is_open(line):
            yield line.strip()
            line = ""


def _is_open(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return True
    return False


def commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a shell line, without assignments in front."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if not _OPERATORS.fullmatch(word):
            words.append(word)
            continue
        while words and _ASSIGNMENT.fullmatch(words[0]):
            del words[0]
        if words:
            yield words
        words = []
