"""Entry points: ours are imported under the names that this process knows our modules by, others as they say."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Any

#: 'transforms', or 'docbeam.transforms' where a project has a `transforms` of its own (see `docbeam.own_names`).
_HERE = __name__.rpartition(".runtime.")[0]


def is_ours(point: EntryPoint) -> bool:
    """Whether the entry point is one of docbeam's own."""
    return point.module.startswith("transforms.") and (point.dist is None or point.dist.name == "docbeam")


def loaded(point: EntryPoint) -> Any:
    """What the entry point names. Raises ImportError."""
    if not is_ours(point):
        return point.load()
    return getattr(import_module(_HERE + point.module.removeprefix("transforms")), point.attr)
