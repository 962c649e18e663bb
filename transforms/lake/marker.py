"""The marker at the root of an output, on this machine and in object stores, and what may not lie beside our tables."""

from __future__ import annotations

import posixpath

import msgspec

from schemas.failures import ConfigurationError, DocumentError, NotFound, OutputError
from transforms.lake.format.files import SUFFIX
from transforms.lake.log.delta import is_delta
from transforms.stores.any import AnyStore, storage_of
from transforms.stores.base import output_errors
from transforms.stores.outputs import LAYOUT, MARKER, Marker, foreign, holds_table, parse_marker
from transforms.stores.staging import FOLDER
from transforms.stores.uris import is_local

#: Foreign files that a message names.
_NAMED = 3


def format_of(root: str) -> str:
    """The format of the output at `root`; '' where there is none.

    Raises ConfigurationError for an output of a later docbeam, OutputError when it cannot be looked at.
    """
    marker = read_marker(root)
    return marker.format if marker else _format_by_tables(root)


def read_marker(root: str) -> Marker | None:
    """What the output says of itself; None for a folder without marker, or with one that a power failure emptied."""
    try:
        with output_errors(root), AnyStore().open(posixpath.join(root, MARKER)) as file:
            data = file.read()
    except NotFound:
        return None
    except DocumentError as error:
        hint = f"; {error.hint}" if error.hint else ""
        raise OutputError(f"cannot look into {root}: {error}{hint}") from error
    marker = parse_marker(data)
    if data and marker is None:
        raise ConfigurationError(
            f"{posixpath.join(root, MARKER)} is not what docbeam wrote: move it away, or give another --output"
        )
    if marker and (marker.layout != LAYOUT or marker.format not in SUFFIX):
        raise ConfigurationError(f"{root} is an output of a later docbeam ({marker.format}, layout {marker.layout})")
    return marker


def _format_by_tables(root: str) -> str:
    """Outputs of docbeam before it had markers."""
    names = [name for name in ("documents", "runs") if not is_local(root) or holds_table(root, name)]
    for name in names:
        if is_delta(root, name):
            return "delta"
    files = [path for name in names for path in storage_of(root).list(posixpath.join(root, name))]
    formats = (kind for kind in ("parquet", "arrow", "avro") if any(path.endswith(SUFFIX[kind]) for path in files))
    return next(formats, "")


def require_own(root: str) -> None:
    """Raise ConfigurationError where tables would share their folders with files of others."""
    found = list(foreign(root)) if is_local(root) else []
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise ConfigurationError(
            f"{root} holds files that docbeam did not write where its tables go: {', '.join(found[:_NAMED])}{more}; "
            f"give a folder of its own as --output, such as {posixpath.join(root, 'tables')}"
        )


def mark(root: str, format_name: str) -> None:
    """Say what the output is, unless it says so already. Raises ConfigurationError when it is something else."""
    require_own(root)
    marker = read_marker(root)
    if marker is None:
        _write(root, Marker(format=format_name))
    elif marker.format != format_name:
        raise ConfigurationError(f"{root} is an output of format {marker.format}, not {format_name}")


def _write(root: str, marker: Marker) -> None:
    path, storage = posixpath.join(root, MARKER), storage_of(root)
    data = msgspec.json.encode(marker) + b"\n"
    if not is_local(root):
        with storage.create(path) as file:
            file.write(data)
        return
    # Whole or not at all, whenever we are killed.
    waiting = posixpath.join(root, FOLDER, MARKER)
    with output_errors(path), storage.create(waiting) as file:
        file.write(data)
    storage.move(waiting, path)
