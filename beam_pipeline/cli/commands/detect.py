"""`docbeam detect`: what files really are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
import typer

from beam_pipeline.cli.console import emit_json, printable, tell
from beam_pipeline.cli.exit_codes import FAILED
from beam_pipeline.cli.flags import with_options
from transforms.fetch.media.detect import detect_file


class Detected(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is."""

    file: str
    media_type: str = ""
    #: What its extension claims.
    declared_type: str = ""
    type_mismatch: bool = False
    error: str = ""


@with_options()
def detect(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Local files.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array of objects.")] = False,
) -> None:
    """Tell the media type of files by their bytes, and whether the extension claims another.

    Examples:

        docbeam detect scan.pdf

        docbeam detect inbox/* --json
    """
    found = list(detect_files(files))
    if as_json:
        emit_json(found)
    else:
        _print(found)
    if any(item.error for item in found):
        raise typer.Exit(FAILED)


def detect_files(files: Sequence[str]) -> Iterator[Detected]:
    """The type of each file, or why it cannot be read."""
    for file in files:
        try:
            guess = detect_file(file)
        except OSError as error:
            yield Detected(file=file, error=error.strerror or str(error))
            continue
        yield Detected(
            file=file,
            media_type=guess.media_type,
            declared_type=guess.declared_type,
            type_mismatch=guess.mismatch,
        )


def _print(found: Sequence[Detected]) -> None:
    for item in found:
        if item.error:
            tell(f"docbeam: error: {printable(item.file)}: cannot read it: {printable(item.error)}")
            continue
        claim = f" (the name claims {item.declared_type})" if item.type_mismatch else ""
        typer.echo(f"{printable(item.file)}: {item.media_type}{claim}")
