"""What a run says of itself in the runs table, and the state that an output is in before a run begins."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import msgspec

from beam_pipeline.fingerprint import ENGINES
from schemas.options import Options, WriteOptions
from schemas.plan import RunFacts, RunRecord
from transforms.lake.log.catalog import open_catalog
from transforms.lake.log.ledger import Ledger, plain_record, utc_now
from transforms.sources.listing import STDIN
from transforms.stores.any import storage_of
from transforms.stores.uris import canonical_uri, redact
from transforms.write.takeover import Ready, make_ready

#: Distributions whose versions the runs table holds; models are part of theirs.
RECORDED = (*ENGINES, "apache-beam", "deltalake", "onnxruntime", "rapidocr")


def new_run_id() -> str:
    """Sortable by time, unique: 20261231T235959-1a2b3c."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


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


def run_facts(run_id: str, options: Options, origins: Mapping[str, str], kind: str = "ingest") -> RunFacts:
    """What is known of a run when it starts. Options that hold a URI hold it without credentials."""
    values = []
    for section in msgspec.structs.fields(Options):
        chosen = getattr(options, section.name)
        for field in msgspec.structs.fields(section.type):
            key = f"{section.name}.{field.name}"
            value = msgspec.to_builtins(getattr(chosen, field.name))
            if key in ("source.inputs", "source.manifests"):
                # Whoever reads this may be elsewhere.
                value = [text if text == STDIN else canonical_uri(text) for text in value]
            text = msgspec.json.encode(_shown(value)).decode()
            values.append((key, text, origins.get(key, "default")))
    versions = {"python": platform.python_version()} | {name: found for name in RECORDED if (found := _version(name))}
    return RunFacts(run_id=run_id, kind=kind, started=utc_now(), options=tuple(values), versions=versions)


def _shown(value: object) -> object:
    if isinstance(value, str):
        return redact(_storable(value)) if "://" in value else _storable(value)
    return [_shown(item) for item in value] if isinstance(value, list | tuple) else value


def _storable(text: str) -> str:
    """Names of files need not be UTF-8; what is stored must be."""
    return text.encode("utf-8", "backslashreplace").decode()


def failed(options: WriteOptions, facts: RunFacts, status: str, error: BaseException) -> None:
    """Record a run that ended without a commit; nothing happens when it left a row for what it could keep."""
    message = last_line(error)
    ledger = ledger_of(options)
    if ledger.catalog.open_claim() is None and record_of(options, facts.run_id) is None:
        ledger.append(plain_record(facts, status, {}, message))


def last_line(error: BaseException) -> str:
    """What an error says in the end."""
    return (_storable(str(error)).strip().splitlines() or [""])[-1][:2_000] or type(error).__name__


def record_of(options: WriteOptions, run_id: str) -> RunRecord | None:
    """The row of a run; None when it has none."""
    return next((record for record in ledger_of(options).read() if record.run_id == run_id), None)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
