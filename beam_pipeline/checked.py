"""Options that a program built: as strictly looked at as those of flags and files."""

from __future__ import annotations

import os

import msgspec

from schemas.failures import ConfigurationError
from schemas.options import Options


def checked(options: Options) -> Options:
    """The options, with paths and lists as text and tuples; ConfigurationError names a value that cannot be.

    A string in place of a tuple would otherwise be read letter by letter: "/data" names the folder "/" twice.
    """
    try:
        return msgspec.convert(msgspec.to_builtins(options, builtin_types=(bytes,), enc_hook=_path), Options)
    except (msgspec.ValidationError, TypeError) as error:
        what, _, where = str(error).partition(" - at `$.")
        raise ConfigurationError(f"{where.rstrip('`') or 'options'}: {what.replace('`', '')}") from error


def _path(value: os.PathLike[str]) -> str:
    return os.fspath(value)
