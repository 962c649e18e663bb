"""The report of a run, read from the tables it committed."""

from __future__ import annotations

from typing import Any

import duckdb
from deltalake import DeltaTable

from schemas.options import WriteOptions
from schemas.report import FailureReason, RunReport
from schemas.tables import TABLES
from transforms.runtime.stores import delta_options
from transforms.write.tables import open_table

RUN_DOCUMENTS = """
    SELECT status, count(*), sum(elements), sum(chunks), sum(hidden_elements), sum(pages)
    FROM documents WHERE run_id = $run GROUP BY status
"""
RUN_PAGES = "SELECT p.status, count(*) FROM pages p SEMI JOIN mine USING (doc_id) GROUP BY p.status"
RUN_FAILURES = """
    SELECT category, count(*) AS n, min_by(f.uri, f.doc_id), min_by(message, f.doc_id), min_by(hint, f.doc_id)
    FROM failures f SEMI JOIN mine USING (doc_id) GROUP BY category ORDER BY n DESC, category
"""


def run_report(options: WriteOptions, run_id: str, counts: dict[str, int], elapsed: float) -> RunReport:
    """What the run left in the tables; `counts` tells only what leaves no row: unchanged documents."""
    with duckdb.connect() as database:
        for name in ("documents", "pages", "failures"):
            database.register(name, open_table(options.output, name))
        database.execute("CREATE TEMP TABLE mine AS SELECT doc_id FROM documents WHERE run_id = $run", {"run": run_id})
        documents = database.execute(RUN_DOCUMENTS, {"run": run_id}).fetchall()
        pages = {str(status): int(count) for status, count in database.execute(RUN_PAGES).fetchall()}
        failures = [
            FailureReason(category=c, count=n, example_uri=u, example_message=m, hint=h)
            for c, n, u, m, h in database.execute(RUN_FAILURES).fetchall()
        ]
    statuses = {str(row[0]): int(row[1]) for row in documents}
    if unchanged := counts.get("documents_unchanged", 0):
        statuses["unchanged"] = unchanged
    return RunReport(
        run_id=run_id,
        output=options.output,
        format=options.format,
        statuses=statuses,
        pages=pages,
        elements=_total(documents, 2),
        chunks=_total(documents, 3),
        hidden_elements=_total(documents, 4),
        failures=tuple(failures),
        elapsed=elapsed,
        pages_per_second=_total(documents, 5) / elapsed if elapsed > 0 else 0.0,
        table_versions=_versions(options),
    )


def _total(rows: list[tuple[Any, ...]], column: int) -> int:
    return sum(int(row[column] or 0) for row in rows)


def _versions(options: WriteOptions) -> dict[str, int]:
    if options.format != "delta":
        return {}
    stored = delta_options(options.output)
    return {name: DeltaTable(f"{options.output}/{name}", storage_options=stored).version() for name in TABLES}
