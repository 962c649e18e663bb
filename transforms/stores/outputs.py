"""What in a local folder is an output of ours: its marker, its tables, and which of their files we wrote.

An output says what it is in a file at its root. Older outputs are known by the logs of their tables, or by
the names of their files, and get theirs from the next run.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

import msgspec

from schemas.tables import RUNS, TABLES

MARKER = "_docbeam.json"
STAGING = "_staging"
RUNS_TABLE = "runs"
LOG = "_delta_log"
TABLE_FOLDERS = (*TABLES, RUNS_TABLE)
#: Everything that an output has at its root.
OWN = frozenset({*TABLE_FOLDERS, STAGING, MARKER})
#: How an output is arranged; another number is another docbeam's.
LAYOUT = 1
#: What lies in the staging folder of a run beside data files: its lock, how streams are told to end, what is finished.
_STAGED = re.compile(r"lock|stop|drained|run\.json|portion-\d+\.json|\.now-[0-9a-f]{32}")
#: Ids of runs begin with the time of their start: see `beam_pipeline.facts.new_run_id`.
RUN_ID = r"\d{8}T\d{6}-[0-9a-z]{6}"
_RUN = re.compile(rf"{RUN_ID}(-[0-9a-z]+)*")
_OURS = re.compile(rf"part-{RUN_ID}-[\w-]+\.(parquet|arrow|avro)", re.ASCII)
#: What is let pass where a marker tells that nobody else's files were there when we began.
_LIKE_OURS = re.compile(r"part-[\w-]+\.(parquet|arrow|avro)", re.ASCII)
_LOG = re.compile(LOG)
#: Names that Delta gives to files when it joins several, and to those that are not whole yet.
_DELTAS = re.compile(r"part-\d{5}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-c\d{3}(\.\w+)?\.parquet(#\d+)?")
#: Entries of a log that are looked at: each of our commits names us.
_LOOKED_AT = 20


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What an output says of itself."""

    docbeam: str = "output"
    layout: int = LAYOUT
    #: delta, parquet, arrow or avro.
    format: str


def parse_marker(data: bytes) -> Marker | None:
    """The marker that a file holds; None when it is damaged or somebody else's."""
    try:
        found = msgspec.json.decode(data, type=Marker)
    except msgspec.DecodeError:
        return None
    return found if found.docbeam == "output" else None


def is_output(folder: str) -> bool:
    """Whether a local folder is the root of an output."""
    return _has_marker(folder) or any(holds_table(folder, name) for name in TABLE_FOLDERS)


def own_names(folder: str) -> frozenset[str]:
    """Names of what an output has in its root, when this folder is one: none of it is an input."""
    return OWN if is_output(folder) else frozenset()


def output_around(path: str) -> str:
    """The output in whose own folders a local path lies (or is one); '' when it lies in none."""
    below, folder = os.path.basename(path), os.path.dirname(path)
    while below:
        if below in OWN and is_output(folder):
            return folder
        folder, below = os.path.dirname(folder), os.path.basename(folder)
    return ""


def holds_table(root: str, name: str) -> bool:
    """Whether the folder of a table holds one of ours, marked or not."""
    folder = os.path.join(root, name)
    if os.path.isdir(os.path.join(folder, LOG)):
        return is_own_log(os.path.join(folder, LOG), name)
    return any(map(is_data_file, _entries(folder)))


def is_own_log(log: str, table: str) -> bool:
    """Whether a Delta log is that of one of our tables: its newest commits name us, or it has our columns."""
    names = sorted((name for name in _entries(log) if name.endswith(".json")), reverse=True)
    texts = [_text(os.path.join(log, name)) for name in names[:_LOOKED_AT]]
    first = _text(os.path.join(log, names[-1])) if names else ""
    return any('"docbeam' in text for text in texts) or _has_columns(first, table)


def _has_columns(commit: str, table: str) -> bool:
    wanted = (RUNS if table == RUNS_TABLE else TABLES[table]).names[:2]
    for line in commit.splitlines():
        try:
            schema = json.loads(json.loads(line)["metaData"]["schemaString"])
            return {field["name"] for field in schema["fields"]}.issuperset(wanted)
        except (ValueError, KeyError, TypeError):
            continue
    return False


def is_run_id(name: str) -> bool:
    """Whether this is how runs are called."""
    return _RUN.fullmatch(name) is not None


def is_data_file(name: str) -> bool:
    """Whether a file of this name in a table's folder is one that a run wrote."""
    return _OURS.fullmatch(name) is not None


def may_be_data_file(name: str) -> bool:
    """Whether a file in a table of a marked output is one of its data files, by its name."""
    return _LIKE_OURS.fullmatch(name) is not None


def is_deltas_file(name: str) -> bool:
    """Whether Delta calls files so when it joins several."""
    return _DELTAS.fullmatch(name) is not None


def is_staged_file(name: str) -> bool:
    """Whether runs stage files of this name."""
    return _STAGED.fullmatch(name.removesuffix(".tmp")) is not None or may_be_data_file(name)


def foreign(root: str) -> Iterator[str]:
    """Paths below a local root, where tables or staged files go, that no run made. Hidden files are let be."""
    marked = _has_marker(root)
    for name in TABLE_FOLDERS:
        folder = os.path.join(root, name)
        if os.path.lexists(folder) and not os.path.isdir(folder):
            yield name
        log = os.path.join(folder, LOG)
        is_delta = os.path.isdir(log) and (marked or is_own_log(log, name))
        expected = (_LIKE_OURS if marked else _OURS, *((_LOG, _DELTAS) if is_delta else ()))
        for entry in _entries(folder):
            if not entry.startswith(".") and not any(pattern.fullmatch(entry) for pattern in expected):
                yield f"{name}/{entry}"
    staged = [] if marked else _entries(os.path.join(root, STAGING))
    yield from (f"{STAGING}/{entry}" for entry in staged if not _may_be_staged(entry))


def _may_be_staged(name: str) -> bool:
    return name.startswith((".", "writer")) or name == MARKER or is_run_id(name)


def _has_marker(folder: str) -> bool:
    try:
        with open(os.path.join(folder, MARKER), "rb") as file:
            return parse_marker(file.read()) is not None
    except OSError:
        return False


def _entries(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
