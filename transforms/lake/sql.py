"""DuckDB over our tables: nothing is downloaded or kept in the home folder, and Python variables are no tables."""

from __future__ import annotations

import duckdb

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
}


def connect(spill: str = "") -> duckdb.DuckDBPyConnection:
    """A database in memory. What does not fit goes to the folder `spill`, or ends the statement."""
    return duckdb.connect(":memory:", config=_SETTINGS | {"temp_directory": spill})
