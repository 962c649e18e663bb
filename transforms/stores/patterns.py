"""Glob patterns: those of inputs, and those of --include and --exclude."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from pathspec import GitIgnoreSpec

from schemas.failures import ConfigurationError
from schemas.options import SourceOptions

_MAGIC = re.compile(r"[*?\[]")
_WILDCARDS = re.compile(r"(\*\*|\*|\?|\[.\])")


def has_magic(text: str) -> bool:
    """Whether `text` is a glob pattern rather than a name."""
    return _MAGIC.search(text) is not None


def fixed_prefix(pattern: str) -> str:
    """Folder above the first component of `pattern` with a wildcard, without trailing '/'; '' when there is none."""
    return literal_prefix(pattern).rpartition("/")[0]


def literal_prefix(pattern: str) -> str:
    """Everything before the first wildcard of `pattern`."""
    found = _MAGIC.search(pattern)
    return pattern[: found.start()] if found else pattern


def matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the components of `path` match those of `pattern`; '**' stands for any number of components."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(matches(path[start:], pattern[1:]) for start in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and matches(path[1:], pattern[1:])


def uri_pattern(pattern: str) -> re.Pattern[str]:
    """What the URI of an object must match: '**' stands for anything, '*' and '?' for anything but '/', '[x]' for x."""
    wild = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = enumerate(_WILDCARDS.split(pattern))
    literal = (wild.get(piece, re.escape(piece[1:2])) if at % 2 else re.escape(piece) for at, piece in pieces)
    return re.compile("".join(literal), re.DOTALL)


def path_filter(options: SourceOptions) -> Callable[[str], bool]:
    """Whether a relative path passes --include and --exclude.

    Patterns follow the rules of .gitignore files: without '/' they match a file's or any folder's name, with one they
    match from the root, '**' stands for any number of folders, and a leading '!' takes back an earlier match.
    """
    include, exclude = _spec("--include", options.include), _spec("--exclude", options.exclude)

    def passes(path: str) -> bool:
        return (include is None or include.match_file(path)) and not (exclude is not None and exclude.match_file(path))

    return passes


def _spec(option: str, patterns: tuple[str, ...]) -> GitIgnoreSpec | None:
    try:
        return GitIgnoreSpec.from_lines(patterns) if patterns else None
    except ValueError as error:
        raise ConfigurationError(f"{option} has a pattern that is not valid: {error}") from error
