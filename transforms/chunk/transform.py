"""Chunking in the graph."""

from __future__ import annotations

from dataclasses import dataclass

import apache_beam as beam

from schemas.options import ChunkOptions
from schemas.part import Part
from transforms.chunk.parts import STAGE, PartChunker
from transforms.sandbox.pool import PoolOptions
from transforms.steps.transform import for_each_part


@dataclass(eq=False)
class ChunkDocuments(beam.PTransform):
    """Parts with a Document -> parts whose Document has chunks."""

    options: ChunkOptions
    pool: PoolOptions

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Part]:
        """See the class."""
        return parts | for_each_part(STAGE, PartChunker(self.options).chunk, self.pool)
