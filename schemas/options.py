"""Options of each stage. Frozen, picklable, with the defaults that users get.

Bounds are part of the types: they hold for values read from flags, files and the environment, which are converted
with msgspec; building a struct in code checks nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(gt=0)]
#: Seconds that people may write with a unit (10s, 5m, 2h).
Duration = Annotated[float, Meta(gt=0, extra={"unit": "seconds"})]
#: People write these with a unit (512MB, 2GiB).
Bytes = Annotated[int, Meta(ge=1, extra={"unit": "bytes"})]
#: Element types that chunks hold only when asked to.
ExtraType = Literal["hidden", "page_header", "page_footer", "footnote", "comment"]
#: Which pages OCR reads.
OcrMode = Literal["auto", "always", "never", "redo"]
#: Which pages a layout model sees.
LayoutMode = Literal["auto", "always", "never"]


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
    #: Whether an input that cannot be listed stops the run, also where there are others.
    require_inputs: bool = False
    #: Whether names on standard input end in NUL, as `find -print0` writes them, instead of line ends.
    null: bool = False


class FetchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How bytes are brought to this machine."""

    #: '' means a private temporary directory of the run.
    cache_dir: str = ""
    cache_bytes: Bytes = 2 << 30
    max_bytes: Bytes = 512 << 20
    #: Seconds for the whole transfer of one document.
    timeout: Seconds = 120.0
    retries: Count = 4
    max_redirects: Count = 5


class ExtractOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How documents are parsed, and the cage the parsers live in."""

    #: '' for all pages, else 1-based ranges: '1-3,7,10-'.
    page_range: str = ""
    #: Documents with more pages are split into parts of this size.
    part_pages: Positive = 1000
    #: Seconds for one document or part; more than 100 pages get in proportion.
    document_timeout: Seconds = 120.0
    #: Bytes that one document may take in its parser process, beyond what the process starts with.
    memory_limit: Bytes = 2 << 30
    #: Parser processes; 0 means one per core.
    workers: Count = 0
    #: A parser process is replaced after this many tasks.
    recycle_after: Positive = 500


class LayoutOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the layout model pages get to see. Flags: --layout, --layout-model and so on."""

    #: 'auto' asks the model only about pages that plain geometry is likely to misread; 'always' about every page.
    mode: LayoutMode = "auto"
    #: URI of your own ONNX detector, with a TOML file of the same name beside it; '' for the built-in networks.
    model: str = ""
    #: Pages per batch; 0 for what was measured on the device.
    batch_pages: Count = 0
    #: Seconds that a page may wait for its batch to fill in streaming; 0 ends a batch with its bundle.
    batch_latency: Annotated[float, Meta(ge=0)] = 0.0
    #: Pages with more lines of text are left to geometry: the network compares every pair of them.
    max_lines: Positive = 1500


class OcrOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which pages are read by OCR, and by what."""

    #: 'auto' reads what has no usable text; 'redo' also ignores text layers that an OCR engine left before.
    mode: OcrMode = "auto"
    #: 'auto', 'onnx', 'tesseract', or the name of a plugin.
    engine: str = "auto"
    #: Tesseract's names of languages: eng, deu, fra.
    languages: tuple[str, ...] = ("eng",)
    #: Pages are never rendered finer than this.
    max_dpi: Positive = 300
    #: Larger images are scaled down before they are read.
    max_pixels: Positive = 40_000_000


class ChunkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How elements become chunks."""

    strategy: Strategy = Strategy.STRUCTURE
    max_tokens: Positive = 512
    overlap_tokens: Count = 0
    encoding: Literal["cl100k_base", "o200k_base"] = "cl100k_base"
    #: Element types beyond the text that chunks may hold: hidden, page_header, page_footer, comment. Footnotes are
    #: text; they may be named too.
    #: They are in the elements table whether or not chunks hold them.
    include_types: tuple[ExtraType, ...] = ()


class PlanOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a run does about documents that the output knows."""

    #: Documents that are gone from inputs which were listed completely: their rows go, stay, or leave one that says so.
    deleted: Literal["remove", "keep", "tombstone"] = "remove"
    #: A run stops in which a larger share of the documents that its inputs held would lose their rows because they are
    #: gone. Fewer than five are no reason, unless another share than this is asked for.
    max_removed: Annotated[float, Meta(ge=0, le=1)] = 0.5
    #: Work on every listed document, also when it is unchanged or quarantined.
    force: bool = False
    #: Wait for another run on the same output instead of refusing.
    wait: bool = False
    #: Runs in a row that try a document again which fails for a passing reason.
    max_attempts: Positive = 6
    #: Extracted documents are kept here, so that other chunk options cost no parsing; '' keeps none.
    extract_cache: str = ""
    extract_cache_bytes: Bytes = 8 << 30


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how tables are written."""

    output: str = ""
    format: Literal["delta", "parquet", "arrow", "avro"] = "delta"
    #: Roll a file after about this many bytes.
    file_bytes: Bytes = 128 << 20
    row_group_rows: Positive = 20_000


class StreamOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a stream listens and commits."""

    #: Between two listings of the inputs.
    poll: Duration = 5.0
    #: A window is committed after so much time or so many documents, whichever comes first.
    window: Duration = 10.0
    window_documents: Positive = 1000
    #: projects/PROJECT/subscriptions/NAME of Pub/Sub; '' for none.
    subscription: str = ""


Device = Literal["auto", "cpu", "cuda", "tensorrt", "openvino"]


#: Statuses that are failures only when asked for.
FailOn = Literal["unsupported", "partial"]


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the graph runs, and when a finished run counts as failed."""

    #: What is particular to an engine follows `--` on the command line, as Beam's flags.
    runner: Literal["direct", "flink", "dataflow"] = "direct"
    #: Where models run. 'auto' takes the first of cuda, cpu that works here.
    device: Device = "auto"
    #: What models compute in.
    precision: Literal["fp32", "fp16", "int8"] = "fp32"
    #: What the models' step asks Dataflow for when the device is a GPU.
    accelerator: str = "type:nvidia-l4;count:1;install-nvidia-driver"
    #: A run in which a larger share of the documents failed exits with 1; 1.0 means never.
    max_failure_ratio: Annotated[float, Meta(ge=0, le=1)] = 0.05
    #: Statuses of documents that count as failed for this beside 'failed' and 'stale'.
    fail_on: tuple[FailOn, ...] = ()


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """All options of a run."""

    source: SourceOptions = SourceOptions()
    fetch: FetchOptions = FetchOptions()
    extract: ExtractOptions = ExtractOptions()
    ocr: OcrOptions = OcrOptions()
    layout: LayoutOptions = LayoutOptions()
    chunk: ChunkOptions = ChunkOptions()
    plan: PlanOptions = PlanOptions()
    write: WriteOptions = WriteOptions()
    run: RunOptions = RunOptions()
    stream: StreamOptions = StreamOptions()
