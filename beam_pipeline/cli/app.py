"""The `docbeam` command. A command is imported when it is asked for, with all that it needs: so help is instant."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from beam_pipeline.cli.process import allow_many_files, end, open_streams
from beam_pipeline.noise import hush

_SETTINGS = {"help_option_names": ["-h", "--help"]}
_MARKUP: Final = "rich"


class Entry(NamedTuple):
    """A command, where it is, and how its help begins."""

    name: str
    #: Module of `beam_pipeline.cli.commands`, and the function or the Typer application in it.
    place: str
    #: The first paragraph of the command's help.
    help: str
    #: Whether arguments after `--` are Beam's.
    is_pipeline: bool = False


COMMANDS = (
    Entry(
        "ingest",
        "ingest:ingest",
        "Ingest documents and write tables of documents, pages, elements, chunks and failures.",
        is_pipeline=True,
    ),
    Entry("watch", "watch:watch", "Ingest what is new again and again, on this machine.", is_pipeline=True),
    Entry(
        "stream",
        "stream:stream",
        "Ingest documents as they arrive, on Flink or Dataflow, and commit a version of the tables per window.",
        is_pipeline=True,
    ),
    Entry("plan", "plan:plan", "Tell what ingest would do with the same arguments: nothing is fetched or written."),
    Entry(
        "retry",
        "retry:retry",
        "Try failed documents again now: without waiting for their next turn, also those in quarantine.",
    ),
    Entry(
        "inspect",
        "inspect:inspect",
        "Show what one file becomes: pages, elements, tables, hidden text, headings and failures.",
    ),
    Entry(
        "export",
        "export:export",
        "Write each document of an output as DIR/PATH.md and DIR/PATH.json, PATH below the ingested root.",
    ),
    Entry("query", "query:query", "Run a SQL statement (DuckDB) over the tables of an output."),
    Entry("diff", "diff:diff", "Tell which documents and chunks were added, changed or removed since a run."),
    Entry(
        "forget",
        "forget:forget",
        "Take documents out of all tables: what was renamed, excluded or not named any more stays there otherwise.",
    ),
    Entry(
        "restore",
        "restore:restore",
        "Make the tables say what they said after a run. Nothing is lost: later versions stay until vacuum.",
    ),
    Entry(
        "compact",
        "compact:compact",
        "Join the small files that runs leave. Rows, ids and earlier versions stay; vacuum removes the small files "
        "later.",
    ),
    Entry(
        "vacuum",
        "vacuum:vacuum",
        "Remove data files of versions older than --keep-days, and what killed runs left behind.",
    ),
    Entry(
        "migrate",
        "compact:migrate",
        "Rewrite tables of an earlier docbeam whose columns are of other types than today's.",
    ),
    Entry(
        "detect",
        "detect:detect",
        "Tell the media type of files by their bytes, and whether the extension claims another.",
    ),
    Entry("version", "version:version", "Print the versions of docbeam and its engines."),
    Entry("runs", "runs:app", "List the runs of an output, or show one."),
    Entry("config", "config:app", "Show and check options."),
)


class Commands(Mapping[str, Any]):
    """The commands by name, imported one by one."""

    def __getitem__(self, name: str) -> Any:
        """The command, ready to be run."""
        entry = next((entry for entry in COMMANDS if entry.name == name), None)
        if entry is None:
            raise KeyError(name)
        return _loaded(entry)

    def __iter__(self) -> Iterator[str]:
        """In the order of the table."""
        return (entry.name for entry in COMMANDS)

    def __len__(self) -> int:
        """How many there are."""
        return len(COMMANDS)


def _loaded(entry: Entry) -> Any:
    module, _, attribute = entry.place.partition(":")
    found: Any = getattr(import_module(f"{__package__}.commands.{module}"), attribute)
    around = typer.Typer(add_completion=False, rich_markup_mode=_MARKUP)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=entry.name)
    else:
        around.command(entry.name, cls=_class(entry))(found)
    around.callback()(_nothing)
    group = typer.main.get_command(around)
    assert isinstance(group, TyperGroup)
    return group.commands[entry.name]


def _class(entry: Entry) -> type[TyperCommand]:
    from beam_pipeline.cli.flags import PipelineCommand

    return PipelineCommand if entry.is_pipeline else TyperCommand


def _nothing() -> None:
    """A callback makes Typer keep a group of one command."""


class LazyGroup(TyperGroup):
    """Imports the command that is run, and none to list them all."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = Commands()
        self._lists = False

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Names in the order of the table."""
        return list(self.commands)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        """The command, or its name and help while all are listed."""
        if not self._lists:
            return self.commands.get(cmd_name)
        return next(TyperCommand(entry.name, help=entry.help) for entry in COMMANDS if entry.name == cmd_name)

    def format_help(self, *given: Any) -> None:
        """List the commands."""
        self._listing(super().format_help, *given)

    def shell_complete(self, *given: Any) -> Any:
        """Names that complete what was typed."""
        return self._listing(super().shell_complete, *given)

    def _listing(self, function: Callable[..., Any], *given: Any) -> Any:
        self._lists = True
        try:
            return function(*given)
        finally:
            self._lists = False


app = typer.Typer(
    name="docbeam",
    cls=LazyGroup,
    help="Documents in, citable chunk tables out.\n\nExit codes: 0 good, 1 finished but too much failed, 2 wrong usage "
    "or configuration, 3 output not readable or writable, too much gone, or a defect, 129, "
    "130 and 143 stopped by a signal.",
    no_args_is_help=True,
    rich_markup_mode=_MARKUP,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from beam_pipeline.cli.commands.version import told

        told(wanted)


@app.callback()
def docbeam(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """What stands before any command."""


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
