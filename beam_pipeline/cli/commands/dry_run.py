"""`docbeam ingest --dry-run`: what would be ingested, from the listing alone."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec
import typer

from beam_pipeline.cli.console import emit_json, printable, tell
from schemas.options import SourceOptions
from schemas.source import SourceRef
from transforms.fetch.media.media_types import type_of_name
from transforms.runtime.references import better
from transforms.sources.listing import STDIN, expand_inputs
from transforms.sources.manifest import read_names
from transforms.stores.any import AnyStore
from transforms.stores.uris import file_name, identity_uri, public_uri

UNKNOWN = "unknown"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A document that would be ingested. The type is what its name claims."""

    uri: str
    path: str
    size: int | None
    type: str


def print_sources(options: SourceOptions, *, as_json: bool) -> None:
    """Each document and the counts by type; as one JSON object, or in lines."""
    found = list(list_sources(options))
    types = Counter(item.type for item in found)
    size = sum(item.size or 0 for item in found)
    if as_json:
        summary = {"documents": len(found), "bytes": size, "types": types, "sources": found}
        emit_json(summary)
        return
    for item in found:
        typer.echo(printable(item.uri))
    typer.echo(f"{len(found)} documents, {_rounded(size)}")
    for kind, count in types.most_common():
        typer.echo(f"{count:>8} {kind}")


def list_sources(options: SourceOptions) -> Iterator[Listed]:
    """The documents that the options name, each URI once, by path."""
    chosen: dict[str, SourceRef] = {}
    for ref in _references(options):
        uri = identity_uri(ref.uri)
        chosen[uri] = better(chosen[uri], ref) if uri in chosen else ref
    for ref in sorted(chosen.values(), key=lambda ref: (ref.path, ref.uri)):
        kind = type_of_name(file_name(ref.uri)) or UNKNOWN
        yield Listed(uri=public_uri(ref.uri), path=ref.path, size=ref.size, type=kind)


def _references(options: SourceOptions) -> Iterable[SourceRef]:

    named = read_names(sys.stdin.buffer, null=options.null) if STDIN in options.inputs else ()
    for found in expand_inputs(options, named, AnyStore()):
        if isinstance(found, SourceRef) and found.failure is None:
            yield found
        elif isinstance(found, SourceRef) and found.failure is not None:
            tell(f"docbeam: {printable(found.failure.message)}")


def _rounded(size: int) -> str:
    """Bytes in a unit that people read."""
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >= 1 << power:
            return f"{size / (1 << power):.1f} {unit}"
    return f"{size} bytes"
