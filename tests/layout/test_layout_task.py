"""Parts through the layout stage: deadly pages, groups, and results that find their way back."""

import pickle

import msgspec
import pytest

from schemas.content import BlockType, PageNeed, PageSeen, Region
from schemas.document import DocumentInfo
from schemas.failures import Category, Crashed, Failure, TimedOut
from schemas.geometry import Box
from schemas.part import Part
from schemas.source import SourceRef
from transforms.layout.networks import Networks
from transforms.layout.parts import MAX_DEATHS, join_groups, prepare_or_refuse, see_parts
from transforms.layout.records import PageInput
from transforms.runtime.pack import pack, unpack


def part(name, *pages, **fields):
    info = DocumentInfo(doc_id=name, ref=SourceRef(uri=f"file:///{name}", path=name))
    needs = tuple(PageNeed(page, "full", "asked for") for page in pages)
    return Part(info=info, needs=needs, payload=name.encode(), **fields)


def prepared(part):
    inputs = [PageInput(width=need.page, height=1) for need in part.needs]
    return msgspec.structs.replace(part, layout=pickle.dumps(inputs))


def region_of(work):
    return (Region(BlockType.TITLE, Box(0, 0, work.input.width, 1), 1.0),)


def networks(batches):
    def load(tier):
        def model(works):
            batches.append(len(works))
            return [region_of(work) for work in works]

        return model

    return Networks(load, 1)


def seen_in(part):
    return unpack(part.layout, list[PageSeen])


def test_pages_of_all_parts_share_a_batch_and_return_to_their_part():
    batches = []
    parts = [prepared(part("a", 3, 5)), prepared(part("b", 1)), prepared(part("c", 2, 7, 8))]
    done = list(see_parts(parts, networks(batches)))
    assert batches == [6]
    assert [[page.page for page in seen_in(one)] for one in done] == [[3, 5], [1], [2, 7, 8]]
    assert [[page.regions[0].box.x1 for page in seen_in(one)] for one in done] == [[3, 5], [1], [2, 7, 8]]
    assert [one.payload for one in done] == [b"a", b"b", b"c"]


def test_failed_parts_pass_through():
    failure = Failure(stage="x", category=Category.INTERNAL, message="m")
    failed = msgspec.structs.replace(part("a", 1), failure=failure)
    batches = []
    done = list(see_parts([failed, prepared(part("b", 4))], networks(batches)))
    assert batches == [1]
    assert done[0].failure == failure and seen_in(done[1])[0].page == 4


class Children:
    """Prepares pages; the deadly ones kill it."""

    def __init__(self, deadly, death=Crashed):
        self.deadly, self.death, self.calls = set(deadly), death, []

    def __call__(self, needs, effort):
        pages = [need.page for need in needs]
        self.calls.append((pages, effort))
        if self.deadly & set(pages):
            raise self.death("the parser died")
        return [PageInput(width=page, height=1) for page in pages]


def needs(*pages):
    return tuple(PageNeed(page, "full", "asked for") for page in pages)


def test_pages_are_prepared_together():
    children = Children([])
    assert [page.width for page in prepare_or_refuse(children, needs(1, 2))] == [1, 2]
    assert children.calls == [([1, 2], 1.0)]


@pytest.mark.parametrize("death", [Crashed, TimedOut])
def test_a_deadly_page_is_refused_and_the_others_are_prepared(death):
    inputs = prepare_or_refuse(Children([2], death), needs(1, 2, 3))
    assert [bool(page.refused) for page in inputs] == [False, True, False]


def test_a_document_of_deadly_pages_is_given_up():
    children = Children(range(100))
    inputs = prepare_or_refuse(children, needs(*range(1, 31)))
    assert len(inputs) == 30 and all(page.refused for page in inputs)
    assert len(children.calls) == 1 + MAX_DEATHS


def test_one_deadly_page_is_not_tried_twice():
    children = Children([1])
    assert prepare_or_refuse(children, needs(1))[0].refused
    assert len(children.calls) == 1


def test_groups_are_joined_in_their_order_whatever_order_they_come_in():
    whole = part("a", 1, 2, 3)
    groups = [
        msgspec.structs.replace(
            whole,
            needs=(need,),
            group=number,
            parts=3,
            payload=b"a" if number == 1 else b"",
            layout=pack([PageSeen(need.page, "full", "asked for")]),
        )
        for number, need in enumerate(whole.needs, start=1)
    ]
    joined = join_groups([groups[2], groups[0], groups[1]])
    assert (joined.payload, joined.parts, joined.group, joined.needs) == (b"a", 1, 0, whole.needs)
    assert [page.page for page in seen_in(joined)] == [1, 2, 3]


def test_a_lost_group_leaves_its_pages_to_geometry():
    failure = Failure(stage="layout", category=Category.INTERNAL, message="out of luck")
    kept = part("a", 1, group=1, parts=2, layout=pack([PageSeen(1, "full", "asked for")]))
    lost = msgspec.structs.replace(part("a", 2, group=2, parts=2), payload=b"", failure=failure)
    joined = join_groups([lost, kept])
    assert joined.failure is None
    assert [(page.page, page.tier) for page in seen_in(joined)] == [(1, "full"), (2, "geometry")]
    assert "out of luck" in seen_in(joined)[1].reason


def test_without_the_content_the_document_fails():
    failure = Failure(stage="layout", category=Category.INTERNAL, message="out of luck")
    lost = msgspec.structs.replace(part("a", 1, group=1, parts=2), payload=b"", failure=failure)
    kept = msgspec.structs.replace(part("a", 2, group=2, parts=2, layout=pack([])), payload=b"")
    assert join_groups([lost, kept]).failure == failure
