"""A run's output before anything is done: where it is, of which format, and whether it may be written to."""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import PurePath

import msgspec

from schemas.failures import ConfigurationError
from schemas.options import Options, SourceOptions, WriteOptions
from schemas.tables import TABLES
from transforms.lake.log.delta import can_name, delta_uri
from transforms.lake.log.lock import NAME as LOCK
from transforms.lake.marker import format_of, require_own
from transforms.lake.roots import output_root
from transforms.stores.base import require_store
from transforms.stores.outputs import MARKER, STAGING, TABLE_FOLDERS, is_data_file, output_around
from transforms.stores.patterns import fixed_prefix, has_magic
from transforms.stores.uris import is_local, local_path

#: The format of outputs under names that the Delta library takes for others.
UNNAMEABLE = "parquet"


def prepared(options: Options) -> Options:
    """Options with an absolute output; raises ConfigurationError when there is none."""
    output = output_root(options.write.output)
    require_store(output)
    _require_folder(output)
    cache = posixpath.abspath(posixpath.expanduser(options.plan.extract_cache)) if options.plan.extract_cache else ""
    plan = msgspec.structs.replace(options.plan, extract_cache=cache)
    return msgspec.structs.replace(options, write=msgspec.structs.replace(options.write, output=output), plan=plan)


def _require_folder(root: str) -> None:
    parts = [root, *map(str, PurePath(root).parents)] if is_local(root) else []
    there = next(filter(os.path.lexists, parts), "/")
    if parts and os.path.exists(there) and not os.path.isdir(there):
        raise ConfigurationError(f"--output {root}: {there} is a file: give a folder")


@contextmanager
def left_as_found(root: str) -> Iterator[None]:
    """A run that is refused leaves nothing where there was no output before it."""
    folders = [root, *map(str, PurePath(root).parents)] if is_local(root) else []
    missing = list(takewhile(lambda folder: not os.path.lexists(folder), folders))
    is_fresh = bool(missing) or (is_local(root) and not os.listdir(root))
    try:
        yield
    except ConfigurationError:
        if is_fresh and not _is_used(root):
            _remove(root, missing)
        raise


def _is_used(root: str) -> bool:
    """Whether rows were committed, or somebody else has begun to write."""
    rows = (
        name for table in TABLES if os.path.isdir(folder := os.path.join(root, table)) for name in os.listdir(folder)
    )
    return os.path.exists(os.path.join(root, STAGING, LOCK)) or any(map(is_data_file, rows))


def _remove(root: str, made: Sequence[str]) -> None:
    for name in (*TABLE_FOLDERS, STAGING):
        shutil.rmtree(os.path.join(root, name), ignore_errors=True)
    with suppress(OSError):
        os.unlink(os.path.join(root, MARKER))
        for folder in made:
            os.rmdir(folder)


def fitted(options: Options, origins: Mapping[str, str]) -> Options:
    """Prepared options with the format that the output has, or can have. `origins` tell which of them somebody gave.

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
    # Who builds options in code cannot be told from who leaves the default as it is.
    given = write.format != WriteOptions().format or origin not in (None, "default")
    found = format_of(write.output) or (write.format if given else _usual_format(write.output))
    if given and found != write.format:
        raise ConfigurationError(
            f"{write.output} is an output of format {found}, not {write.format}: leave --format out, or give another "
            "--output"
        )
    return found


def _usual_format(root: str) -> str:
    """That of a new output when nobody names one."""
    return UNNAMEABLE if is_local(root) and not can_name(root) else WriteOptions().format


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
