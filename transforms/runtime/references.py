"""References to the same document: which one to keep."""

from __future__ import annotations

import msgspec

from schemas.source import SourceRef


def better(one: SourceRef, other: SourceRef) -> SourceRef:
    """Which of two references to the same document to keep, whatever their order: metadata decides, then the path.

    What one of them knows of size and time, both know.
    """
    chosen = min(one, other, key=_rank)
    sizes = [ref.size for ref in (one, other) if ref.size is not None]
    return msgspec.structs.replace(chosen, size=max(sizes, default=None), stamp=max(one.stamp, other.stamp))


def _rank(ref: SourceRef) -> tuple[bool, int, bool, str, list[tuple[str, str]], str]:
    return (
        ref.failure is not None,
        -len(ref.metadata),
        not ref.manifest,
        ref.path,
        sorted(ref.metadata.items()),
        ref.manifest,
    )
