"""Names of exported files: below one folder whatever a document calls itself, and no two alike."""

from __future__ import annotations

import functools
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from schemas.failures import ConfigurationError, OutputError
from schemas.ids import stable_id
from transforms.stores.outputs import output_around

#: In the folder of an export: its files, a line each.
WRITTEN = ".docbeam-export"

#: File systems take 255 bytes; suffixes need room.
_MAX_NAME_BYTES = 200


class ExportPaths:
    """Gives each document a path below `root`. Same documents in the same order get the same paths."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def base(self, path: str, doc_id: str, suffixes: Sequence[str]) -> Path:
        """The path to which `suffixes` are appended; a name that is taken gets the start of `doc_id`."""
        *folders, name = safe_parts(path)
        for depth in range(len(folders)):
            # A folder cannot have the name of a file that was written before.
            while _key(folders[: depth + 1]) in self._files:
                folders[depth] += "~"
        candidate, tries = name, 0
        while self._taken([*folders, candidate], suffixes):
            candidate = f"{name}~{doc_id[: 8 + tries]}" + "~" * max(0, tries - len(doc_id))
            tries += 1
        self._files.update(_key([*folders, candidate + suffix]) for suffix in suffixes)
        self._folders.update(_key(folders[: depth + 1]) for depth in range(len(folders)))
        return self._root.joinpath(*folders, candidate)

    def prepare(self, target: Path) -> None:
        """Create the folder of `target`. Only what an export wrote, by the list it keeps, is written over.

        Raises OutputError when a link on the way leads out of the root, ConfigurationError for a file of somebody else.
        """
        self._refuse_tables(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.resolve().is_relative_to(self._root.resolve()):
            raise OutputError(f"{target} is or follows a link that leaves {self._root}; remove the link")
        name = target.relative_to(self._root).as_posix()
        if name in self._written:
            return
        if os.path.lexists(target):
            raise ConfigurationError(f"{target} is there, and no export wrote it: move it away, or choose another DIR")
        self._written.add(name)
        with (self._root / WRITTEN).open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")

    def _refuse_tables(self, target: Path) -> None:
        if output := output_around(os.path.realpath(target)):
            raise ConfigurationError(f"{target} lies among the tables of {output}: choose another DIR")

    @functools.cached_property
    def _written(self) -> set[str]:
        try:
            return set((self._root / WRITTEN).read_text(encoding="utf-8").splitlines())
        except (FileNotFoundError, NotADirectoryError):
            return set()

    def _taken(self, parts: Sequence[str], suffixes: Sequence[str]) -> bool:
        names = {_key([*parts[:-1], parts[-1] + suffix]) for suffix in suffixes}
        return not (names.isdisjoint(self._files) and names.isdisjoint(self._folders))


def safe_parts(path: str) -> list[str]:
    """Folder names and file name of a relative path: none empty, none '..', no separators, no control characters."""
    parts = [_safe_name(part) for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return parts or ["unnamed"]


def _safe_name(name: str) -> str:
    text = name.encode("utf-8", "replace").decode("utf-8")
    text = "".join("_" if unicodedata.category(char).startswith("C") else char for char in text)
    data = text.encode("utf-8")
    if len(data) <= _MAX_NAME_BYTES:
        return text
    return f"{data[: _MAX_NAME_BYTES - 9].decode('utf-8', 'ignore')}~{stable_id(text)[:8]}"


def _key(parts: Sequence[str]) -> str:
    """Equal for paths that some file system takes for the same: case and composition of letters do not matter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", "/".join(parts)).casefold())
