from itertools import pairwise

import pytest
from msgspec.structs import replace

from schemas.options import PlanOptions, SourceOptions
from schemas.plan import Action, Changes, Known, Planned, Root
from schemas.source import SourceRef
from schemas.stamps import COARSE_SECONDS, FINE_SECONDS, same_version, stamp
from transforms.plan.blocks import LOCAL, Layout, Packer, known_id, listed, ref_id
from transforms.plan.decide import Rules, backoff, decide, started
from transforms.plan.join import Join
from transforms.plan.roots import covers, gone_finder

NOW = started("20260102T000000-abcdef")
RULES = Rules(now=NOW, max_attempts=3)
GOOD = Known(b"d" * 16, "/in/a.md", "ok", b"hash", True, "1:2", run_id="20260101T000000-abcdef")
FAILING = replace(GOOD, status="failed", retryable=True, attempts=1)


@pytest.mark.parametrize(
    ("known", "found", "action"),
    [
        (None, "1:2", Action.NEW),
        (replace(GOOD, status="deleted"), "1:2", Action.NEW),
        (GOOD, "1:2", Action.UNCHANGED),
        (GOOD, "1:3", Action.CHANGED),
        (GOOD, "", Action.CHECK),
        (replace(GOOD, stamp=""), "1:2", Action.CHECK),
        (replace(GOOD, current=False), "1:2", Action.OPTIONS),
        (FAILING, "1:2", Action.RETRY),
        (FAILING, "", Action.RETRY),
        (replace(FAILING, attempts=2), "1:2", Action.RETRY),
        (replace(FAILING, attempts=2, run_id="20260101T100000-x"), "1:2", Action.WAITING),
        (replace(FAILING, attempts=3), "1:2", Action.WAITING),
        (replace(FAILING, attempts=3), "1:3", Action.CHANGED),
        # What was never read, or not the last time, is tried whatever its stamp and however often.
        (replace(GOOD, status="failed", content=b""), "1:2", Action.RETRY),
        (replace(GOOD, status="failed", content=b"", stamp=""), "", Action.RETRY),
        (replace(FAILING, content=b"", attempts=99), "1:2", Action.RETRY),
        (replace(GOOD, status="stale", retryable=True, attempts=99), "1:2", Action.RETRY),
        (replace(GOOD, status="stale", retryable=True, attempts=99), "1:3", Action.CHANGED),
        (replace(GOOD, quarantine="crashed"), "1:2", Action.QUARANTINED),
        (replace(GOOD, quarantine="crashed", current=False), "1:2", Action.QUARANTINED),
        (replace(GOOD, quarantine="crashed"), "1:3", Action.CHANGED),
        (replace(GOOD, quarantine="crashed"), "", Action.CHECK),
    ],
)
def test_what_is_done_about_a_document(known, found, action):
    assert decide(found, known, RULES) is action
    if known is not None and action is not Action.NEW:
        assert decide(found, known, replace(RULES, force=True)) is Action.FORCED


def test_each_try_waits_longer_than_the_one_before():
    waits = [backoff(attempts) for attempts in range(6)]
    assert waits[:2] == [0, 0]
    assert all(later == 2 * earlier for earlier, later in pairwise(waits[2:]))
    assert started("not a run") == 0.0


def test_a_stamp_is_only_given_where_it_proves_something():
    assert stamp(3, 5.25) == "3:5250000"
    assert stamp(3, None, "e") == "3:e"
    assert stamp(3, 5.25, "e", now=100.0) == "3:5250000:e"
    assert stamp(None, 5.0) == stamp(3, None) == ""


def test_a_file_that_just_changed_has_no_stamp():
    """A clock of whole seconds may hide another change for longer than a fine one."""
    assert stamp(3, 99.0, now=99.0 + COARSE_SECONDS / 2) == stamp(3, 99.25, now=99.25 + FINE_SECONDS / 2) == ""
    assert stamp(3, 99.0, now=99.0 + COARSE_SECONDS) == "3:99000000"
    assert stamp(3, 99.25, now=99.25 + FINE_SECONDS * 1.5) == "3:99250000"
    assert same_version("", "a") and same_version("a", "") and same_version("a", "a") and not same_version("a", "b")


@pytest.mark.parametrize(
    ("root", "gone"),
    [
        (Root("folder", "/in/", 1), True),
        (Root("folder", "/in/", 0), False),
        (Root("folder", "/i/", 1), False),
        (Root("folder", "/in/", 1, ("/in/a.md",)), False),
        (Root("folder", "/", 1, ("/in",)), False),
        (Root("pattern", "/*/*.md", 1), True),
        (Root("pattern", "/in/*.txt", 1), False),
        (Root("pattern", "/other/*.md", 1), False),
        (Root("manifest", "/list.csv", 1), False),
        (Root("single", "/in/", 1), False),
    ],
)
def test_what_a_complete_listing_proves(root, gone):
    is_gone = gone_finder([root], SourceOptions())
    assert is_gone(GOOD) is gone
    assert not is_gone(replace(GOOD, status="deleted"))


def test_filters_and_manifests_bound_what_is_gone():
    def excluded(path: str) -> bool:
        return path != "a.md"

    assert not covers(Root("folder", "/in/", 1), GOOD, excluded)
    assert not covers(Root("pattern", "/in/*.md", 1), GOOD, excluded)
    assert covers(Root("manifest", "/m.csv", 1), replace(GOOD, manifest="/m.csv"), excluded)


def packed(layout, items, key):
    packer = Packer(layout, key)
    return [block for item in items for block in packer.add(item)] + list(packer.rest())


@pytest.mark.parametrize("layout", [LOCAL, Layout(7, 3)])
def test_the_join_finds_every_kind_of_document(layout):
    def ref(number, size=1, found="s", **more):
        return SourceRef(uri=f"/in/{number}.md", path=f"{number}.md", size=size, stamp=found, **more)

    def row(number, **more):
        item = listed(ref(number))
        return Known(item.doc_id, f"/in/{number}.md", "ok", b"h", True, "s", item.mark, **more)

    refs = [ref(1), ref(2, size=9, found="t"), ref(3, size=20), ref(4, metadata={"team": "red"}), ref(3, size=20)]
    known = [row(1), row(2), row(4), row(5), row(6)]
    sides = (
        packed(layout, refs, ref_id),
        packed(layout, known, known_id),
    )
    told = []
    join = Join(sources=SourceOptions(), plan=PlanOptions(), rules=RULES)
    *work, rest = join.outcomes(*sides, [Root("folder", "/in/", 4)], lambda action, uri, _: told.append((action, uri)))
    assert [(item.ref.uri, item.action) for item in work if isinstance(item, Planned)] == [
        ("/in/3.md", Action.NEW),
        ("/in/2.md", Action.CHANGED),
    ]
    assert isinstance(rest, Changes)
    assert [touch.ref.uri for touch in rest.touched] == ["/in/4.md"]
    assert sorted(rest.removed) == sorted(item.doc_id.hex() for item in map(listed, [ref(5), ref(6)]))
    assert rest.counts == {"unchanged": 2, "changed": 1, "new": 1, "removed": 2}
    assert (Action.REMOVED, "/in/6.md") in told and len(told) == 6
    kept = replace(join, plan=PlanOptions(deleted="keep"))
    assert list(kept.outcomes(*sides, [Root("folder", "/in/", 4)]))[-1].removed == []
    assert rest.listing_digest == list(join.outcomes(*map(reversed, sides), []))[-1].listing_digest
