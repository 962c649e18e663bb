import io
import re

import pytest
from rich.console import Console

from beam_pipeline.cli.console import messages
from beam_pipeline.cli.progress import (
    LineProgress,
    LiveProgress,
    duration,
    observe,
    pages_per_second,
    progress_line,
    seconds_left,
)
from schemas.report import InHand, Progress

HALF = Progress(documents_listed=40, documents=20, pages=40, failures=1, chunks=90, elapsed=20.0)


def test_speed_and_time_left():
    assert pages_per_second(HALF) == 2.0
    assert seconds_left(HALF) == 20.0
    assert pages_per_second(Progress()) == 0.0
    assert seconds_left(Progress(documents_listed=40, documents=19, elapsed=20.0)) is None
    assert seconds_left(Progress(documents_listed=3, documents=2, elapsed=20.0)) is None
    assert seconds_left(Progress(documents_listed=3, documents=3, elapsed=20.0)) is None
    assert seconds_left(Progress(documents=3, elapsed=1.0)) is None


@pytest.mark.parametrize(("seconds", "text"), [(4.4, "4 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")])
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_line_in_words():
    assert progress_line(HALF) == "20 s: 20/40 documents, 40 pages, 2.0 pages/s, 1 failures, about 20 s left"
    assert progress_line(Progress(elapsed=1.0)) == "1 s: 0 documents, 0 pages, 0 failures"


def test_line_tells_what_is_in_hand():
    in_hand = (
        InHand("layout", 0, 31, 90),
        InHand("extract", 2, 250, 600),
        InHand("ocr", 0, 12, 40),
        InHand("fetch", 1),
        InHand("commit", 1),
    )
    line = progress_line(Progress(documents_listed=2, elapsed=61.0, in_hand=in_hand))
    assert line == (
        "1 min 01 s: 0/2 documents, 0 pages, 0 failures; fetching 1 document, parsing 250 of 600 pages, "
        "OCR 12 of 40 pages, layout 31 of 90 pages, committing"
    )


def test_a_log_hears_of_changes_and_now_and_then_that_nothing_did(capsys):
    with LineProgress() as lines:
        for second in range(1, 400):
            in_hand = (InHand("ocr", 0, min(second, 12), 40),)
            lines.on_progress(Progress(documents_listed=1, elapsed=float(second), in_hand=in_hand))
    told = [line.split(":")[0] for line in capsys.readouterr().err.splitlines()]
    # 12 pages are read by then; 30, 60, 120 seconds of nothing follow.
    assert told == ["5 s", "10 s", "15 s", "45 s", "1 min 45 s", "3 min 45 s"]


def test_a_long_run_tells_less_often(capsys):
    with LineProgress() as lines:
        for second in range(1, 7200):
            lines.on_progress(Progress(pages=second, elapsed=float(second)))
    assert len(capsys.readouterr().err.splitlines()) < 200


def test_lines_are_five_seconds_apart(capsys):
    with LineProgress() as lines:
        for elapsed in (1.0, 5.0, 6.0, 9.9, 10.1):
            lines.on_progress(Progress(pages=int(elapsed), elapsed=elapsed))
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(",")[1] for line in err.splitlines()] == [" 5 pages", " 10 pages"]


def test_live_display_shows_counts_and_clears_itself(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120)
    with observe(console, quiet=False) as observer:
        assert isinstance(observer, LiveProgress)
        observer.on_progress(HALF)
    assert "20/40" in stream.getvalue()
    assert "2.0 pages/s" in stream.getvalue()
    assert "about 20 s left" in stream.getvalue()


def test_a_log_stays_a_log_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with observe(messages(), quiet=False) as observer:
        assert isinstance(observer, LineProgress)


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    with observe(Console(file=io.StringIO(), force_terminal=True), quiet=False) as observer:
        assert isinstance(observer, LineProgress)


def test_the_display_fits_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    with observe(Console(file=stream, force_terminal=True, width=44), quiet=False) as observer:
        in_hand = (InHand("extract", 1, 250, 600), InHand("ocr", 0, 12, 40), InHand("layout", 0, 31, 90))
        observer.on_progress(Progress(documents_listed=2, elapsed=61.0, in_hand=in_hand))
    shown = [line for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())) if line]
    assert any("parsing 250 of 600 pages" in line for line in shown)
    assert all(len(line) <= 44 for line in shown)


def test_choice_of_display(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    plain = Console(file=io.StringIO())
    with observe(plain, quiet=False) as observer:
        assert isinstance(observer, LineProgress)
    with observe(plain, quiet=True) as observer:
        assert observer is None
