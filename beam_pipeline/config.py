"""Options from flags, a TOML file and the environment, in that order of precedence, over the defaults.

Every option has one key, `section.name` as in `schemas.options`: `[section] name` in the file,
`DOCBEAM_SECTION_NAME` in the environment. The keys, types and bounds are read from the structs; nothing repeats them.
"""

from __future__ import annotations

import functools
import re
import tomllib
import typing
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import msgspec

from beam_pipeline.units import parse_seconds, parse_size
from schemas.failures import ConfigurationError
from schemas.options import Options
from transforms.extract.ranges import parse_ranges

#: Read when no file is named and this one is in the working directory.
DEFAULT_FILE = Path("docbeam.toml")
_PREFIX = "DOCBEAM"
#: Sections whose flags carry their name: layout.mode is --layout, layout.model is --layout-model.
_NAMED_BY_SECTION = ("ocr", "layout")

#: How alike a variable and an option must be to mean the same.
_SIMILAR = 0.85
#: What Kubernetes tells each container of a service: docbeam-stream makes DOCBEAM_STREAM_PORT=tcp://10.0.0.1:80.
_SERVICE = re.compile(
    r"\w+_SERVICE_(HOST|PORT(_\w+)?)=.*"
    r"|\w+_PORT=(tcp|udp|sctp)://.*"
    r"|\w+_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=.*",
    re.DOTALL,
)

Source = Literal["flag", "file", "environment", "default"]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One option: where it stands in `Options`, and its type with bounds."""

    section: str
    name: str
    type: Any
    default: Any

    @property
    def path(self) -> str:
        """`section.name`."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"{_PREFIX}_{self.section}_{self.name}".upper()

    @property
    def plain_type(self) -> object:
        """The type without its bounds."""
        return typing.get_args(self.type)[0] if self._bounds else self.type

    @property
    def is_size(self) -> bool:
        """Whether values are bytes, which people write as 512MB or 2GiB."""
        return any(bound.extra and bound.extra.get("unit") == "bytes" for bound in self._bounds)

    @property
    def is_duration(self) -> bool:
        """Whether values are seconds, which people may write as 10s or 5m."""
        return any(bound.extra and bound.extra.get("unit") == "seconds" for bound in self._bounds)

    @property
    def is_list(self) -> bool:
        """Whether it holds several values."""
        return typing.get_origin(self.plain_type) is tuple

    @property
    def choices(self) -> tuple[str, ...]:
        """The values it takes, or its items take; empty when they cannot be listed."""
        item = typing.get_args(self.plain_type)[0] if self.is_list else self.plain_type
        if isinstance(item, type) and issubclass(item, StrEnum):
            return tuple(item)
        return typing.get_args(item)

    @property
    def _bounds(self) -> list[msgspec.Meta]:
        return [item for item in typing.get_args(self.type)[1:] if isinstance(item, msgspec.Meta)]


class Resolved(msgspec.Struct, frozen=True):
    """The options of a run, and for each key where its value came from, in words for people."""

    options: Options
    origins: dict[str, str]


class _Given(msgspec.Struct, frozen=True):
    """A value as somebody wrote it."""

    value: object
    source: Source
    #: '--max-tokens', 'docbeam.toml:12', 'environment DOCBEAM_CHUNK_MAX_TOKENS'.
    origin: str


@functools.cache
def keys() -> Mapping[str, Key]:
    """Every option by its path, in the order of the structs."""
    found: dict[str, Key] = {}
    for section in msgspec.structs.fields(Options):
        for field in msgspec.structs.fields(section.type):
            key = Key(section=section.name, name=field.name, type=field.type, default=field.default)
            found[key.path] = key
    return found


def flag_name(path: str) -> str:
    """The command-line flag of a key: its name, repeatable ones in the singular."""
    key = keys()[path]
    if path == "source.inputs":
        return "INPUT"
    name = key.name.removesuffix("s") if key.is_list else key.name
    if key.section in _NAMED_BY_SECTION:
        name = key.section if name == "mode" else f"{key.section}_{name}"
    return "--" + name.replace("_", "-")


def resolve(flags: Mapping[str, object], config_file: Path | None, environ: Mapping[str, str]) -> Resolved:
    """Options and their origins; ConfigurationError names everything that is wrong, one line each.

    `flags` maps keys ('chunk.max_tokens') to values. Without `config_file`, `docbeam.toml` is read if it is there.
    """
    path = config_file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    problems: list[str] = []
    given = _from_environment(environ, problems)
    if path:
        given |= _from_file(path, problems)
    given |= {key: _Given(value, "flag", flag_name(key)) for key, value in flags.items()}
    values = _convert_all(given, problems)
    options = _build(values)
    problems += _contradictions(options)
    if problems:
        raise ConfigurationError("\n".join(problems))
    return Resolved(options, {key: given[key].origin if key in given else "default" for key in keys()})


def check_file(path: Path) -> list[str]:
    """Everything wrong with an options file, one line each; empty when nothing is."""
    problems: list[str] = []
    values = _convert_all(_from_file(path, problems), problems)
    return [*problems, *_contradictions(_build(values))]


def as_rows(resolved: Resolved) -> Iterator[tuple[str, object, str]]:
    """(key, value, origin) of every option."""
    for path, key in keys().items():
        yield path, _value(resolved.options, key), resolved.origins[path]


def _value(options: Options, key: Key) -> object:
    return getattr(getattr(options, key.section), key.name)


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> dict[str, _Given]:
    by_variable = {key.variable: key for key in keys().values()}
    given: dict[str, _Given] = {}
    for variable, text in environ.items():
        if key := by_variable.get(variable):
            items = [item.strip() for item in text.split(",") if item.strip()]
            given[key.path] = _Given(items if key.is_list else text, "environment", f"environment {variable}")
        elif _means_an_option(variable, by_variable) and not _SERVICE.fullmatch(f"{variable}={text}"):
            problems.append(f"environment {variable}: no such option{_did_you_mean(variable, by_variable)}")
    return given


def _means_an_option(variable: str, known: Mapping[str, Key]) -> bool:
    """Whether it names a section of ours, or nearly an option; others may be for somebody else's scripts."""
    sections = tuple(f"{_PREFIX}_{field.name.upper()}_" for field in msgspec.structs.fields(Options))
    # Without the prefix, which would make all of them alike.
    plain = [name.removeprefix(_PREFIX) for name in known]
    return variable.startswith(sections) or (
        variable.startswith(_PREFIX) and bool(get_close_matches(variable.removeprefix(_PREFIX), plain, 1, _SIMILAR))
    )


def _from_file(path: Path, problems: list[str]) -> dict[str, _Given]:
    text = _read(path)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from error
    lines = _key_lines(text)
    given: dict[str, _Given] = {}
    for section, table in tables.items():
        if not isinstance(table, dict):
            problems.append(f"{_place(path, lines, section)}: {section} stands outside a section{_suggest(section)}")
            continue
        for name, value in table.items():
            key, origin = f"{section}.{name}", _place(path, lines, f"{section}.{name}")
            if key in keys():
                given[key] = _Given(value, "file", origin)
            else:
                problems.append(f"{origin}: no option {key}{_suggest(key)}")
    return given


def _read(path: Path) -> str:
    try:
        # Editors of Windows begin UTF-8 with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot read the options file: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: the options file is not UTF-8; save it as UTF-8") from error
    if "\0" in text:
        raise ConfigurationError(f"{path}: the options file looks like UTF-16; save it as UTF-8")
    return text


def _key_lines(text: str) -> dict[str, int]:
    """Line of each 'section.name'. Only for messages: a key written in an unusual way is simply missing."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            section = header[1] + "."
        elif assignment := re.match(r"\s*([\w.-]+)\s*=", line):
            lines.setdefault(section + assignment[1], number)
    return lines


def _place(path: Path, lines: Mapping[str, int], key: str) -> str:
    return f"{path}:{lines[key]}" if key in lines else str(path)


def _suggest(key: str) -> str:
    """The key that was probably meant: the right name in a wrong section, or a similar one."""
    name = key.rpartition(".")[2]
    if homes := [path for path, known in keys().items() if known.name == name]:
        return f"; did you mean {homes[0]}?"
    return _did_you_mean(key, keys()) or _did_you_mean(name, {known.name: known for known in keys().values()})


def _did_you_mean(word: str, known: Mapping[str, Key]) -> str:
    close = get_close_matches(word, known, n=1, cutoff=0.75)
    return f"; did you mean {close[0] if close[0].isupper() else known[close[0]].path}?" if close else ""


def _convert_all(given: Mapping[str, _Given], problems: list[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for path, item in given.items():
        try:
            values[path] = _convert(keys()[path], item)
        except (msgspec.ValidationError, ValueError) as error:
            problems.append(f"{item.origin}: {path}: {_explain(keys()[path], item, error)}")
    return values


def _convert(key: Key, item: _Given) -> object:
    value = item.value
    if key.is_size and isinstance(value, str):
        value = parse_size(value)
    if key.is_duration and isinstance(value, str):
        value = parse_seconds(value)
    if isinstance(value, str):
        value = value.strip()
    # Text is all that flags and the environment have; in a file "5" for a number is a mistake worth telling.
    return msgspec.convert(value, key.type, strict=item.source == "file")


def _explain(key: Key, item: _Given, error: Exception) -> str:
    if key.choices:
        given = item.value if isinstance(item.value, list | tuple) else [item.value]
        wrong = ", ".join(repr(value) for value in given if value not in key.choices)
        return f"{wrong} is not one of {', '.join(key.choices)}"
    if not isinstance(error, msgspec.ValidationError):
        return str(error)
    expected = str(error).removeprefix("Expected ").partition(", got ")[0].replace("`", "")
    for word, plain in (("int", "a whole number"), ("float", "a number"), ("str", "text"), ("array", "a list")):
        expected = re.sub(rf"\b{word}\b", plain, expected)
    return f"{item.value!r} is not valid; expected {expected}"


def _build(values: Mapping[str, object]) -> Options:
    sections: dict[str, dict[str, object]] = {}
    for path, value in values.items():
        section, _, name = path.partition(".")
        sections.setdefault(section, {})[name] = value
    built = {
        field.name: field.type(**sections[field.name])
        for field in msgspec.structs.fields(Options)
        if field.name in sections
    }
    return Options(**built)


def _contradictions(options: Options) -> Iterator[str]:
    """What no single value shows."""
    if options.chunk.overlap_tokens >= options.chunk.max_tokens:
        yield (
            f"--overlap-tokens {options.chunk.overlap_tokens} must be smaller than "
            f"--max-tokens {options.chunk.max_tokens}"
        )
    try:
        parse_ranges(options.extract.page_range)
    except ConfigurationError as error:
        yield str(error)
    if options.fetch.cache_dir and options.fetch.cache_bytes < options.fetch.max_bytes:
        yield "--cache-bytes must be at least --max-bytes, or the largest document cannot be cached"
