"""What a run would do, without doing it: the listing and the join of the graph, in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from beam_pipeline.fingerprint import fingerprint
from beam_pipeline.pipeline import join_of
from schemas.options import Options, SourceOptions
from schemas.plan import Action, Changes, Known, Root
from schemas.source import SourceRef
from transforms.plan.blocks import LOCAL, Packed, Packer, known_id, ref_id
from transforms.plan.roots import unproven
from transforms.runtime.beam_stores import BeamStore
from transforms.runtime.uris import public_uri
from transforms.sources.listing import expand_inputs
from transforms.write.known import known_files, known_rows
from transforms.write.transform import BeamStorage

#: Actions whose documents are named; the others are many, and only counted.
NAMED = (Action.NEW, Action.CHANGED, Action.OPTIONS, Action.CHECK, Action.RETRY, Action.FORCED, Action.REMOVED)


class Plan(msgspec.Struct, kw_only=True):
    """What a run would do."""

    #: Documents by action.
    counts: dict[str, int] = {}
    #: URIs by action, sorted, of documents that are not left alone.
    documents: dict[str, list[str]] = {}
    #: What happens to removed documents.
    deleted: str = "remove"
    #: Inputs that listed nothing: nothing below them is taken for gone.
    empty_inputs: list[str] = []
    #: 32 hex digits; the same listing has the same.
    listing_digest: str = ""


def plan_run(options: Options, refs: Sequence[SourceRef] = ()) -> Plan:
    """What `run` would do with these options now. Sources are listed, none is fetched, nothing is written."""
    documents: dict[str, list[str]] = {action.value: [] for action in NAMED}
    roots: list[Root] = []

    def tell(action: Action, uri: str) -> None:
        if action.value in documents:
            documents[action.value].append(public_uri(uri))

    sides = _packed_listing(options.source, refs, roots), _packed_known(options)
    blocks = [list(side) for side in sides]
    rest = Changes()
    for outcome in join_of(options).outcomes(blocks[0], blocks[1], roots, tell):
        rest = outcome if isinstance(outcome, Changes) else rest
    return Plan(
        counts=dict(Counter(rest.counts)),
        documents={action: sorted(uris) for action, uris in documents.items()},
        deleted=options.plan.deleted,
        empty_inputs=unproven(roots),
        listing_digest=f"{rest.listing_digest:032x}",
    )


def _packed_listing(options: SourceOptions, refs: Sequence[SourceRef], roots: list[Root]) -> Iterator[Packed]:
    packer: Packer[SourceRef] = Packer(LOCAL, ref_id)
    for item in expand_inputs(options, refs, BeamStore()):
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
    version, storage, kind = fingerprint(options), BeamStorage(), options.write.format
    for path in known_files(options.write.output, kind, storage):
        yield from known_rows(path, kind, storage, version)
