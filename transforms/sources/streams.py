"""What is new in inputs that are listed again and again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from schemas.failures import NothingListed
from schemas.options import SourceOptions
from schemas.source import SourceRef
from transforms.sources.listing import expand
from transforms.stores.base import Store
from transforms.stores.uris import is_local

#: Everything is named once more after this time: what failed for a passing reason gets its next try.
SWEEP_SECONDS = 3600.0
_MARK_BYTES = 8


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """What the last listing of an input found, as small as can be: it is kept with every checkpoint."""

    #: When that listing began, and when everything was named last; seconds since the epoch.
    listed: float = 0.0
    swept: float = 0.0
    #: Digests of (URI, stamp), `_MARK_BYTES` each.
    marks: bytes = b""


def listed_now(text: str, store: Store, options: SourceOptions) -> Iterator[SourceRef]:
    """Documents that an input stands for at the moment; none is no error. Local files that just changed come later."""
    try:
        for ref in expand(text, store, options):
            # What cannot be looked at is told at once.
            if ref.stamp or ref.size is None or not is_local(ref.uri):
                yield ref
    except NothingListed:
        return


def is_due(seen: Seen, tick: float) -> bool:
    """Whether a listing is wanted: none is where a later one took place, as after a restart."""
    return tick > seen.listed


def news(refs: Iterable[SourceRef], seen: Seen, now: float) -> tuple[list[SourceRef], Seen]:
    """Those of the listed documents that the last listing did not find so, and what to remember of this one."""
    sweep = now - seen.swept >= SWEEP_SECONDS
    known = frozenset[bytes]() if sweep else _marks(seen.marks)
    found = {_mark(ref): ref for ref in refs}
    fresh = [ref for mark, ref in found.items() if mark not in known]
    return fresh, Seen(now, now if sweep else seen.swept, b"".join(found))


def _mark(ref: SourceRef) -> bytes:
    text = f"{ref.uri}\0{ref.stamp}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=_MARK_BYTES).digest()


def _marks(joined: bytes) -> frozenset[bytes]:
    return frozenset(joined[at : at + _MARK_BYTES] for at in range(0, len(joined), _MARK_BYTES))
