"""The plan of a run on this machine, also without the run: listing and join as in the graph, in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from beam_pipeline.fingerprint import fingerprints
from beam_pipeline.graph.stages import join_of
from schemas.document import DocumentStatus
from schemas.options import Options
from schemas.plan import FETCHING, Action, Changes, Known, Planned, Root
from schemas.source import SourceRef
from transforms.lake.known import known_files, known_rows
from transforms.plan.blocks import LOCAL, Packed, Packer, known_id, ref_id
from transforms.plan.join import Teller
from transforms.plan.roots import unproven
from transforms.runtime.threads import Threads
from transforms.sources.listing import expand_inputs
from transforms.stores.any import AnyStore, storage_of
from transforms.stores.uris import public_uri
from transforms.write.losses import too_much_gone

#: Actions whose documents are named; the others are many, and only counted.
NAMED = (
    Action.NEW,
    Action.CHANGED,
    Action.OPTIONS,
    Action.CHECK,
    Action.RETRY,
    Action.FORCED,
    Action.MISSING,
    Action.REMOVED,
)


class Plan(msgspec.Struct, kw_only=True):
    """What a run would do."""

    #: Documents by action.
    counts: dict[str, int] = {}
    #: URIs by action, sorted, of documents that are not left alone.
    documents: dict[str, list[str]] = {}
    #: Those of them that could not be read the last time.
    unread: list[str] = []
    #: Documents by status that are not good and are left alone: nothing about them changed.
    left_alone: dict[str, int] = {}
    #: Documents by the OCR engine that read them, where 'auto' would choose another one now: that of `reader`.
    read_by: dict[str, int] = {}
    reader: str = ""
    #: What happens to removed documents.
    deleted: str = "remove"
    #: Why a run would change nothing: too many documents are gone. '' for none.
    refused: str = ""
    #: Documents of the output that no input covers: excluded, or of inputs that are not named any more.
    uncovered: list[str] = []
    #: Inputs that listed nothing: nothing below them is taken for gone.
    empty_inputs: list[str] = []
    #: 32 hex digits; the same listing has the same.
    listing_digest: str = ""


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as a run needs it."""

    #: Documents to work on, large ones first.
    work: list[Planned]
    #: What changes without work.
    rest: Changes
    roots: list[Root]


def decide_listed(options: Options, found: Iterable[SourceRef | Root], tell: Teller | None = None) -> Decisions:
    """The join of a listing, documents and roots, with what the output knows, in this process.

    `tell` hears what happens to each document. Raises OutputError when the output cannot be read.
    """
    roots: list[Root] = []
    # Side by side: listing waits for stores most of its time.
    with Threads(1) as beside:
        reading = beside.apply_async(lambda: list(_packed_known(options)))
        listed = list(_packed_listing(found, roots))
        known = reading.get()
    work: list[Planned] = []
    rest = Changes()
    for outcome in join_of(options).outcomes(listed, known, roots, tell):
        if isinstance(outcome, Planned):
            work.append(outcome)
        else:
            rest = outcome
    # Nothing was sent anywhere, so nothing is lost.
    rest.sent = rest.received
    return Decisions(work=work, rest=rest, roots=roots)


def plan_run(options: Options, refs: Sequence[SourceRef] = ()) -> Plan:
    """What `run` would do with these options now. Sources are listed, none is fetched, nothing is written."""
    documents: dict[str, list[str]] = {action.value: [] for action in NAMED}
    left_alone, read_by, versions = Counter[str](), Counter[str](), fingerprints(options)
    uncovered: list[str] = []
    unread: list[str] = []

    def tell(action: Action, uri: str, row: Known | None) -> None:
        if action.value in documents:
            documents[action.value].append(public_uri(uri))
            unread.extend([public_uri(uri)] * (row is not None and row.unread and action in FETCHING))
        elif action is Action.UNCOVERED:
            uncovered.append(public_uri(uri))
        elif row is not None and row.status != DocumentStatus.OK:
            left_alone[row.status] += 1
        if (
            row is not None
            and row.reader not in ("", versions.reader)
            and action not in (Action.REMOVED, Action.UNCOVERED)
        ):
            read_by[row.reader] += 1

    found = decide_listed(options, expand_inputs(options.source, refs, AnyStore()), tell)
    return Plan(
        counts=dict(Counter(found.rest.counts)),
        documents={action: sorted(uris) for action, uris in documents.items()},
        unread=sorted(unread),
        left_alone=dict(sorted(left_alone.items())),
        read_by=dict(read_by),
        reader=versions.reader,
        deleted=options.plan.deleted,
        refused=too_much_gone(found.rest, options.plan.max_removed),
        uncovered=sorted(uncovered),
        empty_inputs=unproven(found.roots),
        listing_digest=f"{found.rest.listing_digest:032x}",
    )


def _packed_listing(found: Iterable[SourceRef | Root], roots: list[Root]) -> Iterator[Packed]:
    packer: Packer[SourceRef] = Packer(LOCAL, ref_id)
    for item in found:
        if isinstance(item, Root):
            roots.append(item)
        else:
            yield from packer.add(item)
    yield from packer.rest()


def _packed_known(options: Options) -> Iterator[Packed]:
    packer: Packer[Known] = Packer(LOCAL, known_id)
    for row in _known(options):
        yield from packer.add(row)
    yield from packer.rest()


def _known(options: Options) -> Iterable[Known]:
    versions, storage, kind = fingerprints(options), storage_of(options.write.output), options.write.format
    for path in known_files(options.write.output, kind, storage):
        yield from known_rows(path, kind, storage, versions)
