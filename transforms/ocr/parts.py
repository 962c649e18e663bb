"""Parts through OCR: a few pages at a time, apart from the rest of their document, then back in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from schemas.content import ExtractedPage, Extraction, PageStatus
from schemas.failures import Crashed, Failure, OutOfMemory, TimedOut
from schemas.options import OcrOptions
from schemas.part import Part
from transforms.ocr.decision import Decision, decide, is_left_unread
from transforms.ocr.engines import OcrEngine, engine_named
from transforms.ocr.records import OcrLine, PageImage
from transforms.runtime.activity import activity
from transforms.runtime.guard import STOPS_THE_RUN, Raised, captured
from transforms.runtime.pack import pack, unpack
from transforms.sandbox.pool import ParserPool
from transforms.steps.reopen import OpenSource, reopened, was_lost

STAGE = "ocr"
#: Pages that are read together: an image of a page takes megabytes.
GROUP_PAGES = 2
#: Ways a page ends that another attempt alone may escape.
DEATHS = (Crashed, TimedOut, OutOfMemory)
#: An engine, found when it is needed: some take a second to import.
FindEngine = Callable[[], OcrEngine]
#: Path, media type, options, engine, and whether to read where the images are made.
Task = tuple[str, str, OcrOptions, str, bool]


class ReadPage(msgspec.Struct):
    """A page on its way: its images, and the lines of each once an engine read them; or why it could not be read."""

    page: ExtractedPage
    decision: Decision
    images: list[PageImage] = []
    lines: list[list[OcrLine]] = []
    failure: Failure | None = None


class PagesToRead(msgspec.Struct, frozen=True):
    """Judges an extraction: which of its pages OCR shall read. Travels into the parser process."""

    options: OcrOptions

    def __call__(self, extraction: Extraction) -> tuple[int, ...]:
        """Numbers of the pages, in order. Those with pictures and no text that none shall read lose all confidence."""
        if self.options.mode == "never":
            for page in extraction.pages:
                page.confidence = 0.0 if is_left_unread(page) else page.confidence
        return tuple(page.number for page in extraction.pages if decide(page, self.options.mode).needed)


def split_scans(part: Part) -> Iterator[Part]:
    """A part with scans as its other pages, and groups of at most `GROUP_PAGES` pages to read."""
    content = unpack(part.payload, Extraction)
    wanted = set(part.scans)
    activity().want(STAGE, len(wanted))
    pages = [page for page in content.pages if page.number in wanted]
    content.pages = [page for page in content.pages if page.number not in wanted]
    runs = [pages[start : start + GROUP_PAGES] for start in range(0, len(pages), GROUP_PAGES)]
    yield msgspec.structs.replace(part, payload=pack(content), scans=(), parts=len(runs) + 1)
    for group, run in enumerate(runs, start=1):
        payload = pack(Extraction(page_count=content.page_count, pages=run))
        scans = tuple(page.number for page in run)
        yield msgspec.structs.replace(part, payload=payload, scans=scans, group=group, parts=len(runs) + 1)


def join_scans(parts: Iterable[Part]) -> Part:
    """The pages that were read in their places among the others. Pages of a group that failed are FAILED pages."""
    first, *groups = sorted(parts, key=lambda part: part.group)
    lost = (part.failure for part in groups if part.failure is not None and was_lost(part.failure))
    if first.replaces and (gone := next(lost, None)):
        # The output holds all pages of the version before.
        return msgspec.structs.replace(first, payload=b"", failure=gone, parts=1, group=0)
    content = unpack(first.payload, Extraction)
    for part in groups:
        if part.failure is None:
            found = unpack(part.payload, Extraction)
            content.pages += found.pages
            content.failures += found.failures
        else:
            content.pages += [ExtractedPage(number=number, status=PageStatus.FAILED) for number in part.scans]
            content.failures.append(msgspec.structs.replace(part.failure, page=part.scans[0]))
    content.pages.sort(key=lambda page: page.number)
    return msgspec.structs.replace(first, payload=pack(content), parts=1, group=0)


class ScanReader(msgspec.Struct, frozen=True, kw_only=True):
    """Renders the pages of a group and, unless the engine wants batches, reads them, all in the parser process."""

    options: OcrOptions
    engine: str
    #: Whether another step reads the images.
    batched: bool
    open_source: OpenSource

    def __call__(self, part: Part, pool: ParserPool) -> Iterator[Part]:
        """The group with pages read, or with packed ReadPages as `layout`; other parts as they are."""
        if not part.scans:
            yield part
            return
        pages = unpack(part.payload, Extraction).pages
        try:
            read = list(self._read(part, pages, pool))
        finally:
            # Batches are counted where they are read.
            activity().done(STAGE, 0 if self.batched else len(part.scans))
        if self.batched:
            yield msgspec.structs.replace(part, layout=pack(read))
        else:
            yield msgspec.structs.replace(part, payload=pack(finished(part, read)))

    def _read(self, part: Part, pages: Sequence[ExtractedPage], pool: ParserPool) -> Iterator[ReadPage]:
        with reopened(self.open_source, part) as fetched:
            task = (fetched.local_path, part.info.media_type, self.options, self.engine, not self.batched)
            try:
                yield from unpack(pool.call(read_pages, *task, tuple(pages)), list[ReadPage])
            except DEATHS:
                for page in pages:
                    yield self._alone(task, page, pool)

    def _alone(self, task: Task, page: ExtractedPage, pool: ParserPool) -> ReadPage:
        try:
            return unpack(pool.call(read_pages, *task, (page,)), list[ReadPage])[0]
        except DEATHS as death:
            return lost(self._shown(task, page, pool), death, self.options, partial(engine_named, self.engine))

    def _shown(self, task: Task, page: ExtractedPage, pool: ParserPool) -> ReadPage:
        """The page with the images that killed its engine; without them when making the images is what kills."""
        if not self.batched:
            with suppress(*DEATHS):
                return unpack(pool.call(read_pages, *task[:-1], False, (page,)), list[ReadPage])[0]
        return ReadPage(page, decide(page, self.options.mode))


def read_pages(
    path: str, media_type: str, options: OcrOptions, engine: str, here: bool, pages: Sequence[ExtractedPage]
) -> bytes:
    """Packed ReadPages, rendered and, if `here`, read and merged. Runs in the parser process."""
    find = partial(engine_named, engine)
    return pack([read_page(Path(path), media_type, options, page, find, here=here) for page in pages])


def read_page(
    path: Path, media_type: str, options: OcrOptions, page: ExtractedPage, engine: FindEngine, *, here: bool = True
) -> ReadPage:
    """One page rendered and, if `here`, read. Never raises for a page: what fails is a FAILED page."""
    # Rendering loads MuPDF and OpenCV, which the worker process itself never needs.
    from transforms.ocr.images.render import page_images

    decision = decide(page, options.mode)
    work = ReadPage(page, decision)

    def render_and_read() -> ReadPage:
        work.images = page_images(path, media_type, [(page, decision)], options)[0]
        if not here:
            return work
        work.lines = engine().read(work.images, options.languages) if work.images else []
        return merged(work, engine().name, options.languages)

    return _or_lost(render_and_read, work, options, engine)


def _or_lost(function: Callable[[], ReadPage], work: ReadPage, options: OcrOptions, engine: FindEngine) -> ReadPage:
    """What the function makes of the page; a FAILED page when it raises."""
    found = captured(function)
    if not isinstance(found, Raised):
        return found
    if isinstance(found.error, STOPS_THE_RUN):
        raise found.error
    return lost(work, found.error, options, engine)


def merged(work: ReadPage, engine: str, languages: Sequence[str]) -> ReadPage:
    """The page with what was read in its images; the images are dropped."""
    from transforms.ocr.merge import merge
    from transforms.ocr.scripts import doubt_about_script

    page = merge(work.page, work.decision, work.images, work.lines, engine)
    if work.images:
        doubt = doubt_about_script(page, work.images[0], languages)
        page.tier, page.tier_reason = f"ocr {engine}", "; ".join(filter(None, (work.decision.reason, doubt)))
    return ReadPage(page, work.decision)


def merge_read(payload: bytes, engine: str, options: OcrOptions) -> bytes:
    """Packed ReadPages with lines become packed ReadPages with merged pages. Runs in the parser process."""
    named = engine_named(engine)
    works = unpack(payload, list[ReadPage])
    return pack([work if work.failure else _merge_or_lose(work, named, options) for work in works])


def _merge_or_lose(work: ReadPage, engine: OcrEngine, options: OcrOptions) -> ReadPage:
    return _or_lost(lambda: merged(work, engine.name, options.languages), work, options, lambda: engine)


def merge_part(part: Part, pool: ParserPool, engine: str, options: OcrOptions) -> Iterator[Part]:
    """The group with its pages read; other parts as they are."""
    if not part.scans:
        yield part
        return
    read = unpack(pool.call(merge_read, part.layout, engine, options), list[ReadPage])
    yield msgspec.structs.replace(part, payload=pack(finished(part, read)), layout=b"")


def lost(work: ReadPage, error: BaseException, options: OcrOptions, engine: FindEngine) -> ReadPage:
    """A page that could not be read: FAILED, with all that it takes to find out why."""
    from transforms.ocr.lost_pages import failed_page, ocr_failure

    failure = ocr_failure(error, work.page.number, options, engine(), work.images)
    return ReadPage(failed_page(work.page, work.decision), work.decision, failure=failure)


def finished(part: Part, read: Sequence[ReadPage]) -> Extraction:
    """The pages of a group as an Extraction."""
    return Extraction(
        page_count=unpack(part.payload, Extraction).page_count,
        pages=[work.page for work in read],
        failures=[work.failure for work in read if work.failure is not None],
    )


def read_parts(parts: Sequence[Part], engine: OcrEngine, options: OcrOptions) -> Iterator[Part]:
    """The parts with lines beside their images; the images of all parts are read together.

    What fails together is tried again page by page; a page that fails alone is lost.
    """
    works = [unpack(part.layout, list[ReadPage]) if part.scans and part.failure is None else [] for part in parts]
    _read_all([work for pages in works for work in pages if work.images], engine, options)
    for part, pages in zip(parts, works, strict=True):
        activity().done(STAGE, len(part.scans))
        yield msgspec.structs.replace(part, layout=pack(pages)) if pages else part


def _read_all(works: Sequence[ReadPage], engine: OcrEngine, options: OcrOptions) -> None:
    if not works:
        return
    found = captured(lambda: engine.read([image for work in works for image in work.images], options.languages))
    if not isinstance(found, Raised):
        lines = iter(found)
        for work in works:
            work.lines = [next(lines) for _ in work.images]
    elif isinstance(found.error, STOPS_THE_RUN):
        raise found.error
    elif len(works) > 1:
        for work in works:
            _read_all([work], engine, options)
    else:
        gone = lost(works[0], found.error, options, lambda: engine)
        works[0].page, works[0].failure, works[0].images = gone.page, gone.failure, []
