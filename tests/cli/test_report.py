import msgspec

from beam_pipeline.cli.report import report_json, report_lines
from schemas.report import FailureReason, RunReport

REPORT = RunReport(
    run_id="r",
    output="/out",
    format="delta",
    statuses={"ok": 7, "failed": 3, "partial": 0},
    pages={"digital": 20, "failed": 1},
    elements=90,
    chunks=40,
    hidden_elements=2,
    failures=tuple(
        FailureReason(category=f"c{i}", count=9 - i, example_uri=f"u{i}\x1b[2J", example_message="m", hint="fix it")
        for i in range(7)
    ),
    elapsed=10.0,
    pages_per_second=2.1,
    table_versions={"documents": 4},
)


def test_lines_for_people():
    text = "\n".join(report_lines(REPORT))
    assert "documents  10: 7 ok, 3 failed" in text
    assert "pages      21: 20 digital, 1 failed" in text
    assert "2 elements with text that a reader cannot see" in text
    assert "10 s, 2.1 pages/s" in text
    assert "/out (delta, version 4)" in text
    assert "9  c0: m" in text
    assert "fix it" in text
    assert "and 2 more reasons" in text
    assert "\x1b" not in text


def test_a_clean_run_tells_no_failures():
    text = "\n".join(report_lines(RunReport(run_id="r", output="o", format="avro")))
    assert "failures" not in text
    assert "hidden" not in text


def test_json_has_derived_figures():
    fields = msgspec.json.decode(report_json(REPORT))
    assert fields["documents"] == 10
    assert fields["failure_ratio"] == 0.3
    assert fields["failures"][0]["example_uri"] == "u0\x1b[2J"


def test_a_run_without_documents_did_not_fail():
    assert RunReport(run_id="r", output="o", format="avro").failure_ratio == 0.0


def report(**fields):
    return RunReport(run_id="r", output="o", format="delta", **fields)


def test_what_counts_as_failed_is_asked_for():
    statuses = {"ok": 4, "unchanged": 2, "partial": 1, "failed": 1, "stale": 1, "unsupported": 3}
    assert report(statuses=statuses).failure_ratio == 2 / 9
    assert report(statuses=statuses, fail_on=("partial",)).failure_ratio == 3 / 9
    assert report(statuses=statuses, fail_on=("unsupported",)).failure_ratio == 5 / 12
    assert report(statuses={"unsupported": 3}).failure_ratio == 0.0
    assert report(kind="retry", statuses={"failed": 1}, held={"ok": 9, "failed": 1}).failure_ratio == 0.1


def test_lines_tell_of_what_was_left_alone_and_of_what_is_gone():
    made = report(
        statuses={"failed": 2, "unchanged": 5},
        left_alone={"failed": 2},
        removed=3,
        held={"ok": 8, "failed": 2},
        notes={"repaired": 1, "truncated": 2},
        failures=(FailureReason(category="unsupported", count=52, types={".pptx": 40, ".eml": 12}),),
    )
    text = "\n".join(report_lines(made))
    assert "documents  7: 2 failed, 5 unchanged" in text
    assert "left alone 2 failed" in text
    assert "removed    3 documents" in text
    assert "holds 10 documents: 8 ok, 2 failed" in text
    assert "notes      1 repaired, 2 truncated" in text
    assert "52  unsupported: 40 x .pptx, 12 x .eml" in text
