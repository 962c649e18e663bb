"""Opening Delta tables below any root that the library can name, with what it must know of the root's store."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from schemas.failures import ConfigurationError, DocumentError, OutputError
from transforms.stores.any import AnyStore
from transforms.stores.delta import delta_options
from transforms.stores.outputs import LOG
from transforms.stores.uris import is_local

#: deltalake 1.6 takes '%20' for a blank and a backslash for a slash, so that it would read another folder, and gives up
#: at the others.
_UNSPEAKABLE = re.compile(r"%[0-9A-Fa-f]{2}|[\x00-\x1f\x7f\\^|\[\]\ud800-\udfff]")


def can_name(root: str) -> bool:
    """Whether Delta tables can be below a root."""
    return _UNSPEAKABLE.search(root) is None


def delta_uri(root: str, table: str) -> str:
    """What deltalake calls a table; ConfigurationError when it would take it for another."""
    if wrong := _UNSPEAKABLE.search(root):
        raise ConfigurationError(
            f"the Delta library cannot name {root!r} because of {wrong[0]!r}: give an --output without it, or "
            "--format parquet"
        )
    if is_local(root):
        return posixpath.join(root, table)
    # A URI for deltalake, where for everybody else it is what a store calls the prefix.
    kind, _, rest = root.partition("://")
    bucket, slash, prefix = rest.partition("/")
    return posixpath.join(f"{kind}://{bucket}{slash}{quote(prefix)}", table)


def is_delta(root: str, table: str, options: Mapping[str, str] | None = None) -> bool:
    """Whether there is a Delta table of this name. Raises OutputError when the store does not tell."""
    try:
        return bool(DeltaTable.is_deltatable(delta_uri(root, table), _options(root, options)))
    except (DeltaError, OSError) as error:
        raise OutputError(f"cannot look for table {table!r} below {root}: {told(error)}") from error


def delta_table(
    root: str, table: str, version: int | None = None, options: Mapping[str, str] | None = None
) -> DeltaTable:
    """The table, at a version if one is named. Raises OutputError when it cannot be opened."""
    try:
        return DeltaTable(delta_uri(root, table), version, storage_options=_options(root, options))
    except (DeltaError, OSError) as error:
        raise OutputError(f"cannot open table {table!r} below {root}: {told(error)}") from error


def told(error: Exception) -> str:
    """An error of the library on one line: it draws trees in colour, and quotes whole answers of servers."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|↳|<\?xml.*?>", "", str(error)).split())


def log_entry(root: str, table: str, version: int) -> str:
    """Path of the commit that made a version."""
    return posixpath.join(root, table, LOG, f"{version:020d}.json")


def commit_info(root: str, table: str, version: int) -> dict[str, Any]:
    """What the commit that made a version says of itself.

    Not `DeltaTable.history`: deltalake 1.6 finds none below folders with '#' or '?' in their names, and says nothing.
    """
    path = log_entry(root, table, version)
    try:
        with AnyStore().open(path) as file:
            entries = [json.loads(line) for line in file.read().splitlines()]
    except (DocumentError, ValueError) as error:
        raise OutputError(f"cannot read the log of table {table!r} below {root}: {error}") from error
    return next((entry["commitInfo"] for entry in entries if "commitInfo" in entry), {})


def _options(root: str, options: Mapping[str, str] | None) -> dict[str, str]:
    return delta_options(root) if options is None else dict(options)
