"""Assembly in the graph."""

from __future__ import annotations

from dataclasses import dataclass

import apache_beam as beam

from schemas.options import LayoutMode
from schemas.part import Part
from transforms.assemble.parts import GROUP_PAGES, STAGE, PartAssembler, assemble_seen_part
from transforms.sandbox.pool import PoolOptions
from transforms.steps.transform import for_each_part


@dataclass(eq=False)
class AssembleDocuments(beam.PTransform):
    """Extracted parts -> {'done': parts with a Document, 'unsure': parts with needs, 'groups': pages of such parts}."""

    mode: LayoutMode
    pool: PoolOptions
    #: Documents with more needs are split into groups of pages.
    whole_pages: int = GROUP_PAGES

    def expand(self, parts: beam.PCollection[Part]) -> beam.pvalue.DoOutputsTuple:
        """See the class."""
        return (
            parts
            | "Assemble" >> for_each_part(STAGE, PartAssembler(self.mode, self.whole_pages), self.pool)
            | "Sort" >> beam.ParDo(_by_needs).with_outputs("unsure", "groups", main="done")
        )


@dataclass(eq=False)
class AssembleSeen(beam.PTransform):
    """Parts with what the layout model saw -> parts with a Document."""

    pool: PoolOptions

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Part]:
        """See the class."""
        return parts | for_each_part(STAGE, assemble_seen_part, self.pool)


def _by_needs(part: Part) -> list[Part | beam.pvalue.TaggedOutput]:
    if not part.needs or part.failure is not None:
        return [part]
    return [beam.pvalue.TaggedOutput("groups" if part.group else "unsure", part)]
