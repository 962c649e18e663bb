"""A run's output before anything is done: where it is, of which format, and whether it may be written to."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping

import msgspec

from schemas.failures import ConfigurationError
from schemas.options import Options, SourceOptions, WriteOptions
from transforms.runtime.outputs import STAGING, TABLE_FOLDERS, output_around
from transforms.runtime.patterns import fixed_prefix, has_magic
from transforms.runtime.uris import is_local, local_path
from transforms.write.delta import delta_uri
from transforms.write.marker import format_of, require_own
from transforms.write.roots import output_root


def prepared(options: Options) -> Options:
    """Options with an absolute output; raises ConfigurationError when there is none."""
    output = output_root(options.write.output)
    cache = posixpath.abspath(posixpath.expanduser(options.plan.extract_cache)) if options.plan.extract_cache else ""
    plan = msgspec.structs.replace(options.plan, extract_cache=cache)
    return msgspec.structs.replace(options, write=msgspec.structs.replace(options.write, output=output), plan=plan)


def fitted(options: Options, origins: Mapping[str, str]) -> Options:
    """Prepared options with the format that the output has. `origins` tell which of them somebody gave.

    Raises ConfigurationError when another format is asked for, when tables would lie among files of others, and when
    an input lies among the tables.
    """
    options = prepared(options)
    root = options.write.output
    write = msgspec.structs.replace(options.write, format=_format(options.write, origins.get("write.format")))
    if write.format == "delta":
        delta_uri(root, "documents")
    if is_local(root):
        require_own(root)
        _require_apart(options.source, root)
    return msgspec.structs.replace(options, write=write)


def _format(write: WriteOptions, origin: str | None) -> str:
    found = format_of(write.output) or write.format
    # Who builds options in code cannot be told from who leaves the default as it is.
    given = write.format != WriteOptions().format or origin not in (None, "default")
    if given and found != write.format:
        raise ConfigurationError(
            f"{write.output} is an output of format {found}, not {write.format}: leave --format out, or give another "
            "--output"
        )
    return found


def _require_apart(source: SourceOptions, root: str) -> None:
    tables = tuple(os.path.realpath(os.path.join(root, name)) for name in (*TABLE_FOLDERS, STAGING))
    for text, folder in _local_inputs(source):
        inside = next((table for table in tables if (folder + "/").startswith(table + "/")), "")
        if inside or output_around(folder):
            raise ConfigurationError(
                f"the input {text} lies where {inside or output_around(folder)} has its tables: give another --output, "
                "or the documents' own folder"
            )


def _local_inputs(source: SourceOptions) -> Iterator[tuple[str, str]]:
    """Each local input, and the folder or file that it surely lies in."""
    for text in source.inputs:
        if text != "-" and is_local(text) and "\0" not in text:
            path = local_path(text)
            fixed = fixed_prefix(path) if has_magic(path) and not os.path.lexists(path) else path
            yield text, os.path.realpath(fixed or "/")
