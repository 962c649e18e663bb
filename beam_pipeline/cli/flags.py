"""Flags of the options, made from one table, and the decorator that gives them to commands.

A command asks for options by key and gets them resolved: no command repeats names, types, defaults or precedence.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, cast, get_type_hints

import typer
from typer.core import TyperCommand

from beam_pipeline.cli.exit_codes import ErrorBoundary
from beam_pipeline.cli.interrupts import Stoppable
from beam_pipeline.cli.process import require_folder
from beam_pipeline.config import Key, flag_name, keys, resolve
from beam_pipeline.units import format_size

Command = Callable[..., None]
#: Where a command finds the arguments after `--`.
PIPELINE_ARGS = "docbeam.pipeline_args"


class Flag(NamedTuple):
    """How an option looks on the command line. Name, type and default follow from its key."""

    key: str
    panel: str
    help: str
    short: str = ""

    @property
    def parameter(self) -> str:
        """Name of the Python parameter."""
        return self.key.replace(".", "_")


_SOURCES, _FETCH, _PARSE, _CHUNKS = "Sources", "Fetching", "Parsing", "Chunks"
_OCR, _LAYOUT = "OCR", "Layout"
_PLAN, _OUTPUT, _RUN, _STREAM = "Planning", "Output", "Run", "Stream"

FLAGS = (
    Flag("source.inputs", _SOURCES, "Files, directories, globs or URIs; '-' reads URIs from stdin."),
    Flag("source.manifests", _SOURCES, "File with a uri column: .txt .csv .jsonl .avro .parquet. Repeatable."),
    Flag("source.include", _SOURCES, "Only paths that match this glob, such as '**/*.pdf'. Repeatable."),
    Flag("source.exclude", _SOURCES, "No paths that match this glob. Repeatable."),
    Flag(
        "source.require_inputs", _SOURCES, "Stop where one of several inputs is missing, instead of going on without."
    ),
    Flag("source.null", _SOURCES, "Names on standard input end in NUL, as find -print0 writes them.", "-0"),
    Flag("fetch.cache_dir", _FETCH, "Keep fetched documents here; without it a temporary directory of the run."),
    Flag("fetch.cache_bytes", _FETCH, "Bound of the cache, such as 2GiB."),
    Flag("fetch.max_bytes", _FETCH, "Larger documents fail, such as 512MB."),
    Flag("extract.page_range", _PARSE, "Only these pages of each document, such as 1-3,7,10-."),
    Flag("extract.workers", _PARSE, "Parser processes; 0 is one per core."),
    Flag("extract.document_timeout", _PARSE, "Seconds for one part of a document."),
    Flag("extract.memory_limit", _PARSE, "Address space of one parser process, such as 2GiB."),
    Flag("extract.part_pages", _PARSE, "Documents with more pages are split into parts of this size."),
    Flag("ocr.mode", _OCR, "Which pages are read by OCR; auto is those without usable text."),
    Flag("ocr.engine", _OCR, "onnx, tesseract or a plugin; auto is onnx, or tesseract for languages that it lacks."),
    Flag("ocr.languages", _OCR, "Language of the scans, by Tesseract's names: eng, deu. Repeatable."),
    Flag("ocr.max_dpi", _OCR, "Pages are never rendered finer than this."),
    Flag("ocr.max_pixels", _OCR, "Larger page images are scaled down."),
    Flag("layout.mode", _LAYOUT, "Which pages the layout model sees; auto is those that geometry may misread."),
    Flag("layout.model", _LAYOUT, "URI of your own ONNX detector, NAME.onnx with NAME.toml beside it."),
    Flag("layout.batch_pages", _LAYOUT, "Pages per batch of the model; 0 is what was measured on the device."),
    Flag("layout.batch_latency", _LAYOUT, "Seconds a page may wait for its batch in streaming; 0 is its bundle."),
    Flag("layout.max_lines", _LAYOUT, "Pages with more lines are left to geometry."),
    Flag("chunk.strategy", _CHUNKS, "How chunks are cut."),
    Flag("chunk.max_tokens", _CHUNKS, "Tokens of a chunk, at most."),
    Flag("chunk.overlap_tokens", _CHUNKS, "Tokens that a chunk repeats from the one before."),
    Flag("chunk.encoding", _CHUNKS, "The tokenizer that counts."),
    Flag(
        "chunk.include_types",
        _CHUNKS,
        "Element types that chunks hold beyond the text and its notes. Repeatable; replaces the default.",
    ),
    Flag("plan.deleted", _PLAN, "What becomes of documents that are gone from inputs listed completely."),
    Flag("plan.max_removed", _PLAN, "Change nothing when a larger share of the documents is gone; 1 allows all."),
    Flag("plan.force", _PLAN, "Work on every listed document, also if unchanged or quarantined."),
    Flag("plan.wait", _PLAN, "Wait while another run writes to the output, instead of refusing."),
    Flag("plan.max_attempts", _PLAN, "Runs in a row that try a document which fails for a passing reason."),
    Flag("plan.extract_cache", _PLAN, "Keep extracted documents here: other chunk options then cost no parsing."),
    Flag("plan.extract_cache_bytes", _PLAN, "Bound of that cache, such as 8GiB."),
    Flag("write.output", _OUTPUT, "Directory or URI of the tables.", "-o"),
    Flag("write.format", _OUTPUT, "Format of the tables."),
    Flag("run.runner", _RUN, "Engine that runs the graph."),
    Flag("run.device", _RUN, "Where models run."),
    Flag("run.precision", _RUN, "What models compute in."),
    Flag("run.accelerator", _RUN, "GPU that the models' step asks Dataflow for."),
    Flag("run.max_failure_ratio", _RUN, "Exit with 1 when a larger share of the documents failed; 1.0 is never."),
    Flag("run.fail_on", _RUN, "Documents of this status count as failed, too. Repeatable."),
    Flag("stream.window", _STREAM, "A window is committed after this time, such as 10s or 1m,"),
    Flag("stream.window_documents", _STREAM, "or after so many documents, whichever comes first."),
    Flag("stream.poll", _STREAM, "Time between two listings of the inputs."),
    Flag("stream.subscription", _STREAM, "Also read this subscription of Pub/Sub: notifications of objects, or URIs."),
)

#: Every option of a run that has a flag, and those that streams have besides.
ALL = tuple(flag.key for flag in FLAGS if flag.panel != _STREAM)
STREAM = tuple(flag.key for flag in FLAGS if flag.panel == _STREAM)


def with_options(*wanted: str) -> Callable[[Command], Command]:
    """Give a command the flags of these keys, `--config` and `--verbose`; its `resolved` holds all options.

    Without keys the command gets `--verbose` only. A parameter whose type is a NamedTuple stands for its fields: flags
    that belong together. Errors end with their exit codes.
    """
    flags = [flag for flag in FLAGS if flag.key in wanted]

    def decorate(command: Command) -> Command:
        own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "resolved"]
        groups = {p.name: p.annotation for p in own if hasattr(p.annotation, "_fields")}

        def call(**arguments: object) -> None:
            verbose = bool(arguments.get("verbose"))
            with ErrorBoundary(verbose=verbose), Stoppable():
                require_folder()
                if flags:
                    given = {flag.key: arguments.pop(flag.parameter) for flag in flags}
                    config = cast("Path | None", arguments.pop("config_file"))
                    arguments["resolved"] = resolve(_written(given), config, os.environ)
                if not any(p.name == "verbose" for p in own):
                    del arguments["verbose"]
                for name, group in groups.items():
                    arguments[name] = group(*map(arguments.pop, group._fields))
                command(**arguments)

        _present_as(call, command, _arranged(own, flags))
        return call

    return decorate


def _written(given: dict[str, object]) -> dict[str, object]:
    """The flags somebody wrote; Typer gives None or an empty list for the others."""
    return {key: value for key, value in given.items() if value is not None and value != []}


def _arranged(own: Sequence[inspect.Parameter], flags: Sequence[Flag]) -> list[inspect.Parameter]:
    added = [_parameter(flag.parameter, _annotation(flag, keys()[flag.key])) for flag in flags]
    if flags:
        added.append(_parameter("config_file", Annotated[Path | None, _config_file()]))
    alone = [part for p in own if p.name != "verbose" for part in _fields(p)]
    added += [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in alone]
    return [_as_switch(p) for p in (*added, _parameter("verbose", Annotated[bool, _verbose()], default=False))]


def _as_switch(parameter: inspect.Parameter) -> inspect.Parameter:
    """Help shows no value for flags that take none."""
    for info in getattr(parameter.annotation, "__metadata__", ()):
        if parameter.annotation.__origin__ in (bool, bool | None):
            info.metavar = ""
    return parameter


def _fields(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    """The parameter, or the fields of its NamedTuple."""
    group = parameter.annotation
    if not hasattr(group, "_fields"):
        return [parameter]
    hints = get_type_hints(group, include_extras=True)
    return [_parameter(name, hints[name], group._field_defaults[name]) for name in group._fields]


def _present_as(call: Command, command: Command, parameters: list[inspect.Parameter]) -> None:
    """Typer reads the name, the help text and the parameters from the function."""
    call.__name__, call.__doc__, call.__module__ = command.__name__, command.__doc__, command.__module__
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    cast(Any, call).__signature__ = inspect.Signature(parameters)


def _parameter(name: str, annotation: object, default: object = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _verbose() -> object:
    return typer.Option("--verbose", "-v", help="More messages, and tracebacks of errors.", rich_help_panel="Messages")


def _config_file() -> object:
    text = "Options file; without it docbeam.toml if there is one."
    return typer.Option("--config", metavar="FILE", help=text, rich_help_panel=_RUN)


def _annotation(flag: Flag, key: Key) -> object:
    if flag.key == "source.inputs":
        return Annotated[list[str] | None, typer.Argument(metavar="INPUT...", help=flag.help, show_default=False)]
    option = typer.Option(
        *([flag_name(flag.key)] + [flag.short] * bool(flag.short)),
        help=_help(flag, key),
        rich_help_panel=flag.panel,
        metavar=None if key.plain_type is bool else _metavar(key),
        show_default=False,
    )
    return Annotated[_flag_type(key), option]


def _help(flag: Flag, key: Key) -> str:
    choices = f" One of {', '.join(key.choices)}." if key.choices else ""
    default = ", ".join(key.default) if key.is_list else format_size(key.default) if key.is_size else str(key.default)
    return f"{flag.help}{choices}" + (f" Default: {default}" if default else "")


def _metavar(key: Key) -> str:
    if key.is_size or key.is_duration:
        return "SIZE" if key.is_size else "DURATION"
    return {int: "N", float: "NUMBER"}.get(cast(type, key.plain_type), "NAME" if key.choices else "TEXT")


def _flag_type(key: Key) -> Any:
    # What is wrong with a value is told like that of a file, on one line: values are text here.
    if key.is_list:
        return list[str] | None
    return bool | None if key.plain_type is bool else str | None


class PipelineCommand(TyperCommand):
    """A command whose arguments after `--` are Beam's."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Cut the arguments at `--` and keep the rest for the pipeline."""
        own, beam = split_args(args)
        if any(word.startswith("--s3_") for word in beam):
            ctx.fail(
                "Beam's --s3_ flags are not for docbeam: give AWS_ENDPOINT_URL and other AWS_ variables, or a profile"
            )
        ctx.meta[PIPELINE_ARGS] = beam
        return super().parse_args(ctx, own)


def split_args(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments before and after the first `--`."""
    at = args.index("--") if "--" in args else len(args)
    return list(args[:at]), list(args[at + 1 :])
