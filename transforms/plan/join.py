"""The join of what is listed with what is known, one bucket in memory at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from heapq import merge

import msgspec

from schemas.options import PlanOptions, SourceOptions
from schemas.plan import FETCHING, Action, Changes, Known, Planned, Root, Touch
from transforms.plan.blocks import Listed, Packed, by_bucket, known_of, listed_of, with_mark
from transforms.plan.decide import Rules, decide
from transforms.plan.roots import gone_finder
from transforms.runtime.references import better

DIGEST_BITS = 128


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """What a join needs besides its two sides."""

    sources: SourceOptions
    plan: PlanOptions
    rules: Rules

    def outcomes(
        self, listed: Iterable[Packed], known: Iterable[Packed], roots: Iterable[Root]
    ) -> Iterator[Planned | Changes]:
        """Every document to work on, large ones first, then one Changes with the rest."""
        rest, is_gone = Changes(), gone_finder(roots, self.sources)
        listed_blocks, known_blocks = by_bucket(listed), by_bucket(known)
        work = []
        for bucket in sorted({*listed_blocks, *known_blocks}):
            documents = once(listed_of(listed_blocks.pop(bucket, [])))
            rows = {row.doc_id: row for row in known_of(known_blocks.pop(bucket, []))}
            chosen = list(self._bucket(documents, rows, is_gone, rest))
            work.append(sorted(chosen, key=_size))
        yield from merge(*work, key=_size)
        yield rest

    def _bucket(
        self, documents: dict[bytes, Listed], rows: dict[bytes, Known], is_gone: Callable[[Known], bool], rest: Changes
    ) -> Iterator[Planned]:
        for doc_id, item in documents.items():
            row = rows.pop(doc_id, None)
            action = decide(item.ref.stamp, row, self.rules)
            count(rest, action)
            note(rest, item)
            if action in FETCHING:
                yield Planned(ref=item.ref, action=action, known=row)
            elif row is not None and row.mark != item.mark:
                rest.touched.append(Touch(doc_id=doc_id.hex(), ref=item.ref))
        for doc_id, row in rows.items():
            if is_gone(row):
                count(rest, Action.REMOVED)
                if self.plan.deleted != "keep":
                    rest.removed.append(doc_id.hex())


def _size(planned: Planned) -> int:
    return -(planned.ref.size or 0)


def once(documents: Iterable[Listed]) -> dict[bytes, Listed]:
    """Each document once, whatever it was named by."""
    chosen: dict[bytes, Listed] = {}
    for item in documents:
        other = chosen.get(item.doc_id)
        chosen[item.doc_id] = item if other is None else with_mark(item.doc_id, better(other.ref, item.ref))
    return chosen


def count(changes: Changes, action: Action) -> None:
    """One more document of this action."""
    changes.counts[action.value] = changes.counts.get(action.value, 0) + 1


def note(changes: Changes, item: Listed) -> None:
    """Add a listed document to the digest of the listing."""
    text = f"{item.ref.uri}\0{item.ref.stamp}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text + item.mark, digest_size=DIGEST_BITS // 8).digest()
    changes.listing_digest = (changes.listing_digest + int.from_bytes(digest, "big")) % (1 << DIGEST_BITS)
    changes.listed += 1
