"""Documents that are to be forgotten: named by whoever knows better, or covered by no input any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from schemas.failures import ConfigurationError
from schemas.options import SourceOptions, WriteOptions
from schemas.plan import Action, Changes, Known, Root, RunFacts, RunRecord
from schemas.versions import Fingerprints
from transforms.lake.known import known_files, known_rows
from transforms.lake.log.ledger import COMMITTED, Ledger
from transforms.plan.roots import covers, uncovered_finder
from transforms.sources.listing import STDIN
from transforms.stores.patterns import has_magic
from transforms.stores.uris import canonical_uri, is_local, public_uri
from transforms.write.commit import Commit
from transforms.write.losses import refuse_losses
from transforms.write.takeover import make_ready

#: Tells whether a known document is to be forgotten.
Wanted = Callable[[Known], bool]


def below(prefixes: Sequence[str]) -> Wanted:
    """Documents with these URIs, as the tables have them, below these folders or prefixes, or of these patterns."""
    roots = [canonical_uri(text) for text in prefixes]
    shown = [public_uri(uri).rstrip("/") or "/" for uri in roots]
    patterns = [Root(kind="pattern", uri=uri) for uri in roots if has_magic(uri)]

    def is_wanted(known: Known) -> bool:
        named = any(known.uri == uri or known.uri.startswith(uri.rstrip("/") + "/") for uri in shown)
        return named or any(covers(root, known, lambda _: True) for root in patterns)

    return is_wanted


def uncovered(records: Sequence[RunRecord]) -> tuple[Wanted, str]:
    """Documents that the inputs of the newest ingest would not list, were they there; and that run's id.

    Raises ConfigurationError when that run does not tell its inputs.
    """
    found = [record for record in records if record.kind == "ingest" and record.status == COMMITTED]
    if not found:
        raise ConfigurationError("no run on record tells the inputs: name what is to be forgotten")
    source = _source_of(found[-1])
    named = [*source.inputs, *source.manifests]
    if STDIN in named or any(is_local(text) and not text.startswith(("/", "file:")) for text in named):
        raise ConfigurationError(
            f"run {found[-1].run_id} read its inputs from standard input, or does not tell where they are: name what "
            "is to be forgotten"
        )
    return uncovered_finder([*_roots(source)], source), found[-1].run_id


def _source_of(record: RunRecord) -> SourceOptions:
    told = {key: value for key, value, _ in record.options}
    names = ("inputs", "manifests", "include", "exclude")
    given = {name: msgspec.json.decode(told[f"source.{name}"]) for name in names if f"source.{name}" in told}
    return msgspec.convert(given, SourceOptions)


def _roots(source: SourceOptions) -> Iterator[Root]:
    """The inputs as roots; a name may be that of a document, or of a folder that is away just now."""
    for text in source.inputs:
        yield Root(kind="missing", uri=text)
        if has_magic(text):
            yield Root(kind="pattern", uri=text)
    yield from (Root(kind="manifest", uri=text) for text in source.manifests)


def forget(ledger: Ledger, facts: RunFacts, is_wanted: Wanted, share: float, *, dry_run: bool = False) -> list[str]:
    """Take the rows of documents out of all tables; their URIs, sorted. The caller holds the output's lock.

    Raises TooMuchGone, with nothing changed, when these are a larger share of all documents.
    """
    if not dry_run:
        # What a killed run had finished is not to come back after it was forgotten.
        make_ready(ledger, facts.run_id)
    known = [row for path in known_files(ledger.root, ledger.format, ledger.storage) for row in _rows(ledger, path)]
    gone = [row for row in known if is_wanted(row)]
    ids = [row.doc_id.hex() for row in gone]
    changes = Changes(removed=ids, held=len(known), losing=len(ids), counts={Action.REMOVED.value: len(ids)})
    refuse_losses(changes, share)
    if gone and not dry_run:
        write = msgspec.convert({"output": ledger.root, "format": ledger.format}, WriteOptions)
        Commit(options=write, facts=facts)([changes])
    return sorted(row.uri for row in gone)


def _rows(ledger: Ledger, path: str) -> Iterator[Known]:
    yield from known_rows(path, ledger.format, ledger.storage, Fingerprints())
