"""Parts through the layout models: pages are prepared in the parser processes, seen in batches, and put together."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from schemas.content import PageNeed, PageSeen
from schemas.failures import Crashed, DocumentError, OutOfMemory, TimedOut
from schemas.part import DEADLINE_PAGES, Part
from transforms.layout.networks import STAGE, Networks, PageWork
from transforms.layout.records import PageInput, PrepareRequest
from transforms.runtime.activity import activity
from transforms.runtime.pack import pack, unpack
from transforms.sandbox.pool import ParserPool
from transforms.steps.reopen import OpenSource, reopened

#: Ways a group of pages ends that some of its pages may escape.
DEATHS = (Crashed, TimedOut, OutOfMemory)
#: Pages of one part that may kill their process before the rest is left to geometry.
MAX_DEATHS = 3
#: Prepares pages in a parser process: (needs, share of the deadline).
Prepare = Callable[[Sequence[PageNeed], float], list[PageInput]]


class PartPreparer(msgspec.Struct, frozen=True, kw_only=True):
    """Adds what the models read to the parts that have needs."""

    open_source: OpenSource
    #: What to prepare, by tier.
    requests: Mapping[str, PrepareRequest]

    def __call__(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """The part with packed PageInputs as `layout`. Pages that cannot be prepared stay with geometry."""
        activity().want(STAGE, len(part.needs))
        try:
            inputs = self._inputs(part, pool)
        except DocumentError as error:
            inputs = [refused(error.message)] * len(part.needs)
        needs = tuple(msgspec.structs.replace(need, read=None) for need in part.needs)
        yield msgspec.structs.replace(part, needs=needs, layout=pickle.dumps(inputs, pickle.HIGHEST_PROTOCOL))

    def _inputs(self, part: Part, pool: ParserPool) -> list[PageInput]:
        with reopened(self.open_source, part) as fetched:

            def prepare(needs: Sequence[PageNeed], effort: float) -> list[PageInput]:
                packed = pool.call(prepare_in_child, fetched.local_path, tuple(needs), self.requests, effort=effort)
                inputs: list[PageInput] = pickle.loads(packed)
                return inputs

            return prepare_or_refuse(prepare, part.needs)


def see_pages(
    path: str, needs: Sequence[PageNeed], requests: Mapping[str, PrepareRequest], networks: Networks
) -> list[PageSeen]:
    """Pages of one document, prepared and seen in this process."""
    inputs = pickle.loads(prepare_in_child(path, needs, requests))
    return networks.see([PageWork(*work) for work in zip(needs, inputs, strict=True)])


def prepare_in_child(path: str, needs: Sequence[PageNeed], requests: Mapping[str, PrepareRequest]) -> bytes:
    """See `prepare_pages`. Imported late: the worker process itself never loads MuPDF."""
    from transforms.layout.builtin.pages import prepare_pages

    return prepare_pages(path, needs, requests)


def prepare_or_refuse(prepare: Prepare, needs: Sequence[PageNeed]) -> list[PageInput]:
    """All pages at once or, when that kills the process, each alone; the deadly ones are refused."""
    try:
        return prepare(needs, max(1.0, len(needs) / DEADLINE_PAGES))
    except DEATHS as death:
        if len(needs) == 1:
            return [refused(death.message)]
    inputs: list[PageInput] = []
    deaths = 0
    for need in needs:
        try:
            if deaths >= MAX_DEATHS:
                raise Crashed("too many pages of the document killed their parser")
            inputs += prepare([need], 1 / 10)
        except DEATHS as death:
            deaths += 1
            inputs.append(refused(death.message))
    return inputs


def refused(why: str) -> PageInput:
    """The input of a page that no model shall see."""
    return PageInput(width=0, height=0, refused=why)


def see_parts(parts: Sequence[Part], networks: Networks) -> Iterator[Part]:
    """The parts with packed PageSeens as `layout`; their pages share batches."""
    works = [
        [PageWork(need, page) for need, page in zip(part.needs, pickle.loads(part.layout), strict=True)]
        if part.failure is None
        else []
        for part in parts
    ]
    seen = iter(networks.see([work for pages in works for work in pages]))
    for part, pages in zip(parts, works, strict=True):
        activity().done(STAGE, len(part.needs))
        yield msgspec.structs.replace(part, layout=pack([next(seen) for _ in pages]))


def join_groups(parts: Iterable[Part]) -> Part:
    """The groups of pages of one document as one part. Pages of a group that failed stay with geometry."""
    ordered = sorted(parts, key=lambda part: part.group)
    seen: list[PageSeen] = []
    for part in ordered:
        why = part.failure.message if part.failure else ""
        found = unpack(part.layout, list[PageSeen]) if not part.failure else []
        seen += found or [PageSeen(need.page, "geometry", f"{need.reason}, but {why}") for need in part.needs]
    payload = next((part.payload for part in ordered if part.payload), b"")
    return msgspec.structs.replace(
        ordered[0],
        payload=payload,
        group=0,
        parts=1,
        failure=None if payload else ordered[0].failure,
        needs=tuple(need for part in ordered for need in part.needs),
        layout=pack(seen),
    )
