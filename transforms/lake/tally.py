"""What a run did, in figures: from the rows it brings, and from those of documents that it left alone."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from schemas.content import LOW_CONFIDENCE
from schemas.document import DocumentStatus
from schemas.failures import Category
from schemas.part import WrittenFile
from schemas.plan import Changes, RunFacts, RunRecord
from schemas.report import FailureReason
from transforms.lake.format import edits
from transforms.lake.log.ledger import COMMITTED, plain_record

#: Names of counts: of pages by their status, of pages that OCR read with so little confidence that they are worth a
#: look, of documents that were left alone by status, of those that went, of those with notes.
PAGES, DOUBTFUL, LEFT, REMOVED, NOTED = "pages_", "doubtful_pages", "left_", "removed", "noted_"
_SUMS = ("pages", "elements", "hidden_elements", "chunks")
#: Columns that failures are told by, and of documents that tell their type.
_TOLD, _TYPES = ["doc_id", "category", "uri", "message", "hint"], ["doc_id", "status", "path", "media_type"]
#: Types that are named; the others are many and rare.
_MOST_TYPES = 30

Reader = Callable[[WrittenFile, list[str]], Iterator[pa.Table]]
TableReader = Callable[[str, list[str]], Iterator[pa.Table]]
Row = dict[str, Any]


def run_record(facts: RunFacts, changes: Changes, read: Reader) -> RunRecord:
    """The row of a run that is about to commit, without the versions that follow from the commit."""
    record = plain_record(facts, COMMITTED, {})
    counts = Counter[str]()
    types: dict[str, str] = {}
    for rows in _tables(changes.files, "documents", [*_TYPES, *_SUMS, "notes"], read):
        counts.update(_frequencies(rows["status"]))
        counts.update({name: pc.sum(rows[name]).as_py() or 0 for name in _SUMS})
        counts.update(NOTED + note for note in pc.list_flatten(rows["notes"]).to_pylist())
        types |= _unsupported(rows)
    for rows in _tables(changes.files, "pages", ["status", "confidence"], read):
        counts.update({PAGES + status: count for status, count in _frequencies(rows["status"]).items()})
        counts[DOUBTFUL] += pc.sum(pc.less(rows["confidence"], LOW_CONFIDENCE)).as_py() or 0
    failures = [row for rows in _tables(changes.files, "failures", _TOLD, read) for row in _told(rows)]
    counts.update("touched" if touch.failure is None else "stale" for touch in changes.touched)
    failures += edits.failure_rows({touch.doc_id: touch for touch in changes.touched}, facts.run_id)
    planned = {f"planned_{name}": amount for name, amount in changes.counts.items()}
    seconds = _seconds(record.started, record.finished)
    record = msgspec.structs.replace(
        record,
        counts={**planned, **counts, "listed": changes.listed, REMOVED: len(changes.removed)},
        listing_digest=f"{changes.listing_digest:032x}" if changes.listed else "",
        # A graph in somebody's pipeline does not know when it started.
        pages_per_second=counts["pages"] / seconds if facts.started and seconds > 0 else 0.0,
    )
    return _with_reasons(record, failure_reasons(failures, types))


def with_left_alone(record: RunRecord, changes: Changes, read: TableReader) -> RunRecord:
    """The row of a run with the documents that were not good before and still are not, by the tables as they are."""
    left = set(changes.not_good) - {*changes.doc_ids, *changes.removed}
    left -= {touch.doc_id for touch in changes.touched if touch.failure is not None}
    if not left:
        return record
    statuses, types = Counter[str](), dict[str, str]()
    for table in read("documents", _TYPES):
        rows = table.filter(edits.is_in(table, left))
        statuses.update(_frequencies(rows["status"]))
        types |= _unsupported(rows)
    failures = (row for rows in read("failures", _TOLD) for row in _told(rows.filter(edits.is_in(rows, left))))
    # What its source answered for again is good now.
    statuses.pop(DocumentStatus.OK, None)
    counts = Counter(record.counts) + Counter(statuses) + Counter({LEFT + name: n for name, n in statuses.items()})
    record = msgspec.structs.replace(record, counts={**record.counts, **counts})
    return _with_reasons(record, merged([*record.reasons, *failure_reasons(failures, types)]))


def _with_reasons(record: RunRecord, reasons: tuple[FailureReason, ...]) -> RunRecord:
    failures = {reason.category: reason.count for reason in reasons}
    return msgspec.structs.replace(record, failures=failures, reasons=reasons)


def failure_reasons(rows: Iterable[Row], types: Mapping[str, str]) -> tuple[FailureReason, ...]:
    """Failures by category, most frequent first; the document with the smallest id is the example.

    `types` are those of documents that failed because of their type.
    """
    counts, by_type, examples = Counter[str](), dict[str, Counter[str]](), dict[str, Row]()
    for row in rows:
        category, doc_id = str(row["category"]), str(row["doc_id"])
        counts[category] += 1
        if category == Category.UNSUPPORTED and doc_id in types:
            by_type.setdefault(category, Counter())[types[doc_id]] += 1
        if category not in examples or doc_id < examples[category]["doc_id"]:
            examples[category] = row
    return merged(
        FailureReason(
            category=category,
            count=count,
            example_uri=examples[category]["uri"],
            example_message=examples[category]["message"],
            hint=examples[category]["hint"],
            types=by_type.get(category, {}),
        )
        for category, count in counts.items()
    )


def merged(reasons: Iterable[FailureReason]) -> tuple[FailureReason, ...]:
    """Reasons of the same category as one, with the example of the first; most frequent first."""
    found: dict[str, FailureReason] = {}
    for reason in reasons:
        first = found.get(reason.category)
        count, types = (first.count, first.types) if first else (0, {})
        both = Counter(types) + Counter(reason.types)
        common = dict(sorted(both.items(), key=lambda item: (-item[1], item[0]))[:_MOST_TYPES])
        found[reason.category] = msgspec.structs.replace(first or reason, count=count + reason.count, types=common)
    return tuple(sorted(found.values(), key=lambda reason: (-reason.count, reason.category)))


def file_type(path: str, media_type: str) -> str:
    """How people call the type of a file: its extension, else its media type."""
    extension = posixpath.splitext(path)[1].lower()
    return extension if extension[1:].isalnum() and len(extension) <= 12 else media_type or "unknown"


def _unsupported(rows: pa.Table) -> dict[str, str]:
    """Types of the documents of a type that nothing reads, by id."""
    rows = rows.filter(pc.equal(rows["status"], DocumentStatus.UNSUPPORTED.value))
    return {row["doc_id"]: file_type(row["path"], row["media_type"]) for row in rows.select(_TYPES).to_pylist()}


def _told(rows: pa.Table) -> list[Row]:
    return rows.select(_TOLD).to_pylist()  # type: ignore[no-any-return]


def _tables(files: Iterable[WrittenFile], table: str, columns: list[str], read: Reader) -> Iterator[pa.Table]:
    for file in files:
        if file.table == table:
            yield from read(file, columns)


def _frequencies(values: pa.ChunkedArray) -> dict[str, int]:
    return {str(item["values"]): int(item["counts"]) for item in pc.value_counts(values).to_pylist()}


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
