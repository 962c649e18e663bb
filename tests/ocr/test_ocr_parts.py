"""Pages that leave their document to be read: groups, failures that name everything, and the way back."""

import zlib

import msgspec
import pytest

from schemas.content import ExtractedPage, Extraction, Image, PageStatus
from schemas.document import DocumentInfo
from schemas.failures import Category, Corrupt, Failure, TimedOut
from schemas.geometry import Box
from schemas.options import OcrOptions
from schemas.part import Part
from schemas.source import SourceRef
from transforms.ocr.decision import Decision
from transforms.ocr.parts import (
    GROUP_PAGES,
    PagesToRead,
    ReadPage,
    finished,
    join_scans,
    lost,
    read_parts,
    split_scans,
)
from transforms.ocr.records import OcrLine, OcrWord, PageImage
from transforms.runtime.pack import pack, unpack


def part(name, pages, scans):
    info = DocumentInfo(doc_id=name, ref=SourceRef(uri=f"file:///{name}", path=name))
    extraction = Extraction(page_count=len(pages), pages=[ExtractedPage(number=n) for n in pages])
    return Part(info=info, payload=pack(extraction), pages=tuple(pages), scans=tuple(scans))


def content(part):
    return unpack(part.payload, Extraction)


def numbers(part):
    return [page.number for page in content(part).pages]


def test_pages_to_read_leave_in_small_groups():
    scans = range(2, 2 + GROUP_PAGES + 1)
    rest, *groups = split_scans(part("a", range(1, 11), scans))
    assert numbers(rest) == [n for n in range(1, 11) if n not in scans]
    assert rest.scans == () and rest.group == 0
    assert [list(group.scans) for group in groups] == [list(scans)[:GROUP_PAGES], list(scans)[GROUP_PAGES:]]
    assert [numbers(group) for group in groups] == [list(group.scans) for group in groups]
    assert {one.parts for one in (rest, *groups)} == {3}


@pytest.mark.parametrize("scans", [(1,), (3, 7), tuple(range(1, 11))])
def test_they_return_to_their_places(scans):
    whole = part("a", range(1, 11), scans)
    joined = join_scans(reversed(list(split_scans(whole))))
    assert numbers(joined) == list(range(1, 11))
    assert (joined.parts, joined.group, joined.failure, joined.pages) == (1, 0, None, whole.pages)


def test_a_lost_group_is_failed_pages_and_one_failure():
    rest, group = split_scans(part("a", range(1, 4), (2, 3)))
    failure = Failure(stage="ocr", category=Category.UNAVAILABLE, message="the source changed")
    joined = content(join_scans([msgspec.structs.replace(group, failure=failure, payload=b""), rest]))
    statuses = [(page.number, page.status) for page in joined.pages]
    assert statuses == [(1, PageStatus.DIGITAL), (2, PageStatus.FAILED), (3, PageStatus.FAILED)]
    assert [(one.page, one.message) for one in joined.failures] == [(2, "the source changed")]


def test_the_judge_names_pages_without_text_under_images():
    scan = ExtractedPage(
        number=2, width=600, height=800, status=PageStatus.EMPTY, images=[Image(Box(0, 0, 600, 800), 1200, 1600)]
    )
    extraction = Extraction(page_count=2, pages=[ExtractedPage(number=1, width=600, height=800), scan])
    assert PagesToRead(OcrOptions())(extraction) == (2,)
    assert PagesToRead(OcrOptions(mode="never"))(extraction) == ()


class Engine:
    """Reads the page number out of each image; fails for poisoned ones."""

    name, batched = "fake", True

    def data_path(self):
        return "/data"

    def __init__(self, poison=()):
        self.poison, self.batches = set(poison), []

    def check(self, options):
        pass

    def read(self, images, languages):
        pages = [image.page for image in images]
        self.batches.append(pages)
        if self.poison & set(pages):
            raise Corrupt("cannot read it")
        return [[OcrLine((OcrWord(str(page), Box(0, 0, 9, 9), 1.0),), Box(0, 0, 9, 9))] for page in pages]


def image(page):
    return PageImage(
        page=page,
        pixels=zlib.compress(bytes([page])),
        width=1,
        height=1,
        channels=1,
        dpi=72,
        to_page=(1, 0, 0, 1, 0, 0),
    )


def prepared(name, *pages, blank=()):
    works = [
        ReadPage(ExtractedPage(number=n), Decision(page=n, needed=True), [] if n in blank else [image(n)])
        for n in pages
    ]
    return msgspec.structs.replace(part(name, pages, pages), layout=pack(works))


def works_of(part):
    return unpack(part.layout, list[ReadPage])


def texts(part):
    return [[line[0].words[0].text for line in work.lines] for work in works_of(part)]


def test_images_of_all_parts_are_read_together():
    engine = Engine()
    rest = part("b", (1,), ())
    done = list(read_parts([prepared("a", 1, 3), rest, prepared("c", 2, 4, blank=[4])], engine, OcrOptions()))
    assert engine.batches == [[1, 3, 2]]
    assert [texts(done[0]), texts(done[2])] == [[["1"], ["3"]], [["2"], []]]
    assert done[1] == rest


def test_only_the_page_that_fails_alone_is_lost():
    engine = Engine(poison=[3])
    (done,) = read_parts([prepared("a", 1, 3, 5)], engine, OcrOptions(languages=("eng", "deu")))
    assert engine.batches == [[1, 3, 5], [1], [3], [5]]
    first, failed, last = works_of(done)
    assert first.failure is None and last.failure is None
    assert failed.page.status is PageStatus.FAILED and not failed.images
    assert (failed.failure.page, failed.failure.stage, failed.failure.category) == (3, "ocr", Category.CORRUPT)
    assert failed.failure.context["engine"] == "fake" and failed.failure.context["languages"] == "eng+deu"
    assert failed.failure.context["image_sha256"] and failed.failure.context["data_path"] == "/data"


def test_failed_pages_keep_their_size_and_reach_the_extraction():
    page = ExtractedPage(number=2, width=10, height=20)
    work = lost(ReadPage(page, Decision(page=2)), TimedOut("too slow"), OcrOptions(), Engine)
    group = part("a", (2,), (2,))
    extraction = finished(group, [work])
    assert (extraction.pages[0].width, extraction.pages[0].status) == (10, PageStatus.FAILED)
    (failure,) = extraction.failures
    assert (failure.category, failure.page, failure.context["engine"]) == (Category.TIMEOUT, 2, "fake")
