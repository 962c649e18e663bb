"""`docbeam watch`: looks that follow each other, and how they end."""

import signal
import subprocess
import threading
import time
from itertools import pairwise

import pytest
from pipeline_runs import read_tables, start

from beam_pipeline.cli.commands.ingest import Job
from beam_pipeline.cli.commands.watch import Looker
from beam_pipeline.cli.watching import LONGEST_WAIT, Schedule, watch
from beam_pipeline.jobs.planning import Plan
from beam_pipeline.units import parse_seconds
from schemas.failures import DocbeamError, NothingListed, OutputError
from schemas.options import Options
from schemas.report import RunReport

DONE = RunReport(run_id="r", output="o", format="delta", statuses={"ok": 2}, chunks=3, table_versions={"chunks": 4})
SOON = 1e-3


class Looks:
    """Plays outcomes: errors are raised, everything else is returned."""

    def __init__(self, *outcomes: object) -> None:
        self.outcomes, self.told, self.stop = list(outcomes), [], threading.Event()

    def __call__(self) -> RunReport | None:
        outcome = self.outcomes.pop(0)
        if not self.outcomes:
            self.stop.set()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def play(self, **schedule: object) -> list[str]:
        watch(self, Schedule(every=SOON, **schedule), self.stop, self.told.append)
        return self.told


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), (" 5 m ", 300), ("1.5h", 5400), ("2", 2)])
def test_durations(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-1", "5 days", "m", "1e3"])
def test_no_durations(text):
    with pytest.raises(ValueError, match="write 90s, 5m or 2h"):
        parse_seconds(text)


def test_an_idle_watcher_says_so_once_and_reports_runs():
    told = Looks(None, None, DONE, None).play()
    assert [line.split(":")[0].split(";")[0] for line in told] == ["nothing new", "run r", "nothing new"]
    assert "2 ok; 3 chunks" in told[1] and told[1].endswith("version 4")


def test_failed_looks_are_told_and_followed_by_others():
    told = Looks(OutputError("disk full"), RuntimeError("a\nlast line"), OSError("gone"), DONE).play()
    assert [line.split(";")[0] for line in told[:3]] == ["docbeam: disk full", "docbeam: last line", "docbeam: gone"]
    assert told[3].startswith("run r")


def test_inputs_without_documents_are_no_failure():
    told = Looks(NothingListed("no object matches gs://b/"), NothingListed("again"), DONE).play()
    assert told[0] == "no object matches gs://b/: waiting for some"
    assert len(told) == 2


def test_waits_grow_with_failures_and_are_bounded():
    schedule = Schedule(every=60)
    assert [schedule.wait(failures) for failures in (0, 1, 2, 3)] == [60, 60, 120, 240]
    assert schedule.wait(1000) == LONGEST_WAIT
    assert Schedule(every=7200).wait(5) == 7200


def test_a_bounded_schedule_ends_and_tells_a_last_failure():
    looks = Looks(DONE, DONE, DONE)
    looks.play(looks=2)
    assert len(looks.outcomes) == 1
    with pytest.raises(OutputError):
        Looks(DONE, OutputError("full"), DONE).play(looks=2)


def test_until_idle_outlasts_failures():
    looks = Looks(DONE, OutputError("full"), None, DONE)
    looks.play(until_idle=True)
    assert len(looks.outcomes) == 1


def test_a_stop_during_a_look_lets_it_finish():
    looks = Looks(DONE, DONE)

    def asked() -> RunReport | None:
        looks.stop.set()
        return looks()

    watch(asked, Schedule(every=SOON), looks.stop, looks.told.append)
    assert len(looks.told) == 1 and len(looks.outcomes) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_the_tables_have_what_came(tmp_path, number):
    inbox, output = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    process = start("watch", inbox, f"{tmp_path}/later/*.txt", "-o", output, "--every", "0.2s", "--layout", "never")
    (inbox / "one.txt").write_text("The first one.\n")
    _wait_for_documents(process, output, 1)
    (inbox / "two.txt").write_text("The second one.\n")
    _wait_for_documents(process, output, 2)
    process.send_signal(number)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert "ending after the run at work" in told
    tables = read_tables(output)
    assert sorted(row["path"] for row in tables["documents"]) == ["one.txt", "two.txt"]


def _wait_for_documents(process: subprocess.Popen, output, count: int) -> None:
    deadline = time.monotonic() + 120
    while _documents(output) < count:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _documents(output) -> int:
    try:
        return len(read_tables(output)["documents"])
    except DocbeamError:
        return 0


@pytest.mark.parametrize(
    ("words", "fix"), [(["-"], "can be read once only"), ([".", "--every", "soon"], "write 90s, 5m or 2h")]
)
def test_wrong_usage_ends_at_once(tmp_path, words, fix):
    process = start("watch", *words, "-o", tmp_path / "out")
    _, told = process.communicate(timeout=60)
    assert process.returncode == 2 and fix in told


def test_what_cannot_be_read_is_tried_after_longer_and_longer_waits():
    now = [0.0]
    looker = Looker(Job(options=Options()), clock=lambda: now[0])
    nothing = Plan(documents={"retry": [], "new": []})
    bad = Plan(documents={"retry": ["/a"], "new": []}, unread=["/a"])
    worse = Plan(documents={"retry": ["/a", "/b"], "new": []}, unread=["/a", "/b"])
    fresh = Plan(documents={"retry": ["/a"], "new": ["/c"]}, unread=["/a"])
    assert [looker.is_worth_a_run(plan) for plan in (nothing, bad, bad, fresh, fresh, bad, worse, worse)] == [
        False, True, False, True, True, False, True, False,
    ]  # fmt: skip
    times = []
    for second in range(4000):
        now[0] = float(second)
        times += [second] * looker.is_worth_a_run(worse)
    waits = [later - earlier for earlier, later in pairwise([0, *times])]
    assert waits == sorted(waits) and waits[0] < 60 and 800 < waits[-1] <= LONGEST_WAIT
