"""What travels between the stages: a document, or a page range of one, with its packed content."""

from __future__ import annotations

import msgspec

from schemas.content import PageNeed
from schemas.document import DocumentInfo
from schemas.failures import Failure
from schemas.source import SourceRef

#: Pages that one deadline is meant for.
DEADLINE_PAGES = 100


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A document (or pages `first_page`..`last_page` of a large one) on its way through the graph.

    A failed part keeps travelling: `failure` is set, the stages pass it on, and it ends as rows like every other.
    `payload` is the MessagePack form of an Extraction, later of a Document; the worker process need not unpack it.
    """

    info: DocumentInfo
    first_page: int = 1
    #: 0 means to the end.
    last_page: int = 0
    #: How many parts the document was split into.
    parts: int = 1
    payload: bytes = b""
    #: Pages (1-based) that OCR shall read.
    scans: tuple[int, ...] = ()
    #: Pages that the layout model shall see.
    needs: tuple[PageNeed, ...] = ()
    #: Which group of such pages of a large document this is, from 1; 0 for all of them.
    group: int = 0
    #: What the layout model has to look at, later what it saw (packed; see `transforms.layout.parts`).
    layout: bytes = b""
    #: Pages that were opened (1-based), read or not: each has a page row, whatever fails later.
    pages: tuple[int, ...] = ()
    failure: Failure | None = None
    #: Whether the output holds rows of a good version, which stay when the source cannot be read to the end.
    replaces: bool = False

    @property
    def effort(self) -> float:
        """Share of one deadline that the part may use: 1, or more in proportion above DEADLINE_PAGES pages."""
        return max(1.0, len(self.pages) / DEADLINE_PAGES)

    @property
    def ref(self) -> SourceRef:
        """The listed source."""
        return self.info.ref


class TableBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one document for every table, as Arrow IPC streams keyed by table name."""

    doc_id: str
    uri: str
    status: str
    tables: dict[str, bytes]
    pages: int = 0
    chunks: int = 0
    failures: int = 0
    #: Whether good rows go because the source says that the document is gone.
    lost: bool = False


class WrittenFile(msgspec.Struct, frozen=True, kw_only=True):
    """A staged data file, not yet visible to readers."""

    table: str
    path: str
    size: int
    rows: int
