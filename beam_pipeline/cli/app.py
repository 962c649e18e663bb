"""The `docbeam` command. Engines are imported by the commands that need them, so that help is instant."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from beam_pipeline.cli.commands import (
    compact,
    config,
    detect,
    diff,
    export,
    forget,
    ingest,
    inspect,
    plan,
    query,
    restore,
    retry,
    runs,
    stream,
    vacuum,
    version,
    watch,
)
from beam_pipeline.cli.process import allow_many_files, end, open_streams
from beam_pipeline.noise import hush

_SETTINGS = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="docbeam",
    help="Documents in, citable chunk tables out.\n\nExit codes: 0 good, 1 finished but too much failed, 2 wrong usage "
    "or configuration, 3 output not readable or writable, too much gone, or a defect, 129, "
    "130 and 143 stopped by a signal.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)


@app.callback()
def docbeam(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=version.told)
    ] = False,
) -> None:
    """What stands before any command."""


app.command("ingest", cls=ingest.PipelineCommand)(ingest.ingest)
app.command("watch", cls=ingest.PipelineCommand)(watch.watch)
app.command("stream", cls=ingest.PipelineCommand)(stream.stream)
app.command("plan")(plan.plan)
app.command("retry")(retry.retry)
app.command("inspect")(inspect.inspect)
app.command("export")(export.export)
app.command("query")(query.query)
app.add_typer(runs.app, name="runs")
app.command("diff")(diff.diff)
app.command("forget")(forget.forget)
app.command("restore")(restore.restore)
app.command("compact")(compact.compact)
app.command("vacuum")(vacuum.vacuum)
app.command("migrate")(compact.migrate)
app.command("detect")(detect.detect)
app.add_typer(config.app, name="config")
app.command("version")(version.version)


def main() -> None:
    """Entry point: ends the process with an exit code of `beam_pipeline.cli.exit_codes`."""
    open_streams()
    allow_many_files()
    # Imports make hundreds of thousands of objects that stay: looking for garbage after every 700 takes a fifth longer.
    gc.set_threshold(50_000)
    hush()
    end(_code())


def _code() -> int:
    try:
        app(prog_name="docbeam")
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else bool(error.code)
    return 0
