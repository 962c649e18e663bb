"""Night after night over changing sources: only what changed is fetched, and the tables are those of a fresh ingest."""

import json
import os
from collections import Counter

import apache_beam as beam
import msgspec
import pytest
from nightly import Site, ingest, options, same_rows, write
from pipeline_runs import check_output, document_named, read_tables, rows_of, start, write_pdf

from beam_pipeline.graph.pipeline import build
from beam_pipeline.jobs.local_run import run
from beam_pipeline.jobs.planning import plan_run
from runners import direct
from schemas.failures import Forbidden, OutputError
from schemas.options import ChunkOptions, ExtractOptions, FetchOptions, PlanOptions
from transforms.extract.parts import PartExtractor
from transforms.fetch.fetcher import Fetcher
from transforms.lake.snapshot import read_runs
from transforms.write.stager import Stager


@pytest.fixture(scope="module")
def site():
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def documents(folder, count):
    for number in range(count):
        write(folder / f"{number:04d}.md", f"# Note {number}\n\nLake {number} is deep.\n")


def test_a_night_of_changes_ends_like_a_fresh_ingest(tmp_path, site):
    folder, output, manifest = tmp_path / "in", tmp_path / "out", tmp_path / "list.csv"
    documents(folder, 30)
    urls = [site.put(f"/{number}.md", f"# Page {number}\n\nRiver {number}.\n") for number in range(30)]
    manifest.write_text("uri\n" + "\n".join(urls) + "\n")
    given = {"manifests": (str(manifest),)}
    first = ingest([folder], output, **given)
    assert first.statuses == {"ok": 60}
    assert sum(site.sent.values()) == 30

    write(folder / "0003.md", "# Changed\n\nOther words.\n", age=-5)
    write(folder / "new.md", "# New\n\nWords.\n")
    (folder / "0007.md").unlink()
    os.utime(folder / "0009.md", (1_000_000_000, 1_000_000_000))
    site.put("/4.md", "# Page 4 changed\n\nSea.\n")
    urls = [*urls[:10], *urls[11:], site.put("/new.md", "# New page\n\nPond.\n")]
    manifest.write_text("uri\n" + "\n".join(urls) + "\n")
    plan = plan_run(options([folder], output, **given))
    # Servers have no listing: each of their documents is asked.
    expected = {"new": 2, "changed": 2, "check": 29, "removed": 2, "unchanged": 27}
    assert plan.counts == expected
    assert plan.documents["removed"] == sorted([str(folder / "0007.md"), f"{site.url}/10.md"])
    assert plan.documents["changed"] == [str(folder / "0003.md"), str(folder / "0009.md")]

    site.sent.clear()
    site.asked.clear()
    second = ingest([folder], output, **given)
    assert second.statuses == {"ok": 4, "unchanged": 56}
    assert dict(+site.sent) == {"/4.md": 1, "/new.md": 1}
    assert set(site.asked.values()) == {1}
    tables = read_tables(output)
    check_output(tables)
    ingest([folder], tmp_path / "fresh", **given)
    assert same_rows(tables) == same_rows(read_tables(tmp_path / "fresh"))

    site.asked.clear()
    again = plan_run(options([folder], output, **given))
    assert again.counts == {"check": 30, "unchanged": 30}
    assert not site.asked


def test_a_plan_made_by_workers_comes_to_the_same(tmp_path, site):
    """Clusters list and join in the graph, this machine before it."""
    folder, manifest = tmp_path / "in", tmp_path / "list.csv"
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    documents(folder, 12)
    write(folder / "bad.pdf", "%PDF-1.4 broken")
    write(folder / "slides.pptx", "PK\x03\x04 no zip")
    urls = [site.put(f"/worker/{number}.md", f"# Page {number}\n\nRiver {number}.\n") for number in range(6)]
    manifest.write_text("uri\n" + "\n".join(urls) + "\n")

    def both() -> tuple[dict, dict]:
        ingest([folder], ours, manifests=(str(manifest),))
        with beam.Pipeline(options=direct.pipeline_options(1)) as pipeline:
            _ = build(pipeline, options([folder], theirs, manifests=(str(manifest),)))
        return read_tables(ours), read_tables(theirs)

    first = both()
    assert len(first[0]["documents"]) == 20
    assert same_rows(first[0]) == same_rows(first[1])

    write(folder / "0003.md", "# Changed\n\nOther words.\n", age=-5)
    (folder / "0007.md").unlink()
    site.put("/worker/4.md", "# Page 4 changed\n\nSea.\n")
    second = both()
    assert len(second[0]["documents"]) == 19
    assert same_rows(second[0]) == same_rows(second[1])
    check_output(second[1])
    runs = [read_runs(str(output))[-1] for output in (ours, theirs)]
    assert runs[0].listing_digest == runs[1].listing_digest != ""
    assert runs[0].counts == runs[1].counts and runs[0].reasons == runs[1].reasons
    names = ("failed", "unsupported", "left_failed", "left_unsupported", "removed")
    left = {name: runs[1].counts[name] for name in names}
    assert left == {"failed": 1, "unsupported": 1, "left_failed": 1, "left_unsupported": 1, "removed": 1}


def test_a_night_without_news_builds_no_graph(tmp_path, site, monkeypatch):
    folder, output, manifest = tmp_path / "in", tmp_path / "out", tmp_path / "list.csv"
    documents(folder, 3)
    manifest.write_text("uri\n" + site.put("/quiet.md", "# Quiet\n\nPond.\n") + "\n")
    given = {"manifests": (str(manifest),)}
    ingest([folder], output, **given)
    before = read_tables(output)
    monkeypatch.setattr(beam, "Pipeline", None)
    report = ingest([folder], output, **given)
    assert report.statuses == {"unchanged": 4}
    assert read_tables(output) == before
    (folder / "0001.md").unlink()
    ingest([folder], output, **given)
    assert len(read_tables(output)["documents"]) == 3
    assert not (output / "_staging").exists() or not any((output / "_staging").iterdir())


def test_a_night_of_little_news_builds_no_graph(tmp_path, monkeypatch):
    """What wants a model is left to the graph, and comes in the same commit."""
    folder, output = tmp_path / "in", tmp_path / "out"
    documents(folder, 40)
    ingest([folder], output)
    write(folder / "0003.md", "# Changed\n\nOther words.\n", age=-5)
    (folder / "0004.md").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(beam, "Pipeline", None)
        assert ingest([folder], output).statuses == {"ok": 1, "unchanged": 38}
    write(folder / "0003.md", "# Changed again\n\nOther words.\n", age=-9)
    write_pdf(folder / "long.pdf", 12)
    extract, made = ExtractOptions(workers=2, part_pages=5), []
    pipeline = beam.Pipeline
    monkeypatch.setattr(beam, "Pipeline", lambda **given: made.append(given) or pipeline(**given))
    ours, fresh = (msgspec.structs.replace(options([folder], o), extract=extract) for o in (output, tmp_path / "fresh"))
    assert run(ours).statuses == {"ok": 2, "unchanged": 38}
    assert len(made) == 1
    tables = read_tables(output)
    check_output(tables)
    run(fresh)
    assert same_rows(tables) == same_rows(read_tables(tmp_path / "fresh"))
    assert len({row["run_id"] for row in tables["documents"]}) == 2


def test_an_output_that_breaks_under_little_news_ends_the_run(tmp_path, monkeypatch):
    folder, output = tmp_path / "in", tmp_path / "out"
    documents(folder, 40)
    ingest([folder], output)
    before = read_tables(output)
    for number in range(4):
        write(folder / f"{number:04d}.md", "# Changed\n\nOther words.\n", age=-5)

    def fail(*_: object) -> None:
        raise OutputError("no room left")

    monkeypatch.setattr(Stager, "add", fail)
    with pytest.raises(OutputError, match="no room"):
        ingest([folder], output)
    assert read_tables(output) == before
    assert list((output / "_staging").iterdir()) == []


def test_a_plan_prints_nothing_but_the_plan(tmp_path):
    """Not what Beam says of packages that are not installed."""
    documents(tmp_path / "in", 2)
    process = start("plan", tmp_path / "in", "-o", tmp_path / "out", "--json")
    out, errors = process.communicate(timeout=120)
    assert (json.loads(out)["counts"], errors) == ({"new": 2}, "")


def test_other_chunk_options_cost_no_extraction(tmp_path, monkeypatch):
    folder, output, cache = tmp_path / "in", tmp_path / "out", {"extract_cache": str(tmp_path / "cache")}
    documents(folder, 3)
    write_pdf(folder / "report.pdf", 2)
    ingest([folder], output, **cache)
    changed = options([folder], output, **cache)
    changed = msgspec.structs.replace(changed, chunk=ChunkOptions(max_tokens=64))
    assert plan_run(changed).counts == {"option-changed": 4}
    fresh = msgspec.structs.replace(changed, write=msgspec.structs.replace(changed.write, output=str(tmp_path / "f")))
    fresh = msgspec.structs.replace(fresh, plan=PlanOptions())
    assert run(fresh).statuses == {"ok": 4}
    # Every extraction and every look at a source fails from here on.
    monkeypatch.setattr(PartExtractor, "whole", None)
    monkeypatch.setattr(Fetcher, "open", None)
    assert run(changed).statuses == {"ok": 4}
    assert same_rows(read_tables(output)) == same_rows(read_tables(tmp_path / "f"))


@pytest.mark.parametrize(
    ("fate", "format_name"),
    [("remove", "parquet"), ("tombstone", "delta"), pytest.param("keep", "delta", marks=pytest.mark.slow)],
)
def test_what_becomes_of_documents_that_are_gone(tmp_path, fate, format_name):
    folder, output = tmp_path / "in", tmp_path / "out"
    documents(folder, 3)
    ingest([folder], output, format_name)
    (folder / "0001.md").unlink()
    for _ in range(2):
        ingest([folder], output, format_name, deleted=fate)
        tables = read_tables(output)
        rows = {row["path"]: row for row in tables["documents"]}
        assert len(rows) == (2 if fate == "remove" else 3)
        if fate == "tombstone":
            assert (rows["0001.md"]["status"], rows["0001.md"]["chunks"]) == ("deleted", 0)
            assert rows_of(tables, "chunks", rows["0001.md"]["doc_id"]) == []
        elif fate == "keep":
            assert len(rows_of(tables, "chunks", rows["0001.md"]["doc_id"])) == 1
    write(folder / "0001.md", "# Back\n\nAgain.\n", age=9)
    ingest([folder], output, format_name, deleted=fate)
    assert document_named(read_tables(output), "0001.md")["status"] == "ok"
    check_output(read_tables(output))


def test_nothing_is_gone_where_the_listing_proves_nothing(tmp_path):
    folder, output = tmp_path / "in", tmp_path / "out"
    documents(folder, 2)
    write(folder / "sub" / "deep.md", "# Deep\n")
    ingest([folder], output)
    # Another folder, an empty one, one document by name, and fewer of them by a filter.
    write(tmp_path / "other" / "o.md", "# O\n")
    ingest([tmp_path / "other"], output)
    ingest([folder / "0000.md"], output)
    (tmp_path / "aside").mkdir()
    for name in ("0000.md", "0001.md", "sub"):
        (folder / name).rename(tmp_path / "aside" / name)
    ingest([folder], output)
    assert len(read_tables(output)["documents"]) == 4
    (tmp_path / "aside" / "0000.md").rename(folder / "0000.md")
    ingest([str(folder / "*.md")], output)
    assert {row["path"] for row in read_tables(output)["documents"]} == {"0000.md", "sub/deep.md", "o.md"}


def test_a_source_that_fails_for_a_while_keeps_its_rows(tmp_path, site):
    output = tmp_path / "out"
    url = site.put("/flaky.md", "# Flaky\n\nWords.\n")
    ingest([url], output)
    good = read_tables(output)
    site.bodies["/flaky.md"] = b"# Other\n"
    # Other content under the same ETag: who asks by ETag is told that nothing changed.
    assert ingest([url], output).statuses == {"unchanged": 1}
    site.deaf = True
    report = ingest([url], output)
    site.deaf = False
    assert report.statuses == {"stale": 1}
    tables = read_tables(output)
    (row,) = tables["documents"]
    assert (row["status"], row["attempts"], row["retryable"], row["failures"]) == ("stale", 1, True, 1)
    assert tables["chunks"] == good["chunks"]
    (failure,) = tables["failures"]
    assert (failure["category"], failure["stage"]) == ("changed", "fetch")
    assert read_runs(str(output))[-1].failures == {"changed": 1}
    # Retried by the next run, which takes what it gets.
    assert ingest([url], output).statuses == {"ok": 1}
    tables = read_tables(output)
    check_output(tables)
    assert [row["text"] for row in tables["elements"]] == ["Other"]


def test_a_source_that_comes_back_unchanged_is_well_again(tmp_path, site):
    output = tmp_path / "out"
    url = site.put("/away.md", "# Away\n\nWords.\n")
    ingest([url], output)
    good = read_tables(output)
    site.status["/away.md"] = 503
    made = options([url], output)
    made = msgspec.structs.replace(made, fetch=FetchOptions(retries=0))
    assert run(made).statuses == {"stale": 1}
    assert read_tables(output)["chunks"] == good["chunks"]
    del site.status["/away.md"]
    assert run(made).statuses == {"unchanged": 1}
    assert same_rows(read_tables(output)) == same_rows(good)
    site.status["/away.md"] = 404
    assert run(made).statuses == {"failed": 1}
    assert read_tables(output)["chunks"] == []
    del site.status["/away.md"]
    assert run(made).statuses == {"ok": 1}
    assert same_rows(read_tables(output)) == same_rows(good)


@pytest.mark.parametrize("graph", [False, True])
def test_versions_that_are_lost_or_broken_leave_the_rows_of_the_one_before(tmp_path, monkeypatch, graph):
    """Between fetch and parse, and in the parser, with and without the graph."""
    folder, output = tmp_path / "in", tmp_path / "out"
    documents(folder, 20)
    write_pdf(folder / "cut.pdf", 1)
    os.utime(folder / "cut.pdf", (1e9, 1e9))
    ingest([folder], output)
    good = read_tables(output)
    if graph:
        monkeypatch.setattr("beam_pipeline.jobs.threads.FEW", 0)
    whole = (folder / "cut.pdf").read_bytes()
    (folder / "cut.pdf").write_bytes(b"%PDF-1.7\n" + b"junk " * 50)
    os.utime(folder / "cut.pdf", (2e9, 2e9))
    write(folder / "0001.md", "# Other\n\nWords.\n", age=-60)
    look, looks = Fetcher._local, Counter()

    def meddled_look(self, ref, validators):
        looks[ref.path] += 1
        if (ref.path, looks[ref.path]) == ("0001.md", 2):
            (folder / "0001.md").rename(tmp_path / "away.md")
        return look(self, ref, validators)

    with monkeypatch.context() as patch:
        patch.setattr(Fetcher, "_local", meddled_look)
        assert ingest([folder], output).statuses == {"stale": 2, "unchanged": 19}
    tables = read_tables(output)
    assert {row["uri"].rpartition("/")[2]: row["category"] for row in tables["failures"]} == {
        "cut.pdf": "corrupt",
        "0001.md": "unavailable",
    }
    assert sorted(row["chunk_id"] for row in tables["chunks"]) == sorted(row["chunk_id"] for row in good["chunks"])
    (tmp_path / "away.md").rename(folder / "0001.md")
    (folder / "cut.pdf").write_bytes(whole)
    os.utime(folder / "cut.pdf", (1e9, 1e9))
    assert ingest([folder], output).statuses == {"ok": 1, "unchanged": 20}
    ingest([folder], tmp_path / "fresh")
    assert same_rows(read_tables(output)) == same_rows(read_tables(tmp_path / "fresh"))


def test_permissions_that_come_back_without_a_new_time_are_noticed(tmp_path, monkeypatch):
    """A superuser may read everything: the refusal is the fetcher's."""
    folder, output = tmp_path / "in", tmp_path / "out"
    documents(folder, 3)
    look = Fetcher._local

    def refused(self, ref, validators):
        if ref.path == "0001.md":
            raise Forbidden("no permission")
        return look(self, ref, validators)

    with monkeypatch.context() as patch:
        patch.setattr(Fetcher, "_local", refused)
        for statuses in ({"ok": 2, "failed": 1}, {"failed": 1, "unchanged": 2}, {"failed": 1, "unchanged": 2}):
            assert ingest([folder], output).statuses == statuses
    assert ingest([folder], output).statuses == {"ok": 1, "unchanged": 2}
    assert ingest([folder], output).statuses == {"unchanged": 3}


def test_sources_that_change_under_the_run_are_told_and_tried_again(tmp_path, monkeypatch):
    folder, output = tmp_path / "in", tmp_path / "out"
    for name in ("late", "later", "steady", "gone"):
        write(folder / f"{name}.md", f"# {name}\n\nOld words.\n")
    look, looks = Fetcher._local, Counter()

    def meddled_look(self, ref, validators):
        """One file changes and one goes after the listing; another one between fetching and parsing."""
        looks[ref.path] += 1
        if (ref.path, looks[ref.path]) in {("late.md", 1), ("later.md", 2)}:
            write(folder / ref.path, "# Other\n\nOther words.\n", age=-60)
        if ref.path == "gone.md":
            (folder / "gone.md").unlink(missing_ok=True)
        return look(self, ref, validators)

    with monkeypatch.context() as patch:
        patch.setattr(Fetcher, "_local", meddled_look)
        assert ingest([folder], output).statuses == {"ok": 1, "failed": 3}
    tables = read_tables(output)
    failures = {row["uri"].rpartition("/")[2]: (row["category"], row["retryable"]) for row in tables["failures"]}
    assert failures == {"late.md": ("changed", True), "later.md": ("changed", True), "gone.md": ("not_found", False)}
    check_output(tables)
    assert ingest([folder], output).statuses == {"ok": 2, "unchanged": 1}
    tables = read_tables(output)
    check_output(tables)
    ingest([folder], tmp_path / "fresh")
    assert same_rows(tables) == same_rows(read_tables(tmp_path / "fresh"))
