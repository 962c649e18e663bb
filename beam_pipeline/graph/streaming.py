"""The graph of a stream: listen, plan what is new, work as in batch, commit window by window."""

from __future__ import annotations

import logging
import posixpath
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import msgspec
from apache_beam.coders import BytesCoder, PickleCoder, VarIntCoder
from apache_beam.io import ReadFromPubSub
from apache_beam.io.filesystems import FileSystems
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.periodicsequence import ImpulseSeqGenDoFn, ImpulseSeqGenRestrictionProvider
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import (
    BagStateSpec,
    ReadModifyWriteStateSpec,
    TimerSpec,
    on_timer,
)
from apache_beam.transforms.window import BoundedWindow, FixedWindows, GlobalWindow
from apache_beam.utils.timestamp import MAX_TIMESTAMP, Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from beam_pipeline.fingerprint import fingerprints
from beam_pipeline.graph.pipeline import WorkOn
from beam_pipeline.graph.stages import join_of
from schemas.failures import ConfigurationError
from schemas.options import Options, SourceOptions, StreamOptions, WriteOptions
from schemas.plan import Changes, Planned, RunFacts
from schemas.source import SourceRef
from schemas.versions import Fingerprints
from transforms.fetch.fetcher import Fetcher
from transforms.lake.index import shared_index
from transforms.lake.log.catalog import STAGING
from transforms.lake.log.open_catalog import kept_catalog
from transforms.plan.blocks import LOCAL, Packer, known_id, ref_id
from transforms.plan.join import Join
from transforms.runtime.pack import pack, unpack
from transforms.sources.listing import absolute, select
from transforms.sources.notifications import refs_of
from transforms.sources.streams import Seen, is_due, listed_now, news
from transforms.stores.any import AnyStore, storage_of
from transforms.write.commit import committer
from transforms.write.windows import WindowCommitter

NAMESPACE = "stream"
#: Files below the staging folder of a stream: whoever writes the first ends the stream, which answers with the second.
STOP, DRAINED = "stop", "drained"
_TICKS, _WATERMARK = ImpulseSeqGenRestrictionProvider(), ManualWatermarkEstimator.default_provider()
_LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class Stream(beam.PTransform):
    """Documents as they arrive -> the new version of each table, window by window."""

    options: Options
    facts: RunFacts

    def expand(self, root: beam.Pipeline) -> beam.PCollection[dict[str, int]]:
        """See the class."""
        options, run_id = self.options, self.facts.run_id
        plan = (
            self._refs(root)
            | "Arrival" >> beam.WindowInto(FixedWindows(self.options.stream.window))
            | "Plan" >> beam.ParDo(_PlanNews(join_of(options), options.write, fingerprints(options)))
        )
        # Sources may change at any time: each look at the cache asks whether it still holds the newest version.
        open_source = Fetcher(options.fetch, AnyStore(), fresh_seconds=0.0).open
        worked = plan | WorkOn(options, run_id, open_source, lasting=True)
        # Its end is the end of the stream, also when no document ever came.
        seed = root | "Seed" >> beam.Create([Changes()])
        return (
            (worked, seed)
            | "Bundles" >> beam.Flatten()
            | "ToOneKey" >> beam.Map(lambda changes: ("", changes)).with_output_types(tuple[str, Changes])
            | "Commit" >> beam.ParDo(_CommitWindows(options.write, options.stream, self.facts))
        )

    def _refs(self, root: beam.Pipeline) -> beam.PCollection[SourceRef]:
        source, stream = absolute(self.options.source), self.options.stream
        heard = []
        if source.inputs:
            marker = marker_path(self.options.write.output, self.facts.run_id, STOP)
            heard.append(root | "Watch" >> WatchInputs(source, stream.poll, marker))
        if stream.subscription:
            messages = root | "Messages" >> ReadFromPubSub(subscription=stream.subscription, with_attributes=True)
            heard.append(messages | "Named" >> beam.FlatMap(_named, source) | "Now" >> beam.Map(_arrived))
        return heard | "Heard" >> beam.Flatten()


@dataclass(eq=False)
class WatchInputs(beam.PTransform):
    """Lists the inputs again and again until there is a file called `marker`; what is new goes on."""

    source: SourceOptions
    poll: float
    marker: str

    def expand(self, root: beam.Pipeline) -> beam.PCollection[SourceRef]:
        """See the class."""
        inputs = self.source.inputs
        return (
            root
            | "Start" >> beam.Create([(Timestamp.now(), MAX_TIMESTAMP, self.poll)])
            | "Ticks" >> beam.ParDo(_Ticks(self.marker))
            | "Inputs"
            >> beam.FlatMap(lambda tick: [(text, float(tick)) for text in inputs]).with_output_types(tuple[str, float])
            | "News" >> beam.ParDo(_ListNews(self.source))
        )


class _Ticks(ImpulseSeqGenDoFn):
    """Beam's periodic impulse, with an end that can be asked for."""

    def __init__(self, marker: str) -> None:
        super().__init__()
        self._marker = marker

    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        element: tuple[Timestamp, Timestamp, float],
        restriction_tracker: Any = beam.DoFn.RestrictionParam(_TICKS),
        watermark_estimator: Any = beam.DoFn.WatermarkEstimatorParam(_WATERMARK),
    ) -> Iterator[Any]:
        if is_marked(self._marker):
            # Beyond the end: nothing is left to do, and the watermark may pass.
            restriction_tracker.try_claim(restriction_tracker.current_restriction().stop)
            return
        yield from super().process(element, restriction_tracker, watermark_estimator)


class _ListNews(beam.DoFn):
    """(input, time of a tick) -> documents that the last listing of the input did not find so."""

    SEEN = ReadModifyWriteStateSpec("seen", BytesCoder())

    def __init__(self, source: SourceOptions) -> None:
        self._source = source
        self._failures = beam.metrics.Metrics.counter(NAMESPACE, "failed_listings")

    def process(self, item: tuple[str, float], seen: Any = beam.DoFn.StateParam(SEEN)) -> Iterable[SourceRef]:
        text, tick = item
        last = unpack(seen.read() or pack(Seen()), Seen)
        if not is_due(last, tick):
            return []
        now = time.time()
        try:
            fresh, found = news(listed_now(text, AnyStore(), self._source), last, now)
        except ConfigurationError as error:
            # Inputs were listed once before the job was posted: this passes, and the next tick is not far.
            _LOG.warning("%s; listing again in a moment", error)
            self._failures.inc()
            return []
        seen.write(pack(found))
        return fresh


class _PlanNews(beam.DoFn):
    """Documents that were heard of -> those to work on, by what the output holds of them."""

    def __init__(self, join: Join, write: WriteOptions, versions: Fingerprints) -> None:
        self._join, self._write, self._versions = join, write, versions

    def start_bundle(self) -> None:
        self._heard: dict[BoundedWindow, list[SourceRef]] = {}

    def process(self, ref: SourceRef, window: Any = beam.DoFn.WindowParam) -> None:
        self._heard.setdefault(window, []).append(ref)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for window, refs in self._heard.items():
            for planned in self._planned(refs):
                yield WindowedValue(planned, window.max_timestamp(), [window])

    def _planned(self, refs: Iterable[SourceRef]) -> Iterator[Planned]:
        packer: Packer[SourceRef] = Packer(LOCAL, ref_id)
        listed = [block for ref in refs for block in packer.add(ref)] + list(packer.rest())
        known = self._known({ref_id(ref).hex() for ref in refs})
        rules = msgspec.structs.replace(self._join.rules, now=time.time())
        for outcome in msgspec.structs.replace(self._join, rules=rules).outcomes(listed, known, ()):
            if isinstance(outcome, Planned):
                # Whatever its version is by the time it is read: news of a newer one may be on their way already.
                yield msgspec.structs.replace(outcome, ref=msgspec.structs.replace(outcome.ref, stamp=""))

    def _known(self, doc_ids: set[str]) -> list[tuple[int, bytes]]:
        packer: Packer[Any] = Packer(LOCAL, known_id)
        root, kind = self._write.output, self._write.format
        catalog = kept_catalog(root, "plan")
        with catalog.lock:
            catalog.refresh()
            rows = list(shared_index(root).known(doc_ids, self._versions, (catalog, storage_of(root), kind)))
        return [block for row in rows for block in packer.add(row)] + list(packer.rest())


class _CommitWindows(beam.DoFn):
    """Collects what bundles changed, and commits it after some seconds or documents. All under one key."""

    WAITING = BagStateSpec("waiting", PickleCoder())
    DOCUMENTS = ReadModifyWriteStateSpec("documents", VarIntCoder())
    DUE = TimerSpec("due", TimeDomain.REAL_TIME)
    END = TimerSpec("end", TimeDomain.WATERMARK)

    def __init__(self, write: WriteOptions, stream: StreamOptions, facts: RunFacts) -> None:
        self._write, self._stream, self._facts = write, stream, facts

    def process(
        self,
        item: tuple[str, Changes],
        waiting: Any = beam.DoFn.StateParam(WAITING),
        documents: Any = beam.DoFn.StateParam(DOCUMENTS),
        due: Any = beam.DoFn.TimerParam(DUE),
        end: Any = beam.DoFn.TimerParam(END),
    ) -> Iterator[dict[str, int]]:
        end.set(GlobalWindow().max_timestamp())
        changes = item[1]
        count = len(changes.doc_ids) + len(changes.touched)
        if not count:
            return
        before = documents.read() or 0
        waiting.add(changes)
        documents.write(before + count)
        if before + count >= self._stream.window_documents:
            due.clear()
            yield from self._commit(waiting, documents)
        elif not before:
            due.set(Timestamp.now() + self._stream.window)

    @on_timer(DUE)  # type: ignore[untyped-decorator]
    def on_due(
        self, waiting: Any = beam.DoFn.StateParam(WAITING), documents: Any = beam.DoFn.StateParam(DOCUMENTS)
    ) -> Iterator[dict[str, int]]:
        """The window's time is over."""
        yield from self._commit(waiting, documents)

    @on_timer(END)  # type: ignore[untyped-decorator]
    def on_end(
        self,
        waiting: Any = beam.DoFn.StateParam(WAITING),
        documents: Any = beam.DoFn.StateParam(DOCUMENTS),
        due: Any = beam.DoFn.TimerParam(DUE),
    ) -> Iterator[dict[str, int]]:
        """The stream's end: nothing is on its way any more."""
        due.clear()
        yield from self._commit(waiting, documents)
        with storage_of(self._write.output).create(
            marker_path(self._write.output, self._facts.run_id, DRAINED)
        ) as marker:
            marker.write(b"")

    def _commit(self, waiting: Any, documents: Any) -> Iterator[dict[str, int]]:
        bundles = list(waiting.read())
        waiting.clear()
        documents.clear()
        if bundles:
            begin = time.monotonic()
            yield from self._committer().commit(bundles)
            count = sum(len(changes.doc_ids) for changes in bundles)
            _LOG.info("window of %d documents committed in %.1f s", count, time.monotonic() - begin)

    def _committer(self) -> WindowCommitter:
        root = self._write.output
        target = committer(self._write, self._facts)
        return WindowCommitter(committer=target, catalog=kept_catalog(root, "commit"), index=shared_index(root))


def marker_path(output: str, run_id: str, name: str) -> str:
    """A file by which a stream and those who started it talk about its end."""
    return posixpath.join(output, STAGING, run_id, name)


def is_marked(path: str) -> bool:
    """Whether somebody wrote the marker."""
    return bool(FileSystems.match([path])[0].metadata_list)


def _named(message: Any, source: SourceOptions) -> Iterator[SourceRef]:
    attributes: Mapping[str, str] = message.attributes or {}
    return select(refs_of(message.data or b"", attributes), source)


def _arrived(ref: SourceRef) -> beam.window.TimestampedValue:
    """A message counts from now: one that comes late is as good as any."""
    return beam.window.TimestampedValue(ref, Timestamp.now())
