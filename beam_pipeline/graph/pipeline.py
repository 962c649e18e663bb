"""The graph on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam

from beam_pipeline.checked import checked
from beam_pipeline.facts import new_run_id
from beam_pipeline.fingerprint import fingerprint, fingerprints
from beam_pipeline.graph.stages import commit_of, fetcher_of, join_of, pool_options, recall_of
from runners.dataflow import inference_hints
from schemas.options import Options
from schemas.part import Part
from schemas.plan import Changes, Planned, RunFacts
from schemas.source import SourceRef
from transforms.assemble.transform import AssembleDocuments, AssembleSeen
from transforms.chunk.transform import ChunkDocuments
from transforms.extract.parts import join_parts
from transforms.extract.transform import ExtractRanges, ExtractWhole
from transforms.fetch.fetcher import Fetcher
from transforms.fetch.transform import FetchDocuments
from transforms.layout.parts import join_groups
from transforms.layout.settings import layout_settings
from transforms.layout.transform import SeePages
from transforms.ocr.parts import PagesToRead
from transforms.ocr.settings import ocr_settings
from transforms.ocr.transform import ReadScans, SortScans
from transforms.plan.transform import KeepDocuments, PlanDocuments, RecallDocuments, RecallUnfetched
from transforms.sandbox.pool import PoolOptions
from transforms.sources.transform import ListSources
from transforms.steps.reopen import OpenSource
from transforms.steps.transform import JoinParts, SpreadParts
from transforms.write.commit import Commit
from transforms.write.transform import CommitTables, ReadKnown, StageTables

PlannedWork = tuple[beam.PCollection[Planned | Part], beam.PCollection[Changes]]


@dataclass(eq=False)
class Ingest(beam.PTransform):
    """Document URIs in, committed tables out; the result is one dict: the new version of each table."""

    options: Options
    #: Pipeline -> documents to work on, and what changes without work.
    plan: beam.PTransform
    fetcher: Fetcher
    commit: Commit

    def expand(self, root: beam.Pipeline) -> beam.PCollection[dict[str, int]]:
        """See the class."""
        work, rest = root | self.plan
        worked = work | WorkOn(self.options, self.commit.facts.run_id, self.fetcher.open)
        return (worked, rest) | "Changes" >> beam.Flatten() | CommitTables(self.commit)


@dataclass(eq=False)
class PlanOnWorkers(beam.PTransform):
    """Lists the sources, reads what the output knows and joins both, on as many machines as there are."""

    options: Options
    run_id: str
    #: Documents listed before the graph starts, from standard input.
    refs: tuple[SourceRef, ...] = ()

    def expand(self, root: beam.Pipeline) -> PlannedWork:
        """See the class."""
        options = self.options
        listing = root | ListSources(options.source, self.refs)
        known = root | "KnownDocuments" >> ReadKnown(options.write, fingerprints(options))
        plan = (listing.refs, known, listing.roots) | PlanDocuments(join_of(options), self.run_id)
        sent = listing.roots | "Sent" >> beam.Map(lambda root: Changes(sent=root.listed))
        return plan.work, (plan.changes, sent) | "Unworked" >> beam.Flatten()


@dataclass(eq=False)
class WorkOn(beam.PTransform):
    """Planned documents -> what each bundle of them changes, in the global window.

    In streaming the documents come in windows of time: the parts of a document meet when theirs closes.
    """

    options: Options
    run_id: str
    open_source: OpenSource
    #: Whether the staged files wait for their commit although the process that wrote them ends.
    lasting: bool = False

    def expand(self, planned: beam.PCollection[Planned | Part]) -> beam.PCollection[Changes]:
        """See the class."""
        options, pool, open_source = self.options, pool_options(self.options.extract), self.open_source
        write_up = WriteUp(options, pool, self.run_id, self.lasting)
        version, recall = fingerprint(options), recall_of(options)
        work = planned | "Spread" >> beam.Reshuffle()
        if recall:
            work = work | RecallUnfetched(recall, version, pool)
        fetch = work | FetchDocuments(open_source, version, self.run_id)
        touched = (
            fetch.touched | "Touch" >> beam.Map(lambda touch: Changes(touched=[touch])) | "Touched" >> unwindowed()
        )
        fetched: beam.PCollection[Part] = fetch.parts
        others = [touched]
        if recall:
            found = fetched | RecallDocuments(recall, pool)
            fetched = found.parts
            others.append(found.recalled | "WriteRecalled" >> write_up)
        judge = PagesToRead(options.ocr)
        read = fetched | ExtractWhole(options.extract, open_source, pool, judge)
        joined = (
            read.ranges
            | ExtractRanges(options.extract, open_source, pool, judge)
            | "JoinRanges" >> JoinParts(join_parts)
        )
        texts = (read.whole, joined)
        if judge:
            texts = texts | ReadPages(options, pool, open_source)
        staged = texts | StructureDocuments(options, pool, open_source, write_up)
        return (staged, *others) | "Worked" >> beam.Flatten()


Extracted = tuple[beam.PCollection[Part], beam.PCollection[Part]]


@dataclass(eq=False)
class ReadPages(beam.PTransform):
    """Extracted documents, small ones and joined ones -> the same, with the pages read that OCR is needed for.

    Documents with such pages leave their bundle: reading a page takes seconds, and any worker may do it.
    """

    options: Options
    pool: PoolOptions
    open_source: OpenSource

    def expand(self, extracted: Extracted) -> Extracted:
        """See the class."""
        whole, joined = extracted
        small, large = whole | "SmallScans" >> SortScans(), joined | "LargeScans" >> SortScans()
        scans = (small.scans, large.scans) | "Scans" >> beam.Flatten()
        read = scans | ReadScans(ocr_settings(self.options), self.open_source, self.pool, inference_hints(self.options))
        return small.text, (large.text, read) | "Joined" >> beam.Flatten()


@dataclass(eq=False)
class StructureDocuments(beam.PTransform):
    """Extracted documents, small ones and joined ones -> staged files, by geometry or with the layout model's help.

    Small documents meet no shuffle inside: memory stays that of one bundle. Hence the branches, each with the same
    last steps: a Flatten in front of these would keep all documents in memory on the local runner.
    """

    options: Options
    pool: PoolOptions
    open_source: OpenSource
    write_up: beam.PTransform

    def expand(self, extracted: Extracted) -> beam.PCollection[Changes]:
        """See the class."""
        whole, joined = extracted
        mode = self.options.layout.mode
        small = whole | "Small" >> AssembleDocuments(mode, self.pool)
        # A joined document met a shuffle already: its pages may spread over the workers again, a few at a time.
        large = joined | "Large" >> AssembleDocuments(mode, self.pool, whole_pages=0)
        staged = [small.done | "WriteSmall" >> self.write_up, large.done | "WriteLarge" >> self.write_up]
        if mode != "never":
            seen = small.unsure | "Layout" >> self._see_pages()
            grouped = (small.groups, large.groups) | beam.Flatten() | "SpreadGroups" >> SpreadParts()
            joined_again = grouped | "LayoutGroups" >> self._see_pages() | "JoinGroups" >> JoinParts(join_groups)
            staged.append(seen | "AssembleSeen" >> AssembleSeen(self.pool) | "WriteSeen" >> self.write_up)
            staged.append(joined_again | "AssembleGroups" >> AssembleSeen(self.pool) | "WriteGroups" >> self.write_up)
        return staged | "Staged" >> beam.Flatten()

    def _see_pages(self) -> SeePages:
        return SeePages(layout_settings(self.options), self.open_source, self.pool, inference_hints(self.options))


@dataclass(eq=False)
class WriteUp(beam.PTransform):
    """Assembled documents -> chunks and staged files."""

    options: Options
    pool: PoolOptions
    run_id: str
    lasting: bool = False

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Changes]:
        """See the class."""
        recall = recall_of(self.options)
        return (
            (parts | KeepDocuments(recall, self.pool) if recall else parts)
            | ChunkDocuments(self.options.chunk, self.pool)
            | unwindowed()
            | StageTables(self.options.write, self.run_id, self.pool, fingerprints(self.options), self.lasting)
        )


def unwindowed() -> beam.PTransform:
    """Back to the global window: in streaming, whole documents need not wait for those that came with them."""
    return beam.WindowInto(beam.window.GlobalWindows())


def build(
    pipeline: beam.Pipeline,
    options: Options,
    facts: RunFacts | None = None,
    refs: Sequence[SourceRef] = (),
    seen: int | None = None,
) -> beam.PCollection[dict[str, int]]:
    """Add the whole graph to `pipeline`, with the plan made on its workers. Without `facts` the run gets a new id."""
    options = checked(options)
    facts = facts or RunFacts(run_id=new_run_id())
    plan = PlanOnWorkers(options, facts.run_id, tuple(refs))
    return pipeline | Ingest(options, plan, fetcher_of(options), commit_of(options, facts, seen))
