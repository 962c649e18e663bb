"""What a run did, in figures, from the rows it brings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from schemas.part import WrittenFile
from schemas.plan import Changes, RunFacts, RunRecord
from transforms.write.ledger import COMMITTED, plain_record

#: Names of counts: of pages by their status, and of pages that OCR read with so little confidence that they are worth a
#: look.
PAGES, DOUBTFUL = "pages_", "doubtful_pages"
LOW_CONFIDENCE = 0.7
_SUMS = ("pages", "elements", "hidden_elements", "chunks")

Reader = Callable[[WrittenFile, list[str]], Iterator[pa.Table]]


def run_record(facts: RunFacts, changes: Changes, read: Reader) -> RunRecord:
    """The row of a run that is about to commit, without the versions that follow from the commit."""
    record = plain_record(facts, COMMITTED, {})
    counts, failures = Counter[str](), Counter[str]()
    for rows in _tables(changes.files, "documents", ["status", *_SUMS], read):
        counts.update(_frequencies(rows["status"]))
        counts.update({name: pc.sum(rows[name]).as_py() or 0 for name in _SUMS})
    for rows in _tables(changes.files, "pages", ["status", "confidence"], read):
        counts.update({PAGES + status: count for status, count in _frequencies(rows["status"]).items()})
        counts[DOUBTFUL] += pc.sum(pc.less(rows["confidence"], LOW_CONFIDENCE)).as_py() or 0
    for rows in _tables(changes.files, "failures", ["category"], read):
        failures.update(_frequencies(rows["category"]))
    for touch in changes.touched:
        counts["touched" if touch.failure is None else "stale"] += 1
        if touch.failure is not None:
            failures[touch.failure.category.value] += 1
    planned = {f"planned_{name}": amount for name, amount in changes.counts.items()}
    seconds = _seconds(record.started, record.finished)
    return msgspec.structs.replace(
        record,
        counts={**planned, **counts, "listed": changes.listed},
        failures=dict(failures),
        listing_digest=f"{changes.listing_digest:032x}" if changes.listed else "",
        pages_per_second=counts["pages"] / seconds if seconds > 0 else 0.0,
    )


def _tables(files: Iterable[WrittenFile], table: str, columns: list[str], read: Reader) -> Iterator[pa.Table]:
    for file in files:
        if file.table == table:
            yield from read(file, columns)


def _frequencies(values: pa.ChunkedArray) -> dict[str, int]:
    return {str(item["values"]): int(item["counts"]) for item in pc.value_counts(values).to_pylist()}


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
