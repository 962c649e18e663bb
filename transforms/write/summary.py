"""The report of a run, read from the tables it committed."""

from __future__ import annotations

from typing import Any

import duckdb
from deltalake import DeltaTable

from schemas.options import WriteOptions
from schemas.plan import RunRecord
from schemas.report import FailureReason, RunReport
from schemas.tables import TABLES
from transforms.runtime.stores import delta_options
from transforms.write.tables import open_table

RUN_DOCUMENTS = """
    SELECT status, count(*), sum(elements), sum(chunks), sum(hidden_elements), sum(pages)
    FROM documents WHERE run_id = $run AND status != 'deleted' GROUP BY status
"""
RUN_MINE = "CREATE TEMP TABLE mine AS SELECT doc_id FROM documents WHERE run_id = $run OR status = 'stale'"
RUN_PAGES = "SELECT p.status, count(*) FROM pages p SEMI JOIN mine USING (doc_id) GROUP BY p.status"
#: Pages that OCR read with less confidence are worth a look.
LOW_CONFIDENCE = 0.7
RUN_DOUBTFUL = "SELECT count(*) FROM pages p SEMI JOIN mine USING (doc_id) WHERE p.confidence < $low"
RUN_FAILURES = """
    SELECT category, count(*) AS n, min_by(f.uri, f.doc_id), min_by(message, f.doc_id), min_by(hint, f.doc_id)
    FROM failures f SEMI JOIN mine USING (doc_id) GROUP BY category ORDER BY n DESC, category
"""


def run_report(options: WriteOptions, run_id: str, record: RunRecord | None, elapsed: float) -> RunReport:
    """What the run left in the tables; its `record` tells of documents without rows of this run."""
    with duckdb.connect() as database:
        for name in ("documents", "pages", "failures"):
            database.register(name, open_table(options.output, name))
        database.execute(RUN_MINE, {"run": run_id})
        documents = database.execute(RUN_DOCUMENTS, {"run": run_id}).fetchall()
        pages = {str(status): int(count) for status, count in database.execute(RUN_PAGES).fetchall()}
        doubtful = database.execute(RUN_DOUBTFUL, {"low": LOW_CONFIDENCE}).fetchall()
        failures = [
            FailureReason(category=c, count=n, example_uri=u, example_message=m, hint=h)
            for c, n, u, m, h in database.execute(RUN_FAILURES).fetchall()
        ]
    statuses = {str(row[0]): int(row[1]) for row in documents}
    statuses |= _without_rows(record, sum(statuses.values()))
    return RunReport(
        run_id=run_id,
        output=options.output,
        format=options.format,
        statuses=statuses,
        pages=pages,
        doubtful_pages=_total(doubtful, 0),
        elements=_total(documents, 2),
        chunks=_total(documents, 3),
        hidden_elements=_total(documents, 4),
        failures=tuple(failures),
        elapsed=elapsed,
        pages_per_second=_total(documents, 5) / elapsed if elapsed > 0 else 0.0,
        table_versions=_versions(options),
    )


def _without_rows(record: RunRecord | None, rows: int) -> dict[str, int]:
    """Documents of the run that have no row of it, by status."""
    if record is None:
        return {}
    stale = record.counts.get("stale", 0)
    found = {"unchanged": record.counts.get("listed", 0) - rows - stale, "stale": stale}
    return {status: count for status, count in found.items() if count > 0}


def _total(rows: list[tuple[Any, ...]], column: int) -> int:
    return sum(int(row[column] or 0) for row in rows)


def _versions(options: WriteOptions) -> dict[str, int]:
    if options.format != "delta":
        return {}
    stored = delta_options(options.output)
    return {name: DeltaTable(f"{options.output}/{name}", storage_options=stored).version() for name in TABLES}
