"""What documentation, help and messages tell a reader to follow, type or install is there, and parses."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from prose import (
    DEPLOYED,
    FOLDERS,
    MARKDOWN,
    ROOT,
    SOURCES,
    anchors,
    blocks,
    commands,
    inline_code,
    links,
    shell_lines,
    strings,
)

from beam_pipeline.cli.app import COMMANDS, Entry, app
from beam_pipeline.cli.flags import FLAGS
from beam_pipeline.config import check_file, keys, resolve
from schemas.failures import ConfigurationError

CLI = typer.main.get_command(app)
#: 'docs/ocr.md', 'docs/operations.md#old-files', 'deploy/docker/Dockerfile'.
_PATH = re.compile(rf"(?<![\w/.-])(?:{'|'.join(FOLDERS)})(?:/[\w.-]*\w)+(?:#[\w-]+)?(?![\w*])")
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*[a-z0-9](?![\w-])")
#: Flags of other programs that texts name.
_FOREIGN = {
    *("--streaming", "--region", "--project", "--parallelism", "--experiments"),
    *("--force-reinstall", "--no-deps", "--list-langs", "--psm", "--dpi"),
    *("--egg-base", "--build-base", "--dist-dir", "--bdist-dir"),
}
BENCHMARKS = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py"))
_MENTION = re.compile(r"\bdocbeam ([a-z]+(?: [^\s`'\"]+)*)")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def flags(command) -> set[str]:
    own = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    return own.union(*(flags(sub) for sub in getattr(command, "commands", {}).values()))


ALL_FLAGS = {flag for flag in flags(CLI) if flag.startswith("--")} | {"--help", *_FOREIGN, *_FLAG.findall(BENCHMARKS)}
USAGE_ERROR = typer.BadParameter.__bases__[0]


@pytest.mark.parametrize("path", MARKDOWN, ids=relative)
def test_links_lead_somewhere(path: Path) -> None:
    for link in links(path):
        if not re.match(r"[a-z]+:", link):
            name, _, anchor = link.partition("#")
            assert not missing(path.parent / name if name else path, anchor), f"{relative(path)}: {link}"


def missing(file: Path, anchor: str) -> bool:
    return not file.exists() or (bool(anchor) and anchor not in anchors(file))


def test_headings_are_named_as_github_does(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# What `unchanged` means\n\nText.\n\n## A, b & c_d\n\n## A, b & c_d\n")
    assert anchors(page) == {"what-unchanged-means", "a-b--c_d", "a-b--c_d-1"}


@pytest.mark.parametrize(
    "path", [*MARKDOWN, *SOURCES, *DEPLOYED, ROOT / "Makefile", ROOT / "pyproject.toml"], ids=relative
)
def test_files_that_are_named_exist(path: Path) -> None:
    for found in set(_PATH.findall(path.read_text(encoding="utf-8"))):
        name, _, anchor = found.partition("#")
        assert not missing(ROOT / name, anchor) or (ROOT / f"{name}.py").exists(), f"{relative(path)}: {found}"


def test_tests_of_promises_exist() -> None:
    for line in (ROOT / "docs" / "guarantees.md").read_text().splitlines():
        file = ""
        for name, test in re.findall(r"`(tests/[\w/]+\.py)?(?:::(\w+))?`", line):
            file = name or file
            assert file and (not test or f"def {test}(" in (ROOT / file).read_text()), f"{file}::{test}"


def documented(path: Path) -> Iterator[tuple[str, bool]]:
    """Shell lines, and whether they are meant to be typed as they are."""
    for block in blocks(path, "sh", ""):
        yield from ((line, True) for line in shell_lines(block))
    yield from ((code, False) for code in inline_code(path))


def problem(words: list[str], *, whole: bool) -> str:
    """What is wrong with the words after `docbeam`; '' if nothing."""
    node, rest = CLI, list(words)
    while hasattr(node, "commands") and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        if name not in node.commands:
            return f"no command {name}"
        node = node.commands[name]
    if hasattr(node, "commands"):
        return "" if not whole or rest else "a command is missing"
    whole = whole and "..." not in rest
    try:
        context = node.make_context("docbeam", [word for word in rest if word != "..."])
        given = {flag.key: context.params.get(flag.parameter) for flag in FLAGS}
        resolve({key: value for key, value in given.items() if value is not None and value != []}, None, {})
    except ConfigurationError as error:
        return str(error)
    except typer.Exit:
        return ""
    except USAGE_ERROR as error:
        lacking = type(error).__name__ == "MissingParameter"
        return "" if lacking and not whole else f"{type(error).__name__}: {error}"
    return ""


def docbeam_commands(line: str) -> Iterator[list[str]]:
    """What follows `docbeam`, `.venv/bin/docbeam` or `python -m beam_pipeline`, in each command of a shell line."""
    for words in commands(line):
        at = [number for number, word in enumerate(words) if word == "docbeam" or word.endswith("/docbeam")]
        if at == [0] or (at and words[0] in ("watch", "time", "flock", "nohup", "sudo", "env")):
            yield words[at[-1] + 1 :]
        elif words[1:3] == ["-m", "beam_pipeline"]:
            yield words[3:]


@pytest.mark.parametrize("path", MARKDOWN, ids=relative)
def test_commands_in_markdown_parse(path: Path) -> None:
    for line, whole in documented(path):
        if not whole and not line.startswith("docbeam "):
            continue
        for words in docbeam_commands(line):
            assert not problem(words, whole=whole), f"{relative(path)}: {line}: {problem(words, whole=whole)}"


@pytest.mark.parametrize(
    ("line", "whole", "trouble"),
    [
        ("docbeam runs list out | head", True, ""),
        ("A=1 docbeam plan in -o out && .venv/bin/docbeam vacuum out > log", True, ""),
        ("docbeam runs OUTPUT", False, "no command OUTPUT"),
        ("docbeam inspect", False, ""),
        ("docbeam inspect", True, "Missing"),
        ("docbeam ingest in -o out --no-such-flag", True, "NoSuchOption"),
        ("docbeam ingest in -o out --strategy odd", True, "not one of"),
        ("docbeam ingest in -o out --memory-limit 2bananas", True, "not a size"),
        ("docbeam ingest in -o out -- --any_flag=of_beam", True, ""),
        ("docbeam lst out", True, "no command lst"),
    ],
)
def test_the_check_of_commands_checks(line, whole, trouble) -> None:
    found = [problem(words, whole=whole) for words in docbeam_commands(line)]
    assert found and all(trouble in text if trouble else not text for text in found)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_commands_in_help_and_messages_parse(path: Path) -> None:
    for text in strings(path):
        for line in text.splitlines():
            # An example of a help text stands alone on its line.
            if line.strip().startswith(("docbeam ", "DOCBEAM_")) and line.startswith("    "):
                for words in docbeam_commands(line):
                    assert not problem(words, whole=True), f"{relative(path)}: {line}: {problem(words, whole=True)}"
        for mention in _MENTION.findall(text):
            words = re.split(r"[),.;:]", mention)[0].split()
            known = words[0] in CLI.commands
            assert not known or "no command" not in problem(words[:2], whole=False), f"{relative(path)}: {mention}"


@pytest.mark.parametrize("name", sorted(CLI.commands))
def test_every_command_has_an_example(name: str) -> None:
    command = CLI.commands[name]
    inner = getattr(command, "commands", {})
    for label, node in {f"{name} {sub}": inner[sub] for sub in inner}.items() or [(name, command)]:
        assert f"docbeam {label}" in (node.help or ""), label


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_the_list_of_commands_says_what_they_say(entry: Entry) -> None:
    help = CLI.commands[entry.name].help or ""
    assert entry.help == " ".join(help.split("\n\n")[0].split())


def test_help_imports_no_command() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from beam_pipeline.cli.app import COMMANDS, Entry, app;"
        "done = CliRunner().invoke(app, ['--help']); assert 'vacuum' in done.output, done.output;"
        "print([name for name in sys.modules if name.startswith('beam_pipeline.cli.commands.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("path", [*MARKDOWN, *SOURCES], ids=relative)
def test_flags_that_are_named_exist(path: Path) -> None:
    texts = strings(path) if path.suffix == ".py" else (code for code in inline_code(path) if code.startswith("--"))
    for text in texts:
        for flag in _FLAG.findall(text):
            assert flag in ALL_FLAGS, f"{relative(path)}: {flag} in {text[:80]!r}"


@pytest.mark.parametrize("path", DEPLOYED, ids=relative)
def test_commands_of_deployments_parse(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for found in re.findall(r'\["docbeam".*?\]', text):
        words = json.loads(found)[1:]
        assert not words or not problem(words, whole=True), f"{relative(path)}: {found}: {problem(words, whole=True)}"
    for line in text.splitlines():
        if path.name == "crontab" and not line.startswith("#") and "docbeam ingest" in line:
            (words, *_) = commands(line[line.rindex("docbeam ingest") :])
            assert not problem(words[1:], whole=True), line


def test_cron_finds_the_command() -> None:
    lines = (ROOT / "deploy" / "schedule" / "crontab").read_text().splitlines()
    settings = [line for line in lines if re.match(r"\w+=", line)]
    job = next(line for line in lines if "docbeam ingest" in line)
    # Cron's own PATH has neither /usr/local/bin nor any virtual environment.
    assert any(line.startswith("PATH=") for line in settings) or re.search(r"/docbeam ingest", job)


EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])


@pytest.mark.parametrize("path", [*MARKDOWN, *SOURCES, *DEPLOYED, ROOT / "Makefile"], ids=relative)
def test_what_is_to_be_installed_can_be(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # docbeam is on no index: it is installed from a checkout or a wheel of one.
    assert not re.search(r"docbeam\[\w+\]|pip3? install (?:-\S+ )*['\"]?docbeam\b", text), relative(path)
    for names in re.findall(r"\.\[([\w,-]+)\]'", text):
        assert set(names.split(",")) <= EXTRAS, f"{relative(path)}: {names}"


@pytest.mark.parametrize("path", MARKDOWN, ids=relative)
def test_option_files_are_right(path: Path, tmp_path: Path) -> None:
    for block in blocks(path, "toml"):
        if not set(tomllib.loads(block)) <= {key.partition(".")[0] for key in keys()}:
            continue
        file = tmp_path / "docbeam.toml"
        file.write_text(block)
        assert check_file(file) == [], block


@pytest.mark.parametrize("path", [*MARKDOWN, *SOURCES, *DEPLOYED], ids=relative)
def test_options_that_are_named_exist(path: Path) -> None:
    known = {f"DOCBEAM_{key.upper().replace('.', '_')}" for key in keys()} | {"DOCBEAM_SECTION_NAME"}
    texts = strings(path) if path.suffix == ".py" else [path.read_text(encoding="utf-8")]
    for name in {name for text in texts for name in re.findall(r"\bDOCBEAM_[A-Z]+_[A-Z_]+\b", text)}:
        # What Kubernetes sets for a service of that name is named where it is told from options.
        assert name in known or re.search(r"_(PORT|HOST)\b", name), f"{relative(path)}: {name}"


@pytest.mark.parametrize("path", MARKDOWN, ids=relative)
def test_targets_of_make_exist(path: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line, _ in documented(path):
        for words in commands(line) if line.startswith("make ") else ():
            named = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
            assert set(named) <= targets, f"{relative(path)}: {line}"


def test_lines_of_a_shell_may_go_on() -> None:
    lines = list(shell_lines('docbeam query out "\n SELECT 1"\nls \\\n -l\n'))
    assert lines == ['docbeam query out "\n SELECT 1"', "ls   -l"]
