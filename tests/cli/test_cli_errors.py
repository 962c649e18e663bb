import pytest
import typer

from beam_pipeline.cli.console import printable, shorten
from beam_pipeline.cli.exit_codes import ErrorBoundary, Terminated, describe
from schemas.failures import ConfigurationError, Corrupt, OutputError


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConfigurationError("a: wrong\nb: wrong"), 2, "docbeam: error: a: wrong\ndocbeam: error: b: wrong\n"),
        (OutputError("cannot write"), 3, "docbeam: error: cannot write\n"),
        (Corrupt("f.pdf: broken", hint="replace it"), 1, "docbeam: error: f.pdf: broken; replace it\n"),
        (KeyboardInterrupt("nothing was committed"), 130, "docbeam: interrupted: nothing was committed\n"),
        (Terminated(), 143, "docbeam: terminated\n"),
        (PermissionError(13, "Permission denied", "x"), 3, "docbeam: error: [Errno 13] Permission denied: 'x'\n"),
    ],
)
def test_codes_and_lines(error, code, line, capsys):
    with pytest.raises(typer.Exit) as caught, ErrorBoundary(verbose=False):
        raise error
    assert caught.value.exit_code == code
    assert capsys.readouterr().err == line


def test_defects_ask_for_the_traceback_and_verbose_shows_it(capsys):
    code, (line,) = describe(ZeroDivisionError("division by zero"))
    assert code == 3
    assert line.startswith("internal error: ZeroDivisionError: division by zero; run again with --verbose")
    with pytest.raises(typer.Exit), ErrorBoundary(verbose=True):
        raise ZeroDivisionError
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "code"), [("ConfigurationError", 2), ("OutputError", 3)])
def test_errors_of_workers_are_told_as_their_own(name, code):
    text = f"Traceback (most recent call last):\n  File x\nschemas.failures.{name}: first\n\nDuring handling\n"
    text += f"schemas.failures.{name}: no column 'uri' [while running 'Ingest/List']\n\n"
    assert describe(RuntimeError(text)) == (code, ["error: no column 'uri'"])


def test_defects_in_workers_are_one_line():
    _, lines = describe(RuntimeError("Traceback:\n  File x\nZeroDivisionError: by zero [while running 'A']\n"))
    assert len(lines) == 1
    assert "by zero" in lines[0]
    assert "File x" not in lines[0]


@pytest.mark.parametrize("error", [typer.Exit(1), SystemExit(5)])
def test_what_ends_programs_passes(error):
    with pytest.raises(type(error)) as caught, ErrorBoundary(verbose=False):
        raise error
    assert caught.value is error


def test_control_characters_are_shown():
    assert printable("a\x1b[31mb\u202ec\ud800\u2028\nd") == "a\\x1b[31mb\\u202ec\\ud800\\u2028 d"
    assert shorten("one  two\tthree", 9) == "one two …"
