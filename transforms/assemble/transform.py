"""Assembly in the graph."""

from __future__ import annotations

from dataclasses import dataclass

import apache_beam as beam

from schemas.part import Part
from transforms.assemble.task import STAGE, assemble_part
from transforms.runtime.pool import PoolOptions
from transforms.runtime.transform import for_each_part


@dataclass(eq=False)
class AssembleDocuments(beam.PTransform):  # type: ignore[misc]
    """Extracted parts (whole documents) -> parts with a Document of ordered, typed elements."""

    pool: PoolOptions

    def expand(self, parts: beam.PCollection[Part]) -> beam.PCollection[Part]:
        """See the class."""
        return parts | for_each_part(STAGE, assemble_part, self.pool)
