"""The state that an output is in before a run begins, and the row of a run that ended without a commit."""

from __future__ import annotations

from beam_pipeline.facts import storable
from schemas.options import WriteOptions
from schemas.plan import RunFacts, RunRecord
from transforms.lake.log.catalog import open_catalog
from transforms.lake.log.ledger import Ledger, plain_record
from transforms.stores.any import storage_of
from transforms.write.takeover import Ready, make_ready


def ledger_of(options: WriteOptions) -> Ledger:
    """The runs table of an output."""
    storage = storage_of(options.output)
    catalog = open_catalog(options.output, options.format, storage)
    return Ledger(options.output, options.format, storage, catalog)


def opened(options: WriteOptions, run_id: str) -> Ready:
    """Make the output ready for a run: tables and columns are there, and nothing is left of dead runs but what they
    finished. The caller holds the output's lock."""
    ledger = ledger_of(options)
    ledger.catalog.prepare()
    return make_ready(ledger, run_id)


def failed(options: WriteOptions, facts: RunFacts, status: str, error: BaseException) -> None:
    """Record a run that ended without a commit; nothing happens when it left a row for what it could keep."""
    message = last_line(error)
    ledger = ledger_of(options)
    if ledger.catalog.open_claim() is None and record_of(options, facts.run_id) is None:
        ledger.append(plain_record(facts, status, {}, message))


def last_line(error: BaseException) -> str:
    """What an error says in the end."""
    return (storable(str(error)).strip().splitlines() or [""])[-1][:2_000] or type(error).__name__


def record_of(options: WriteOptions, run_id: str) -> RunRecord | None:
    """The row of a run; None when it has none."""
    return next((record for record in ledger_of(options).read() if record.run_id == run_id), None)
