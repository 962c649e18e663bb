"""Lists documents in a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import apache_beam as beam
import msgspec

from schemas.options import SourceOptions
from schemas.plan import Root
from schemas.source import SourceRef
from transforms.sources.listing import absolute, expand_input, select
from transforms.stores.any import AnyStore

ROOTS = "roots"


@dataclass(eq=False)
class ListSources(beam.PTransform):
    """PBegin -> {'refs': documents named by the options or already listed, 'roots': what was listed completely}.

    Listing runs on workers. A URI that is named several times is listed several times.
    """

    options: SourceOptions
    #: Documents listed before the pipeline starts, for example from standard input.
    refs: tuple[SourceRef, ...] = ()

    def expand(self, begin: beam.pvalue.PBegin) -> beam.pvalue.DoOutputsTuple:
        """Wire it."""
        options = absolute(self.options)
        inputs = [_Input(text, False) for text in options.inputs] + [_Input(text, True) for text in options.manifests]
        known = list(select(self.refs, options))
        return (
            begin
            | "Inputs" >> beam.Create([*inputs, *known])
            | "Apart" >> beam.Reshuffle()
            | "Expand" >> beam.FlatMap(_expand, options).with_outputs(ROOTS, main="refs")
        )


class _Input(msgspec.Struct, frozen=True, array_like=True):
    text: str
    is_manifest: bool


def _expand(item: _Input | SourceRef, options: SourceOptions) -> Iterator[SourceRef | beam.pvalue.TaggedOutput]:
    if isinstance(item, SourceRef):
        yield item
        yield beam.pvalue.TaggedOutput(ROOTS, Root(kind="single", uri=item.uri, listed=1))
        return
    for found in expand_input(item.text, AnyStore(), options, is_manifest=item.is_manifest):
        yield beam.pvalue.TaggedOutput(ROOTS, found) if isinstance(found, Root) else found
