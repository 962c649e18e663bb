"""What a run is known by and what is known of it when it starts, as the runs table has it."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from beam_pipeline.fingerprint import ENGINES, version_of
from schemas.options import Options
from schemas.plan import RunFacts
from transforms.lake.log.ledger import utc_now
from transforms.sources.listing import STDIN
from transforms.stores.uris import canonical_uri, redact

#: Distributions whose versions the runs table holds; models are part of theirs.
RECORDED = (*ENGINES, "apache-beam", "deltalake", "onnxruntime", "rapidocr")


def new_run_id() -> str:
    """Sortable by time, unique: 20261231T235959-1a2b3c."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


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
    versions = {"python": platform.python_version()} | {name: found for name in RECORDED if (found := version_of(name))}
    return RunFacts(run_id=run_id, kind=kind, started=utc_now(), options=tuple(values), versions=versions)


def _shown(value: object) -> object:
    if isinstance(value, str):
        return redact(storable(value)) if "://" in value else storable(value)
    return [_shown(item) for item in value] if isinstance(value, list | tuple) else value


def storable(text: str) -> str:
    """Names of files need not be UTF-8; what is stored must be."""
    return text.encode("utf-8", "backslashreplace").decode()
