"""Nights that would take away too much, and documents that no input takes away."""

import msgspec
import pytest
from nightly import Site, ingest, options, write
from pipeline_runs import read_tables

from beam_pipeline.jobs import upkeep
from beam_pipeline.jobs.local_run import run
from beam_pipeline.jobs.planning import plan_run
from schemas.failures import ConfigurationError, TooMuchGone
from schemas.options import SourceOptions
from schemas.plan import Changes, Known, Root
from transforms.lake.snapshot import read_runs
from transforms.plan.roots import uncovered_finder
from transforms.write.losses import too_much_gone


def documents(folder, count):
    for number in range(count):
        write(folder / f"{number}.md", f"# Note {number}\n\nWords.\n")


def uris(output) -> set[str]:
    return {row["uri"] for row in read_tables(output)["documents"]}


@pytest.mark.parametrize(
    ("losing", "held", "share", "too_many"),
    [
        (1, 2, 0.5, False),
        (3, 4, 0.5, False),
        (4, 4, 0.5, False),
        (5, 9, 0.5, True),
        (5, 10, 0.5, False),
        (900, 1000, 0.5, True),
        (1, 2, 0.25, True),
        (1, 4, 0.25, False),
        (1, 1000, 0.0, True),
        (0, 1000, 0.0, False),
        (0, 0, 0.0, False),
        (1000, 1000, 1.0, False),
    ],
)
def test_how_much_is_too_much(losing, held, share, too_many):
    assert bool(too_much_gone(Changes(losing=losing, held=held), share)) is too_many


@pytest.mark.parametrize("fate", ["remove", "tombstone"])
def test_a_night_that_would_remove_most_changes_nothing_unless_it_is_allowed(tmp_path, fate):
    folder, output = tmp_path / "in", tmp_path / "out"
    documents(folder, 10)
    ingest([folder], output)
    good = read_tables(output)
    for number in range(8):
        (folder / f"{number}.md").unlink()
    write(folder / "new.md", "# New\n\nWords.\n")
    with pytest.raises(TooMuchGone, match=r"8 of the 10 documents .* --max-removed 0.5 .* --max-removed 1"):
        ingest([folder], output, deleted=fate)
    assert read_tables(output) == good
    last = read_runs(str(output))[-1]
    assert (last.status, "--max-removed" in last.message) == ("failed", True)
    assert "8 of the 10" in plan_run(options([folder], output)).refused
    assert ingest([folder], output, deleted="keep").statuses == {"ok": 1, "unchanged": 2}
    assert plan_run(options([folder], output, max_removed=1.0)).refused == ""
    assert ingest([folder], output, deleted=fate, max_removed=1.0).removed == 8


def test_a_server_that_has_lost_everything_changes_nothing(tmp_path):
    site, output = Site(), tmp_path / "out"
    try:
        urls = [site.put(f"/{number}.md", f"# Note {number}\n") for number in range(8)]
        ingest(urls, output)
        good = read_tables(output)
        site.status = {f"/{number}.md": 404 for number in range(8)}
        with pytest.raises(TooMuchGone, match="8 of the 8"):
            ingest(urls, output)
        assert read_tables(output) == good
        assert ingest(urls, output, max_removed=1.0).statuses == {"failed": 8}
        assert read_tables(output)["chunks"] == []
    finally:
        site.server.shutdown()
        site.server.server_close()


def test_the_plan_tells_what_no_input_covers_and_forget_takes_it_away(tmp_path):
    old, new, output = tmp_path / "old", tmp_path / "new", tmp_path / "out"
    documents(old, 3)
    write(old / "draft.txt", "Draft.\n")
    ingest([old], output)
    assert plan_run(options([old], output)).uncovered == []
    old.rename(new)
    made = options([new], output)
    made = msgspec.structs.replace(made, source=SourceOptions(inputs=(str(new),), exclude=("*.txt",)))
    run(made)
    assert plan_run(made).uncovered == sorted(str(old / name) for name in ("0.md", "1.md", "2.md", "draft.txt"))
    before = read_tables(output)
    gone, by = upkeep.forget(str(output), (), share=1.0, dry_run=True)
    assert len(gone) == 4 and by == read_runs(str(output))[-1].run_id
    assert read_tables(output) == before
    assert upkeep.forget(str(output), (), share=1.0)[0] == gone
    assert uris(output) == {str(new / f"{number}.md") for number in range(3)}
    tables = read_tables(output)
    assert {row["doc_id"] for row in tables["chunks"]} == {row["doc_id"] for row in tables["documents"]}
    last = read_runs(str(output))[-1]
    assert (last.kind, last.status, last.counts["removed"]) == ("forget", "committed", 4)
    assert plan_run(made).uncovered == []


@pytest.mark.parametrize("format_name", ["delta", "parquet"])
def test_what_is_named_is_forgotten_and_nothing_beside_it(tmp_path, monkeypatch, format_name):
    monkeypatch.chdir(tmp_path)
    folder, output = tmp_path / "in", tmp_path / "out"
    for name in ("a/1.md", "a/2.md", "ab/3.md", "4.txt", "5.md"):
        write(folder / name, f"# {name}\n\nWords.\n")
    ingest([folder], output, format_name)
    for named, left in (
        (["in/none"], {"a/1.md", "a/2.md", "ab/3.md", "4.txt", "5.md"}),
        (["in/a"], {"ab/3.md", "4.txt", "5.md"}),
        (["in/*.txt", "in/5.md"], {"ab/3.md"}),
        ([str(folder) + "/"], set()),
    ):
        upkeep.forget(str(output), named, share=0.0)
        assert uris(output) == {str(folder / name) for name in left}
    # What an input still holds comes back.
    assert ingest([folder], output, format_name).statuses == {"ok": 5}


def test_inputs_that_nobody_can_know_again_are_not_guessed(tmp_path):
    output = tmp_path / "out"
    write(tmp_path / "a.md", "# A\n")
    ingest([tmp_path / "a.md"], output)
    made = options(["-"], output)
    run(made)
    with pytest.raises(ConfigurationError, match="standard input"):
        upkeep.forget(str(output), (), share=1.0)


@pytest.mark.parametrize(
    ("root", "uri", "uncovered"),
    [
        (Root("folder", "/in/", 1), "/in/a.md", False),
        (Root("folder", "/in/", 0), "/in/a.md", False),
        (Root("folder", "/in/", 1, ("/in/sub",)), "/in/sub/a.md", False),
        (Root("folder", "/in/", 1), "/in/a.tmp", True),
        (Root("folder", "/in/", 1), "/other/a.md", True),
        (Root("missing", "/in", 1), "/in/a.md", False),
        (Root("missing", "/in", 1), "/in/a.tmp", True),
        (Root("missing", "/in", 1), "/inner/a.md", True),
        (Root("missing", "/*/a.md", 1), "/in/a.md", False),
        (Root("single", "https://h/a?token=x&id=1", 1), "https://h/a?token=***&id=1", False),
        (Root("single", "https://h/a", 1), "https://h/b", True),
    ],
)
def test_what_an_input_covers(root, uri, uncovered):
    is_uncovered = uncovered_finder([root], SourceOptions(exclude=("*.tmp",)))
    assert is_uncovered(Known(b"1" * 16, uri, "ok", b"h", True)) is uncovered
    assert not uncovered_finder([], SourceOptions())(Known(b"1" * 16, uri, "ok", b"h", True))
