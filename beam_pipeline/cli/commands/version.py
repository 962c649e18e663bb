"""`docbeam version`: what is installed."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Annotated

import typer

from beam_pipeline.cli.console import emit, emit_json
from beam_pipeline.cli.flags import with_options

#: Distributions whose versions change what comes out.
ENGINES = (
    "pymupdf",
    "python-docx",
    "lxml",
    "markdown-it-py",
    "tiktoken",
    "apache-beam",
    "pyarrow",
    "deltalake",
    "duckdb",
)


def engine_version(name: str) -> str:
    """The version of an installed distribution, 'not installed' without one."""
    try:
        return installed(name)
    except PackageNotFoundError:
        return "not installed"


def versions() -> dict[str, str]:
    """docbeam, Python and the engines."""
    return {
        "docbeam": engine_version("docbeam"),
        "python": platform.python_version(),
        **{name: engine_version(name) for name in ENGINES},
    }


def told(wanted: bool) -> None:
    """Print the version of docbeam and end, if it is wanted."""
    if wanted:
        emit(f"docbeam {engine_version('docbeam')}")
        raise typer.Exit


@with_options()
def version(*, as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False) -> None:
    """Print the versions of docbeam and its engines.

    Examples:

        docbeam version

        docbeam version --json
    """
    found = versions()
    if as_json:
        emit_json(found)
        return
    for name, number in found.items():
        typer.echo(f"{name:<16} {number}")
