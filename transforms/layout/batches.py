"""How many pages, lines and tables go through a network at once, and which pages may go together."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import msgspec

from schemas.failures import ConfigurationError

BOUNDS_FILE = "batch_bounds.toml"


class BatchBounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most that one run of each network takes. A single page larger than a bound still runs, alone."""

    image_pages: int = 1
    graph_pages: int = 1
    #: The graph network compares all pairs of lines.
    graph_nodes: int = 2000
    table_crops: int = 1


def shipped_bounds(device: str) -> BatchBounds:
    """The bounds measured for 'cpu' or 'cuda' by `benchmarks/layout_batches.py`."""
    text = files(__name__.rpartition(".")[0]).joinpath(BOUNDS_FILE).read_text(encoding="utf-8")
    devices: dict[str, Any] = tomllib.loads(text)
    try:
        return msgspec.convert(devices[device], BatchBounds)
    except (KeyError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{BOUNDS_FILE} has no valid table [{device}]: {error}") from error


def graph_batches(sizes: Sequence[int], neighbours: int, bounds: BatchBounds) -> Iterator[list[int]]:
    """Indices of pages that may run together; empty pages are left out.

    A page with no more lines than `neighbours` runs alone: its lines look at all lines including themselves, and
    beside another page the network would take lines of that page instead.
    """
    batch: list[int] = []
    nodes = 0
    for page, size in enumerate(sizes):
        if 0 < size <= neighbours:
            yield [page]
        elif size:
            if batch and (len(batch) >= bounds.graph_pages or nodes + size > bounds.graph_nodes):
                yield batch
                batch, nodes = [], 0
            batch.append(page)
            nodes += size
    if batch:
        yield batch


def slices(count: int, size: int) -> Iterator[slice]:
    """Runs of at most `size` over `count` items."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
