"""The join of what is listed with what is known, one bucket in memory at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from heapq import merge

import msgspec

from schemas.document import DocumentStatus
from schemas.options import PlanOptions, SourceOptions
from schemas.plan import FETCHING, Action, Changes, Known, Planned, Root, Touch
from transforms.plan.blocks import Listed, Packed, by_bucket, known_of, listed_of, with_mark
from transforms.plan.decide import Rules, decide
from transforms.plan.roots import gone_finder, require_some, uncovered_finder
from transforms.runtime.references import better

DIGEST_BITS = 128
_GOOD = frozenset({DocumentStatus.OK, DocumentStatus.DELETED})
#: Hears of every document's action: (action, URI, its row).
Teller = Callable[[Action, str, Known | None], None]

#: Whether a document that was not listed is gone, and whether no input covers it.
Fate = tuple[Callable[[Known], bool], Callable[[Known], bool]]


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """What a join needs besides its two sides."""

    sources: SourceOptions
    plan: PlanOptions
    rules: Rules

    def outcomes(
        self, listed: Iterable[Packed], known: Iterable[Packed], roots: Iterable[Root], tell: Teller | None = None
    ) -> Iterator[Planned | Changes]:
        """Every document to work on, large ones first, then one Changes with the rest. `tell` hears of all."""
        roots = list(roots)
        rest = Changes()
        fate = gone_finder(roots, self.sources), uncovered_finder(roots, self.sources)
        listed_blocks, known_blocks = by_bucket(listed), by_bucket(known)
        work = []
        for bucket in sorted({*listed_blocks, *known_blocks}):
            found = list(listed_of(listed_blocks.pop(bucket, [])))
            rest.received += len(found)
            documents = once(found)
            rows = {row.doc_id: row for row in known_of(known_blocks.pop(bucket, []))}
            chosen = list(self._bucket(documents, rows, fate, Notes(rest, tell)))
            work.append(sorted(chosen, key=_size))
        require_some(roots, rest.received)
        yield from merge(*work, key=_size)
        yield rest

    def _bucket(
        self, documents: dict[bytes, Listed], rows: dict[bytes, Known], fate: Fate, notes: Notes
    ) -> Iterator[Planned]:
        is_gone, is_uncovered = fate
        for doc_id, item in documents.items():
            row = rows.pop(doc_id, None)
            notes.changes.held += row is not None and row.good
            action = Action.MISSING if item.ref.failure else decide(item.ref.stamp, row, self.rules)
            notes.count(action, item.ref.uri, row)
            notes.list(item)
            if row is not None and row.status not in _GOOD:
                notes.changes.not_good.append(doc_id.hex())
            if action in FETCHING:
                yield Planned(ref=item.ref, action=action, known=row, keep=self.plan.deleted == "keep")
            elif row is not None and row.mark != item.mark:
                notes.changes.touched.append(Touch(doc_id=doc_id.hex(), ref=item.ref))
        for doc_id, row in rows.items():
            if is_gone(row):
                notes.count(Action.REMOVED, row.uri, row)
                notes.changes.held += row.good
                if self.plan.deleted != "keep":
                    notes.changes.losing += row.good
                    notes.changes.removed.append(doc_id.hex())
            elif is_uncovered(row):
                notes.count(Action.UNCOVERED, row.uri, row)


class Notes(msgspec.Struct, frozen=True):
    """What a join writes down beside the work."""

    changes: Changes
    tell: Teller | None = None

    def count(self, action: Action, uri: str, row: Known | None) -> None:
        """One more document of this action."""
        self.changes.counts[action.value] = self.changes.counts.get(action.value, 0) + 1
        if self.tell is not None:
            self.tell(action, uri, row)

    def list(self, item: Listed) -> None:
        """Add a listed document to the digest of the listing."""
        text = f"{item.ref.uri}\0{item.ref.stamp}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text + item.mark, digest_size=DIGEST_BITS // 8).digest()
        added = self.changes.listing_digest + int.from_bytes(digest, "big")
        self.changes.listing_digest = added % (1 << DIGEST_BITS)
        self.changes.listed += 1


def _size(planned: Planned) -> int:
    return -(planned.ref.size or 0)


def once(documents: Iterable[Listed]) -> dict[bytes, Listed]:
    """Each document once, whatever it was named by."""
    chosen: dict[bytes, Listed] = {}
    for item in documents:
        other = chosen.get(item.doc_id)
        chosen[item.doc_id] = item if other is None else with_mark(item.doc_id, better(other.ref, item.ref))
    return chosen
