"""Nights on which an input, or what an input named, is not there."""

import shutil

import pytest
from nightly import ingest, options, same_rows, write
from pipeline_runs import check_output, read_tables

from beam_pipeline.jobs.planning import plan_run
from schemas.failures import ConfigurationError


@pytest.mark.parametrize("graph", [False, True])
def test_a_night_with_a_missing_input_leaves_what_it_held(tmp_path, monkeypatch, graph):
    one, two, output = tmp_path / "one", tmp_path / "two", tmp_path / "out"
    manifest = tmp_path / "list.csv"
    for number in range(20):
        write(one / f"{number}.md", f"# One {number}\n\nWords.\n")
    for number in range(3):
        write(two / f"{number}.md", f"# Two {number}\n\nWords.\n")
    write(tmp_path / "named.md", "# Named\n\nWords.\n")
    manifest.write_text("uri,team\nnamed.md,red\n")
    night = {"inputs": [one, two], "output": output, "manifests": (str(manifest),)}
    if graph:
        monkeypatch.setattr("beam_pipeline.jobs.threads.FEW", 0)
    assert ingest(**night).statuses == {"ok": 24}
    good = read_tables(output)
    two.rename(tmp_path / "away")
    manifest.rename(tmp_path / "away.csv")
    write(one / "new.md", "# New\n\nWords.\n")
    report = ingest(**night)
    assert report.statuses == {"ok": 1, "failed": 2, "unchanged": 20}
    assert (report.removed, report.missing_inputs) == (0, 2)
    tables = read_tables(output)
    check_output(tables)
    assert {row["chunk_id"] for row in good["chunks"]} <= {row["chunk_id"] for row in tables["chunks"]}
    assert {row["uri"] for row in tables["failures"]} == {str(two), str(manifest)}
    plan = plan_run(options([one, two], output, manifests=(str(manifest),)))
    assert plan.documents["missing"] == sorted([str(two), str(manifest)])
    # Still away, then back: what stood for the inputs goes.
    assert ingest(**night).statuses == {"failed": 2, "unchanged": 21}
    (tmp_path / "away").rename(two)
    (tmp_path / "away.csv").rename(manifest)
    ingest(**night)
    ingest(**{**night, "output": tmp_path / "fresh"})
    assert same_rows(read_tables(output)) == same_rows(read_tables(tmp_path / "fresh"))


def test_a_night_on_which_every_input_is_missing_changes_nothing(tmp_path):
    folder, output = tmp_path / "in", tmp_path / "out"
    write(folder / "a.md", "# A\n\nWords.\n")
    ingest([folder], output)
    good = read_tables(output)
    shutil.rmtree(folder)
    with pytest.raises(ConfigurationError, match="no such file or folder"):
        ingest([folder, tmp_path / "*.pdf"], output)
    assert read_tables(output) == good
