"""What an observer hears of real runs while they work."""

import threading

import pytest
from msgspec.structs import replace
from pipeline_runs import options_for, write_pdf
from test_ocr_runs import write_pages

import beam_pipeline.jobs.local_run
from beam_pipeline.jobs.local_run import run
from schemas.options import LayoutOptions, OcrOptions
from schemas.report import Progress
from transforms.runtime.activity import Activity


class Listener:
    """Keeps every snapshot."""

    def __init__(self) -> None:
        self.heard: list[Progress] = []

    def on_progress(self, snapshot: Progress) -> None:
        self.heard.append(snapshot)

    def pages(self, stage: str) -> set[tuple[int, int]]:
        return {(item.pages, item.of) for snapshot in self.heard for item in snapshot.in_hand if item.stage == stage}

    def stages(self) -> set[str]:
        return {item.stage for snapshot in self.heard for item in snapshot.in_hand}


@pytest.fixture
def listener(monkeypatch):
    monkeypatch.setattr(beam_pipeline.jobs.local_run, "SECONDS_BETWEEN_SNAPSHOTS", 0.002)
    return Listener()


def test_scans_are_counted_page_by_page(tmp_path, listener):
    (tmp_path / "in").mkdir()
    write_pages(tmp_path / "in" / "scans.pdf", [(f"Page {number}", True) for number in range(6)])
    options = replace(options_for([tmp_path / "in"], tmp_path / "out"), ocr=OcrOptions(engine="onnx"))
    report = run(options, observer=listener)
    assert report.pages == {"ocr": 6}
    assert {(2, 6), (4, 6)} <= listener.pages("ocr")
    assert {of for _, of in listener.pages("layout")} == {6}
    assert {"plan", "start", "commit"} <= listener.stages()
    # All of it is done with.
    assert listener.heard[-1].in_hand == () and listener.heard[-1].documents == 1


def test_pages_of_one_long_document_move(tmp_path, listener):
    (tmp_path / "in").mkdir()
    write_pdf(tmp_path / "in" / "long.pdf", 900)
    options = replace(options_for([tmp_path / "in"], tmp_path / "out"), layout=LayoutOptions(mode="never"))
    run(options, observer=listener)
    read = {pages for pages, of in listener.pages("extract") if of == 900}
    assert len(read) > 1 and max(read) > 0


def test_threads_are_told_apart():
    here = Activity()
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with here.at("extract"):
            here.reach(5, 100)
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait(10)
    with here.at("extract"):
        here.reach(1, 10)
        (found,) = here.read()
        assert (found.documents, found.pages, found.of) == (2, 6, 110)
    leave.set()
    thread.join()
    assert here.read() == ()
