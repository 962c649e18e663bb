"""Deadly pages, page ranges and lost parts, without Beam and without processes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import DocumentMeta, ExtractedPage, Extraction, PageStatus
from schemas.document import DocumentInfo
from schemas.failures import Category, Corrupt, Crashed, Failure, OutOfMemory, TimedOut
from schemas.part import Part
from schemas.source import SourceRef
from transforms.extract.child import Reading
from transforms.extract.missing import isolate, missing_pages
from transforms.extract.parts import join_parts, needs_reading
from transforms.extract.parts import read_or_isolate as read_or_isolate_packed
from transforms.extract.ranges import failed_range, join, parse_ranges, split, wanted_pages
from transforms.runtime.pack import pack, unpack

ALL = ((1, 0),)
DEATHS = st.sampled_from((Crashed, TimedOut, OutOfMemory))


def read_or_isolate(read, ranges, max_pages: int):
    def packed(*wanted) -> Reading:
        return Reading.of(read(*wanted))

    return read_or_isolate_packed(packed, ranges, max_pages).extraction()


class FakeParser:
    """Reads a document of `count` pages, and dies where a deadly one is among those asked for."""

    def __init__(self, count: int, deadly: dict[int, type[Exception]], opens: bool = True) -> None:
        self.count, self.deadly, self.opens = count, deadly, opens
        self.calls = 0
        self.efforts = 0.0

    def __call__(self, ranges, max_pages, effort):
        self.calls += 1
        pages = wanted_pages(ranges, self.count)
        if not self.opens:
            self.efforts += effort
            raise Crashed("cannot be opened")
        if max_pages and len(pages) > max_pages:
            return document(self.count, [])
        dying = [self.deadly[page] for page in pages if page in self.deadly]
        if dying:
            self.efforts += effort
            raise dying[0](f"died among {pages}")
        return document(self.count, pages)


def document(count, pages):
    return Extraction(
        page_count=count,
        pages=[ExtractedPage(number=page, status=PageStatus.DIGITAL) for page in pages],
        meta=DocumentMeta(title="T"),
        engine="fake",
    )


@st.composite
def deadly_documents(draw):
    count = draw(st.integers(2, 60))
    pages = draw(st.sets(st.integers(1, count), max_size=count))
    return count, {page: draw(DEATHS) for page in sorted(pages)}


@given(deadly_documents())
def test_exactly_the_deadly_pages_are_lost(given_document):
    count, deadly = given_document
    read = FakeParser(count, deadly)
    found = read_or_isolate(read, ALL, 0)
    assert [page.number for page in found.pages] == list(range(1, count + 1))
    assert {page.number for page in found.pages if page.status is PageStatus.FAILED} == set(deadly)
    assert (found.meta.title, found.engine) == ("T", "fake")
    if len(deadly) < count:
        assert {failure.page: failure.category for failure in found.failures} == {
            page: kind.category for page, kind in deadly.items()
        }
    else:
        (failure,) = found.failures
        assert failure.page == 0


@given(deadly_documents())
def test_the_number_of_calls_is_bounded(given_document):
    count, deadly = given_document
    read = FakeParser(count, deadly)
    read_or_isolate(read, ALL, 0)
    # Once whole, once to open; then each deadly page costs at most two calls on each level of halving.
    assert read.calls <= 2 + 2 * max(1, len(deadly)) * (math.ceil(math.log2(count)) + 1)


@given(st.integers(2, 200), st.data())
def test_one_hanging_page_costs_about_two_deadlines(count, data):
    page = data.draw(st.integers(1, count))
    read = FakeParser(count, {page: TimedOut})
    read_or_isolate(read, ALL, 0)
    assert read.efforts <= 2.0


@given(deadly_documents(), st.data())
def test_only_wanted_pages_are_read(given_document, data):
    count, deadly = given_document
    first = data.draw(st.integers(1, count - 1))
    last = data.draw(st.integers(first + 1, count))
    found = read_or_isolate(FakeParser(count, deadly), ((first, last),), 0)
    assert [page.number for page in found.pages] == list(range(first, last + 1))
    assert found.page_count == count


def test_a_document_that_cannot_be_opened_raises_the_first_death():
    death = TimedOut("the whole document")
    with pytest.raises(TimedOut, match="the whole document"):
        isolate(FakeParser(5, {}, opens=False), ALL, death)


def test_the_only_page_cannot_be_blamed_on_itself():
    with pytest.raises(Crashed):
        read_or_isolate(FakeParser(1, {1: Crashed}), ALL, 0)


def test_other_errors_are_not_halved():
    def read(ranges, max_pages, effort):
        raise Corrupt("no document")

    with pytest.raises(Corrupt):
        read_or_isolate(read, ALL, 0)


def test_wanted_pages_that_stand_alone_are_isolated_too():
    found = read_or_isolate(FakeParser(9, {3: Crashed}), ((3, 3), (7, 7)), 0)
    assert [(page.number, page.status) for page in found.pages] == [(3, PageStatus.FAILED), (7, PageStatus.DIGITAL)]


@given(st.integers(1, 40), st.sets(st.integers(1, 40)))
def test_no_page_vanishes(count, delivered):
    extraction = document(count, sorted(page for page in delivered if page <= count))
    found = missing_pages(extraction, ALL)
    assert [page.number for page in found.pages] == list(range(1, count + 1))
    lost = [page.number for page in found.pages if page.status is PageStatus.FAILED]
    assert lost == [page for page in range(1, count + 1) if page not in delivered]
    assert len(found.failures) == bool(lost)


RANGES = st.lists(
    st.one_of(
        st.integers(1, 60).map(lambda n: (str(n), {n})),
        st.tuples(st.integers(1, 60), st.integers(0, 20)).map(
            lambda p: (f"{p[0]}-{p[0] + p[1]}", set(range(p[0], p[0] + p[1] + 1)))
        ),
        st.integers(1, 60).map(lambda n: (f"{n}-", set(range(n, 100)))),
        st.integers(1, 60).map(lambda n: (f"-{n}", set(range(1, n + 1)))),
    ),
    min_size=1,
    max_size=6,
)


@given(RANGES, st.integers(1, 70))
def test_ranges_name_each_wanted_page_once(items, count):
    ranges = parse_ranges(" , ".join(text for text, _ in items))
    named = set().union(*(pages for _, pages in items))
    assert wanted_pages(ranges, count) == sorted(page for page in named if page <= count)


@given(st.sets(st.integers(1, 80)), st.integers(1, 10))
def test_split_covers_the_pages_exactly(pages, size):
    runs = split(sorted(pages), size)
    assert [page for first, last in runs for page in range(first, last + 1)] == sorted(pages)
    assert all(last - first < size for first, last in runs)


@given(st.integers(1, 50), st.integers(1, 9), st.randoms())
def test_join_undoes_split(count, size, random):
    runs = split(range(1, count + 1), size)
    pieces = [document(count, list(range(first, last + 1))) for first, last in runs]
    random.shuffle(pieces)
    assert join(pieces) == document(count, list(range(1, count + 1)))


def parts(count, size):
    info = DocumentInfo(doc_id="d", ref=SourceRef(uri="/d.pdf", path="d.pdf"))
    runs = split(range(1, count + 1), size)
    for first, last in runs:
        payload = pack(document(count, list(range(first, last + 1))))
        yield Part(info=info, first_page=first, last_page=last, parts=len(runs), payload=payload)


def lost(part):
    failure = Failure(stage="extract", category=Category.CRASHED, message="died", hint="h")
    return Part(info=part.info, first_page=part.first_page, last_page=part.last_page, parts=part.parts, failure=failure)


@given(st.integers(6, 40), st.integers(1, 5), st.randoms(), st.data())
def test_lost_parts_become_failed_pages(count, size, random, data):
    whole = list(parts(count, size))
    dead = data.draw(st.sets(st.integers(0, len(whole) - 1), max_size=len(whole) - 1))
    pieces = [lost(part) if number in dead else part for number, part in enumerate(whole)]
    random.shuffle(pieces)
    joined = join_parts(pieces)
    assert (joined.first_page, joined.last_page, joined.parts, joined.failure) == (1, 0, 1, None)
    assert not needs_reading(joined)
    found = unpack(joined.payload, Extraction)
    assert [page.number for page in found.pages] == list(range(1, count + 1))
    failed = {page.number for page in found.pages if page.status is PageStatus.FAILED}
    assert failed == {n for d in dead for n in range(whole[d].first_page, whole[d].last_page + 1)}
    assert sorted(failure.page for failure in found.failures) == sorted(whole[d].first_page for d in dead)
    assert (found.page_count, found.meta.title, found.engine) == (count, "T", "fake")


def test_a_document_without_any_part_left_failed():
    joined = join_parts([lost(part) for part in parts(10, 4)])
    assert joined.failure is not None
    assert (joined.failure.category, joined.payload) == (Category.CRASHED, b"")


def test_a_part_that_never_arrived_is_told():
    *some, _ = parts(10, 4)
    found = unpack(join_parts(some).payload, Extraction)
    (failure,) = found.failures
    assert failure.category is Category.INTERNAL
    assert "1 parts of the document never arrived" in failure.message


def test_an_unread_part_needs_reading():
    (first, *_) = parts(10, 4)
    unread = Part(info=first.info, first_page=1, last_page=4, parts=3)
    assert needs_reading(unread)
    assert not needs_reading(first)
    assert not needs_reading(lost(first))


def test_a_failed_range_without_end_runs_to_the_last_page():
    failure = Failure(stage="extract", category=Category.CRASHED, message="m")
    assert [page.number for page in failed_range((3, 0), 5, failure).pages] == [3, 4, 5]
