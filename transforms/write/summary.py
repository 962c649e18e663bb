"""The report of a run: its row of the runs table, with an example of each kind of failure."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.dataset as ds

from schemas.content import PageStatus
from schemas.document import DocumentStatus
from schemas.failures import OutputError
from schemas.options import WriteOptions
from schemas.plan import RunFacts, RunRecord
from schemas.report import FailureReason, RunReport
from transforms.write.ledger import plain_record
from transforms.write.tables import open_table
from transforms.write.tally import DOUBTFUL, PAGES

_EXAMPLE = ["uri", "message", "hint"]


def run_report(options: WriteOptions, run_id: str, record: RunRecord | None, elapsed: float) -> RunReport:
    """What a run did by its `record`: nothing, when it left none. Raises OutputError when failures cannot be read."""
    record = record or plain_record(RunFacts(run_id=run_id), "", {})
    counts = record.counts
    statuses = {status.value: counts[status] for status in DocumentStatus if counts.get(status)}
    unchanged = counts.get("listed", 0) - sum(statuses.values())
    pages = {status.value: counts[PAGES + status] for status in PageStatus if counts.get(PAGES + status)}
    return RunReport(
        run_id=run_id,
        output=options.output,
        format=options.format,
        statuses=statuses | ({"unchanged": unchanged} if unchanged > 0 else {}),
        pages=pages,
        doubtful_pages=counts.get(DOUBTFUL, 0),
        elements=counts.get("elements", 0),
        chunks=counts.get("chunks", 0),
        hidden_elements=counts.get("hidden_elements", 0),
        failures=_reasons(options.output, run_id) if record.failures else (),
        elapsed=elapsed,
        pages_per_second=counts.get("pages", 0) / elapsed if elapsed > 0 else 0.0,
        table_versions=record.table_versions,
    )


def _reasons(root: str, run_id: str) -> tuple[FailureReason, ...]:
    """Failures of a run by category; the document with the smallest id is the example."""
    of_the_run = (ds.field("run_id") == run_id) & (ds.field("failures") > 0)
    stale = ds.field("status") == DocumentStatus.STALE.value
    try:
        documents = open_table(root, "documents").to_table(["doc_id"], filter=of_the_run | stale)
        wanted = ds.field("doc_id").isin(documents["doc_id"].combine_chunks())
        rows = open_table(root, "failures").to_table(["category", "doc_id", *_EXAMPLE], filter=wanted)
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"cannot read the failures below {root}: {error}") from error
    grouped = rows.sort_by([("category", "ascending"), ("doc_id", "ascending")]).group_by("category", use_threads=False)
    found = grouped.aggregate([("doc_id", "count"), *((name, "first") for name in _EXAMPLE)]).to_pylist()
    reasons = (
        FailureReason(
            category=row["category"],
            count=row["doc_id_count"],
            example_uri=row["uri_first"],
            example_message=row["message_first"],
            hint=row["hint_first"],
        )
        for row in found
    )
    return tuple(sorted(reasons, key=lambda reason: (-reason.count, reason.category)))
