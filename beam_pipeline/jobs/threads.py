"""What changed among many documents, from fetch to staged files by the functions of the graph's stages.

Beam takes a second to import and another to start: more than most nights' documents take.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import islice

from beam_pipeline.fingerprint import fingerprint, fingerprints
from beam_pipeline.graph.stages import pool_options, recall_of
from schemas.options import Options
from schemas.part import Part
from schemas.plan import Changes, Planned, Touch
from transforms.assemble.parts import STAGE as ASSEMBLE
from transforms.assemble.parts import PartAssembler
from transforms.chunk.parts import STAGE as CHUNK
from transforms.chunk.parts import PartChunker
from transforms.extract.missing import STAGE as EXTRACT
from transforms.extract.parts import PartExtractor, needs_reading
from transforms.fetch.ask import can_tell
from transforms.fetch.fetcher import Fetcher
from transforms.fetch.parts import settled
from transforms.ocr.parts import PagesToRead
from transforms.plan.recall import STAGE as RECALL
from transforms.runtime.threads import Threads
from transforms.sandbox.pool import shared_pool, worker_count
from transforms.steps.counts import count_settled, count_written, live_counts
from transforms.steps.parts import PartFunction, worked
from transforms.write.parts import kept, rows_of_part
from transforms.write.portions import Portions

#: More documents are worth a graph, and so is a larger share of what is listed: a first run, for one, whose pages may
#: well want models. The extraction of these is done again in the graph.
FEW, SHARE = 200, 0.1
#: Threads that wait for bytes while others wait for the parser processes.
FETCHING = 4


def are_few(work: Sequence[Planned], listed: int, options: Options) -> bool:
    """Whether documents that surely are to be worked on are few among the listed ones, and may be plain."""
    sure = sum(not can_tell(item) for item in work)
    return sure <= min(FEW, SHARE * listed) and "always" not in (options.ocr.mode, options.layout.mode)


def work_on_few(work: Iterator[Planned | Part], options: Options, fetcher: Fetcher, portions: Portions) -> list[Part]:
    """Work on the plain documents among the first FEW of `work`; those that are left of these.

    Left are those that want more than one process: OCR, the layout model, several parts. They are fetched.
    Raises OutputError when the output cannot be written.
    """
    bench = _Bench(work, options, fetcher, portions)
    threads = worker_count(options.extract.workers) + FETCHING
    # Its threads are daemons: an interrupt need not wait for them.
    with Threads(threads) as pool:
        pool.map(bench.work, range(threads), chunksize=1)
    return bench.left


class _Bench:
    """Where threads work on the same documents, and put down what comes of them."""

    def __init__(self, work: Iterator[Planned | Part], options: Options, fetcher: Fetcher, portions: Portions) -> None:
        self._work: Iterator[Planned | Part] = islice(work, FEW)
        self._taking = threading.Lock()
        self._fetcher, self._portions, self._run_id = fetcher, portions, portions.run_id
        self._version, self._versions = fingerprint(options), fingerprints(options)
        self._recall = recall_of(options)
        self._pool, self._counts = shared_pool(pool_options(options.extract)), live_counts(self._run_id)
        judge = PagesToRead(options.ocr)
        extractor = PartExtractor(options=options.extract, open_source=fetcher.open, judge=judge)
        self._reading: tuple[tuple[str, PartFunction], ...] = (
            (EXTRACT, extractor.whole),
            (ASSEMBLE, PartAssembler(options.layout.mode)),
        )
        keep = [(RECALL, self._recall.keep)] if self._recall else []
        self._finishing: tuple[tuple[str, PartFunction], ...] = (*keep, (CHUNK, PartChunker(options.chunk).chunk))
        self.left: list[Part] = []

    def work(self, _: object) -> None:
        """Take documents until there are none."""
        try:
            while (item := self._next()) is not None:
                self._work_on(item)
        finally:
            # After an error the other threads end, too.
            self._work = iter(())

    def _next(self) -> Planned | Part | None:
        with self._taking:
            return next(self._work, None)

    def _work_on(self, item: Planned | Part) -> None:
        part = self._fetched(item)
        if part is None:
            return
        done = self._document(part)
        if done is None:
            self.left.append(part)
            return
        if (touch := kept(done)) is not None:
            self._settle(touch)
            return
        batch = rows_of_part(done, self._run_id, self._pool, self._versions)
        if self._portions.add(batch):
            count_written(self._counts, batch)

    def _fetched(self, item: Planned | Part) -> Part | None:
        """The part to work on; None when there is nothing new to read."""
        if isinstance(item, Part):
            return item
        recalled = self._recall.unfetched(item, self._version, self._pool) if self._recall else None
        result = recalled or settled(item, self._fetcher.open, self._version)
        if isinstance(result, Part):
            return result
        self._settle(result)
        return None

    def _settle(self, touch: Touch | None) -> None:
        count_settled(self._counts, touch)
        self._portions.note(Changes(touched=[] if touch is None else [touch]))

    def _document(self, part: Part) -> Part | None:
        """The part with a Document and its chunks, or with its failure; None when it wants more."""
        if self._recall:
            (part,) = worked(RECALL, self._recall.recall, part, self._pool)
        for stage, function in () if part.payload else self._reading:
            part, *more = worked(stage, function, part, self._pool)
            if more or wants_more(part):
                return None
        for stage, function in self._finishing:
            (part,) = worked(stage, function, part, self._pool)
        return part


def wants_more(part: Part) -> bool:
    """Whether pages of a part are unread, or to be shown to a model."""
    return part.failure is None and bool(needs_reading(part) or part.scans or part.needs)
