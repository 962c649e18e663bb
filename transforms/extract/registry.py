"""Extractors by media type: Python entry points of the group `docbeam.extractors`, ours and other people's."""

from __future__ import annotations

import functools
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol

from schemas.content import Extraction, ExtractRequest
from schemas.failures import ConfigurationError, Corrupt, Unsupported
from transforms.runtime.own_points import is_ours, loaded

GROUP = "docbeam.extractors"
#: What detection calls a file without bytes, whatever its name claims.
_EMPTY = "application/x-empty"


class Extractor(Protocol):
    """Reads one file format. It runs in a child process that may be killed at any moment."""

    name: str
    media_types: frozenset[str]
    extensions: frozenset[str]

    def extract(self, path: Path, request: ExtractRequest) -> Extraction:
        """The requested pages. Raises DocumentError subclasses for files it cannot read."""
        ...


def extractor_for(media_type: str) -> Extractor:
    """The extractor for a media type; raises Unsupported when nothing installed reads it, Corrupt for empty files."""
    if media_type == _EMPTY:
        hint = "copy or export it again; leave it out with --exclude if it is meant to be empty"
        raise Corrupt("the file is empty: it has not a single byte", hint=hint)
    found = _by_media_type().get(media_type)
    if found is None:
        known = ", ".join(sorted({extractor.name for extractor in _by_media_type().values()}))
        raise Unsupported(f"no extractor for {media_type or 'unknown content'} (installed: {known})")
    return found


def import_built_in() -> None:
    """Import what the built-in extractors need; other people's are left to processes that may die of them."""
    for point in entry_points(group=GROUP):
        if is_ours(point):
            loaded(point)


@functools.cache
def _by_media_type() -> dict[str, Extractor]:
    # Sorted so that a plugin's claim on a type does not depend on the order of sys.path; ours come first.
    points = sorted(entry_points(group=GROUP), key=lambda p: (not is_ours(p), p.name))
    table: dict[str, Extractor] = {}
    for point in points:
        extractor = _load(point)
        for media_type in extractor.media_types:
            table[media_type] = extractor
    return table


def _load(point: EntryPoint) -> Extractor:
    try:
        extractor: Extractor = loaded(point)()
    except ImportError as error:
        raise ConfigurationError(
            f"extractor plugin {point.name!r} ({point.value}) cannot be imported: {error}; reinstall or remove it"
        ) from error
    return extractor
