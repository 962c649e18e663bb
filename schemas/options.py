"""Options of each stage. Frozen, picklable, with the defaults that users get."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class Strategy(StrEnum):
    """How chunks are cut."""

    STRUCTURE = "structure"
    RECURSIVE = "recursive"
    MARKDOWN = "markdown"
    FIXED = "fixed"
    PAGE = "page"


class SourceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to read."""

    #: Files, directories, globs, URIs, or manifests (see `manifests`); '-' reads URIs from stdin.
    inputs: tuple[str, ...] = ()
    #: Manifest files: .txt .csv .jsonl .avro .parquet with a `uri` column.
    manifests: tuple[str, ...] = ()
    #: Glob patterns on the path below the ingested root; empty means all.
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class FetchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How bytes are brought to this machine."""

    #: '' means a private temporary directory of the run.
    cache_dir: str = ""
    cache_bytes: int = 2 << 30
    max_bytes: int = 512 << 20
    #: Seconds for the whole transfer of one document.
    timeout: float = 120.0
    retries: int = 4
    max_redirects: int = 5


class ExtractOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How documents are parsed, and the cage the parsers live in."""

    #: '' for all pages, else 1-based ranges: '1-3,7,10-'.
    page_range: str = ""
    #: Documents with more pages are split into parts of this size.
    part_pages: int = 100
    #: Seconds for one part.
    document_timeout: float = 120.0
    #: Bytes of address space of one parser process.
    memory_limit: int = 2 << 30
    #: Parser processes; 0 means one per core.
    workers: int = 0
    #: A parser process is replaced after this many tasks.
    recycle_after: int = 500


class ChunkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How elements become chunks."""

    strategy: Strategy = Strategy.STRUCTURE
    max_tokens: int = 512
    overlap_tokens: int = 0
    encoding: Literal["cl100k_base", "o200k_base"] = "cl100k_base"
    #: Element types beyond the body text that chunks may hold: hidden, page_header, page_footer, footnote, comment.
    include_types: tuple[str, ...] = ("footnote",)


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how tables are written."""

    output: str = ""
    format: Literal["delta", "parquet", "arrow", "avro"] = "delta"
    #: Roll a file after about this many bytes.
    file_bytes: int = 128 << 20
    row_group_rows: int = 20_000


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """All options of a run."""

    source: SourceOptions = SourceOptions()
    fetch: FetchOptions = FetchOptions()
    extract: ExtractOptions = ExtractOptions()
    chunk: ChunkOptions = ChunkOptions()
    write: WriteOptions = WriteOptions()
