"""The report of a run: its row of the runs table, and what the output holds now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from schemas.content import PageStatus
from schemas.document import DocumentStatus
from schemas.options import WriteOptions
from schemas.plan import Action, RunFacts, RunRecord
from schemas.report import RunReport
from transforms.lake.format.readers import read_rows
from transforms.lake.known import known_files
from transforms.lake.log.ledger import plain_record
from transforms.lake.tally import DOUBTFUL, LEFT, PAGES, REMOVED
from transforms.stores.any import storage_of
from transforms.stores.uris import is_local, local_uri

_GONE = {DocumentStatus.DELETED}


def run_report(options: WriteOptions, run_id: str, record: RunRecord | None, elapsed: float) -> RunReport:
    """What a run did by its `record`: nothing, when it left none."""
    record = record or plain_record(RunFacts(run_id=run_id), "", {})
    counts = record.counts
    statuses = {status.value: counts[status] for status in DocumentStatus if counts.get(status)}
    unchanged = counts.get("listed", 0) - sum(statuses.values())
    return RunReport(
        run_id=run_id,
        output=local_uri(options.output) if is_local(options.output) else options.output,
        format=options.format,
        kind=record.kind,
        statuses=statuses | ({"unchanged": unchanged} if unchanged > 0 else {}),
        left_alone={status.value: counts[LEFT + status] for status in DocumentStatus if counts.get(LEFT + status)},
        removed=counts.get(REMOVED, 0),
        missing_inputs=counts.get(f"planned_{Action.MISSING}", 0),
        held=held(options) if record.counts else {},
        notes=noted(options) if record.counts else {},
        pages={status.value: counts[PAGES + status] for status in PageStatus if counts.get(PAGES + status)},
        doubtful_pages=counts.get(DOUBTFUL, 0),
        elements=counts.get("elements", 0),
        chunks=counts.get("chunks", 0),
        hidden_elements=counts.get("hidden_elements", 0),
        failures=record.reasons,
        elapsed=elapsed,
        pages_per_second=counts.get("pages", 0) / elapsed if elapsed > 0 else 0.0,
        table_versions=record.table_versions,
    )


def held(options: WriteOptions) -> dict[str, int]:
    """Documents of an output by status, without those that are gone."""
    found = Counter(status for status, _ in _rows(options))
    return {status.value: found[status] for status in DocumentStatus if found[status] and status not in _GONE}


def noted(options: WriteOptions) -> dict[str, int]:
    """Documents of an output by what is noted of them."""
    return dict(sorted(Counter(note for _, notes in _rows(options) for note in notes or ()).items()))


def _rows(options: WriteOptions) -> Iterator[tuple[str, list[str] | None]]:
    """Status and notes of every document; outputs of schema 2 have no notes."""
    storage = storage_of(options.output)
    for path in known_files(options.output, options.format, storage):
        for rows in read_rows(storage, path, options.format, ["status", "notes"], 100_000):
            notes = rows["notes"].to_pylist() if "notes" in rows.column_names else [None] * rows.num_rows
            yield from zip(rows["status"].to_pylist(), notes, strict=True)
