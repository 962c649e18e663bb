"""Lists documents in a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import apache_beam as beam

from schemas.options import SourceOptions
from schemas.source import SourceRef
from transforms.runtime.beam_stores import BeamStore
from transforms.runtime.uris import identity_uri
from transforms.sources.listing import absolute, better, expand, expand_manifest, select


@dataclass(eq=False)
class ListSources(beam.PTransform):  # type: ignore[misc]
    """PBegin -> documents named by the options or already listed, each URI once.

    Listing runs on workers; the result still lies in one bundle. Where a URI is named several times, the reference with
    most metadata wins.
    """

    options: SourceOptions
    #: Documents listed before the pipeline starts, for example from standard input.
    refs: tuple[SourceRef, ...] = ()

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[SourceRef]:
        """Wire it."""
        options = absolute(self.options)
        named = [(False, text) for text in options.inputs] + [(True, text) for text in options.manifests]
        listed = begin | "Inputs" >> beam.Create(named) | "Expand" >> beam.FlatMap(_expand, options)
        known = begin | "Listed" >> beam.Create(list(select(self.refs, options)))
        return (
            (listed, known)
            | beam.Flatten()
            | "ByUri" >> beam.WithKeys(lambda ref: identity_uri(ref.uri))
            | "Distinct" >> beam.CombinePerKey(_best)
            | beam.Values()
        )


def _expand(named: tuple[bool, str], options: SourceOptions) -> Iterator[SourceRef]:
    is_manifest, text = named
    refs = (expand_manifest if is_manifest else expand)(text, BeamStore(), options)
    # Large documents first: one that comes last keeps one core busy while the others wait.
    yield from sorted(refs, key=lambda ref: -(ref.size or 0))


def _best(refs: Iterable[SourceRef]) -> SourceRef | None:
    found = list(refs)
    return reduce(better, found) if found else None
