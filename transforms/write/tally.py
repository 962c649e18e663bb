"""What a run did, in figures, from the rows it brings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

from schemas.part import WrittenFile
from schemas.plan import Changes, RunFacts, RunRecord
from transforms.write.ledger import COMMITTED, plain_record

Reader = Callable[[WrittenFile, list[str]], Iterator[pa.Table]]


def run_record(facts: RunFacts, changes: Changes, read: Reader) -> RunRecord:
    """The row of a run that is about to commit, without the versions that follow from the commit."""
    record = plain_record(facts, COMMITTED, {})
    counts, failures = Counter[str](), Counter[str]()
    for row in _rows(changes.files, "documents", ["status", "pages", "elements", "chunks"], read):
        counts.update({row["status"]: 1, "pages": row["pages"], "elements": row["elements"], "chunks": row["chunks"]})
    for row in _rows(changes.files, "failures", ["category"], read):
        failures[row["category"]] += 1
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


def _rows(files: Iterable[WrittenFile], table: str, columns: list[str], read: Reader) -> Iterator[dict[str, Any]]:
    for file in files:
        if file.table == table:
            for rows in read(file, columns):
                yield from rows.select(columns).to_pylist()


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
