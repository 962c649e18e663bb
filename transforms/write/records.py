"""Records in a run's staging folder: what the run is, and which of its documents are whole.

They are there as a whole or not at all, and what they tell of is on the disk before they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from schemas.part import WrittenFile
from schemas.plan import Changes, RunFacts
from schemas.tables import SCHEMA_VERSION
from transforms.runtime.guard import Raised, captured
from transforms.stores.staging import FOLDER

T = TypeVar("T")
_RUN, _PORTION = "run.json", "portion-"


class StagedRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a later run must know of the one that staged."""

    facts: RunFacts
    format: str
    #: The run whose tables this one began with; '' for none.
    base: str = ""
    #: Documents that it was to work on.
    planned: int = 0
    #: Documents that had good rows before, and the share of them that may be lost.
    held: int = 0
    max_removed: float = 1.0
    schema_version: int = SCHEMA_VERSION


class Portion(msgspec.Struct, frozen=True, kw_only=True):
    """Documents that are whole, and the files with their rows; paths are names, for the output may be moved."""

    files: list[WrittenFile]
    doc_ids: list[str]
    emptied: list[str] = []
    losing: int = 0


def write_run(root: str, staged: StagedRun) -> None:
    """Put down what the run is."""
    _write(os.path.join(root, FOLDER, staged.facts.run_id, _RUN), staged)


def write_portion(root: str, run_id: str, number: int, changes: Changes) -> None:
    """Put down that the documents of a portion are whole."""
    for file in changes.files:
        _sync(file.path)
    files = [msgspec.structs.replace(file, path=os.path.basename(file.path)) for file in changes.files]
    portion = Portion(files=files, doc_ids=changes.doc_ids, emptied=changes.emptied, losing=changes.losing)
    _write(os.path.join(root, FOLDER, run_id, f"{_PORTION}{number:05d}.json"), portion)


def read_run(root: str, run_id: str) -> StagedRun | None:
    """What a run says it is; None when it left no record."""
    return _read(os.path.join(root, FOLDER, run_id, _RUN), StagedRun)


def read_portions(root: str, run_id: str) -> Iterator[Portion]:
    """The portions that a run left, oldest first; records that cannot be read are left out."""
    folder = os.path.join(root, FOLDER, run_id)
    for name in sorted(os.listdir(folder)):
        if name.startswith(_PORTION):
            portion = _read(os.path.join(folder, name), Portion)
            if portion is not None:
                yield portion


def _write(path: str, record: msgspec.Struct) -> None:
    """Options may hold names that are not UTF-8: JSON in ASCII keeps them."""
    data = json.dumps(msgspec.to_builtins(record)).encode("ascii")
    unfinished = path + ".tmp"
    with open(unfinished, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(unfinished, path)


def _read(path: str, kind: type[T]) -> T | None:
    def read() -> Any:
        with open(path, "rb") as stream:
            return msgspec.convert(json.load(stream), kind)

    found = captured(read)
    return None if isinstance(found, Raised) else found


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
