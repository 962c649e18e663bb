"""What a stage does to a part, without a graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from schemas.failures import Failure
from schemas.part import Part
from transforms.runtime.activity import activity
from transforms.runtime.guard import guarded
from transforms.sandbox.pool import ParserPool


class PartFunction(Protocol):
    """A stage's work on one part; native code runs through `pool.call`."""

    def __call__(self, part: Part, pool: ParserPool) -> Iterable[Part]:
        """The parts that come of it. May raise anything: the guard turns it into the part's failure."""
        ...


def worked(stage: str, function: PartFunction, part: Part, pool: ParserPool) -> list[Part]:
    """The parts that a stage makes of one, under the guard. Failed parts pass through untouched."""
    if part.failure is not None:
        return [part]
    with activity().at(stage):
        result = guarded(stage, lambda: list(function(part, pool)))
    if isinstance(result, Failure):
        return [msgspec.structs.replace(part, payload=b"", failure=result)]
    return result
