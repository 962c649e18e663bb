"""Whole runs with the layout model: which pages it sees, batches across documents, the same rows for every batch."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from pipeline_runs import check_output, ingest, options_for, read_tables, rows_of, without_run, write_pdf

from beam_pipeline.jobs.local_run import run
from schemas.failures import ConfigurationError
from schemas.options import ExtractOptions, LayoutOptions, RunOptions


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Seven documents of one or two pages, one of six, and one that no model reads."""
    folder = tmp_path_factory.mktemp("pages")
    for number in range(7):
        write_pdf(folder / f"d{number}.pdf", 1 + number % 2, f"Lake {number}")
    write_pdf(folder / "long.pdf", 6, "Rivers")
    (folder / "notes.md").write_text("# Notes\n\nNothing for a model here.\n")
    return folder


@pytest.fixture(scope="module")
def run_with(pages, tmp_path_factory):
    """(report, tables) of a run over the pages with these layout options, on one thread's bundles."""

    def run_with(layout, **extract):
        output = tmp_path_factory.mktemp("out")
        options = options_for([pages], output, extract=ExtractOptions(**extract))
        report = run(replace(options, layout=layout))
        tables = read_tables(output)
        check_output(tables)
        return report, tables

    return run_with


@pytest.fixture(scope="module")
def always(run_with):
    return run_with(LayoutOptions(mode="always"))


def routes(tables):
    by_id = {row["doc_id"]: row["path"] for row in tables["documents"]}
    return {(by_id[row["doc_id"]], row["page"]): (row["route"], row["reason"]) for row in tables["pages"]}


def test_always_shows_the_model_every_page(always):
    report, tables = always
    of_pdf = {key: value for key, value in routes(tables).items() if key[0].endswith(".pdf")}
    assert len(of_pdf) == 16
    assert set(of_pdf.values()) == {("full", "asked for")}
    assert routes(tables)[("notes.md", 1)] == ("flow", "")
    image = report.batches["image"]
    assert sum(size * count for size, count in image.items()) == 16


def test_never_shows_it_none(run_with):
    report, tables = run_with(LayoutOptions(mode="never"))
    assert {route for route, _ in routes(tables).values()} == {"geometry", "flow"}
    assert report.batches == {}


@pytest.mark.parametrize("size", [2, 8])
def test_every_batch_size_gives_the_same_rows(always, run_with, size):
    report, tables = run_with(LayoutOptions(mode="always", batch_pages=size))
    assert without_run(tables) == without_run(always[1])
    sizes = report.batches["image"]
    assert max(sizes) > 1 and max(sizes) <= size


def test_batches_cross_documents(run_with):
    report, _ = run_with(LayoutOptions(mode="always", batch_pages=8), workers=1)
    assert max(report.batches["documents"]) > 1


def test_pages_of_a_split_document_are_joined_again(always, run_with):
    _, tables = run_with(LayoutOptions(mode="always"), part_pages=2)
    assert without_run(tables) == without_run(always[1])


def test_a_page_with_too_many_lines_stays_with_geometry(run_with):
    _, tables = run_with(LayoutOptions(mode="always", max_lines=3))
    found = [value for key, value in routes(tables).items() if key[0].endswith(".pdf")]
    assert {route for route, _ in found} == {"geometry"}
    assert all("asked for, but more than 3 lines" in reason for _, reason in found)
    assert len(rows_of(tables, "pages", tables["documents"][0]["doc_id"]))


def test_layout_options_are_part_of_the_fingerprint(pages, tmp_path):
    first = ingest([pages / "d0.pdf"], tmp_path)
    assert first.statuses == {"ok": 1}
    assert ingest([pages / "d0.pdf"], tmp_path).statuses == {"unchanged": 1}
    options = options_for([pages / "d0.pdf"], tmp_path)
    assert run(replace(options, layout=LayoutOptions(mode="always"))).statuses == {"ok": 1}


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    """A detector that sees a heading at the top of every page, and its description."""
    layout = Path(__file__).parents[1] / "layout" / "detector_models.py"
    spec = importlib.util.spec_from_file_location("detector_models", layout)
    models = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(models)
    folder = tmp_path_factory.mktemp("detector")
    box = np.array([[32.0, 7.0, 60.0, 6.0, 0.9]], np.float32).T
    (folder / "own.onnx").write_bytes(models.constant({"output0": np.repeat(box, 8, axis=1)}))
    (folder / "own.toml").write_text(
        'convention = "yolo"\n[input]\nwidth = 64\nheight = 64\n[classes]\n0 = "heading"\n', encoding="utf-8"
    )
    return folder / "own.onnx"


def test_a_detector_of_the_users_own_sees_the_pages(always, run_with, detector):
    report, tables = run_with(LayoutOptions(mode="always", model=str(detector), batch_pages=4))
    assert {route for (path, _), (route, _) in routes(tables).items() if path.endswith(".pdf")} == {"detector"}
    sizes = report.batches["detector"]
    assert sum(size * count for size, count in sizes.items()) == 16 and max(sizes) > 1
    versions = [{row["path"]: row["fingerprint"] for row in of["documents"]} for of in (tables, always[1])]
    # Only what the detector saw depends on it.
    assert versions[0].keys() == versions[1].keys()
    for path, made_by in versions[0].items():
        assert (made_by != versions[1][path]) == path.endswith(".pdf")


def test_a_detector_that_is_not_there_stops_the_run_at_its_start(pages, detector, tmp_path):
    options = options_for([pages], tmp_path / "out")
    for model, message in ((detector.with_name("gone.onnx"), "gone.onnx"), (detector.with_suffix(".pt"), ".onnx")):
        with pytest.raises(ConfigurationError, match=message):
            run(replace(options, layout=LayoutOptions(model=str(model))))


def test_a_device_that_is_not_there_stops_the_run_at_its_start(pages, tmp_path):
    options = options_for([pages], tmp_path / "out")
    with pytest.raises(ConfigurationError, match="fp16"):
        run(replace(options, run=RunOptions(device="cpu", precision="fp16")))
