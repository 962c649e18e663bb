"""A stream on a real Flink cluster with checkpoints: documents drop in, a machine dies, some come twice.

[FLINK_STREAM_DOCUMENTS=200 FLINK_STREAM_MEDIAN=30] make test-flink
"""

import os
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from buckets import put_object
from cluster import FlinkCluster
from conftest import TOOLS
from pipeline_runs import ROOT, check_output, command, read_tables, start, without_run, write_pdf
from processes import wait_for

from schemas.failures import DocbeamError
from transforms.lake.snapshot import read_runs, snapshot

#: They drop in at this pace, so that 200 take a minute.
DOCUMENTS = int(os.environ.get("FLINK_STREAM_DOCUMENTS") or 40)
PACE = 0.3
#: Every so manieth document is written once more.
TWICE = 8
ENDED = {"CANCELED", "FINISHED", "FAILED"}
IN, OUT = "gs://in/inbox", "gs://out/stream"
#: Half of the documents must be visible to readers so many seconds after they arrived. Only a quiet machine and enough
#: documents for those before and after the crash to count tell something.
MEDIAN_SECONDS = float(os.environ.get("FLINK_STREAM_MEDIAN") or "inf")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, buckets, processes) -> Iterator[FlinkCluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        yield FlinkCluster(Path(TOOLS), tmp_path_factory.mktemp("flink"), processes)


class Reader:
    """Reads the documents table as any reader would, and notes when it saw each document first."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self.stop.wait(1.0):
            try:
                rows = snapshot(OUT).open("documents").to_table(columns=["path", "status"]).to_pylist()
            except DocbeamError:
                continue
            for row in rows:
                # An object that is written again while it is read may fail; its next version is on its way.
                if row["status"] == "ok":
                    self.seen.setdefault(row["path"], time.time())

    def close(self) -> None:
        self.stop.set()
        self._thread.join()


def drop(paths: list[Path], arrived: dict[str, float]) -> None:
    """One document after the other; some are written again a moment later, one of them with other content."""
    begin = time.monotonic()
    for number, path in enumerate(paths):
        time.sleep(max(0.0, begin + number * PACE - time.monotonic()))
        put_object("in", f"inbox/{path.name}", path.read_bytes())
        arrived[path.name] = time.time()
        if number % TWICE == TWICE - 1:
            put_object("in", f"inbox/{paths[number - 2].name}", paths[number - 2].read_bytes())


def stream(cluster: FlinkCluster, *flags: object) -> subprocess.Popen:
    # A cancelled job gives its slots back a moment later.
    wait_for("an idle cluster", lambda: all(job["state"] in ENDED for job in cluster.jobs()))
    words = ["stream", IN, "-o", OUT, "--runner", "flink", "--window", "5s", "--poll", "2s", *flags]
    return start(*words, "--", *cluster.flags())


def drained(process: subprocess.Popen) -> str:
    """End the stream as a user would; what it said."""
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told[-4000:]
    return told


def wait_for_documents(process: subprocess.Popen, reader: Reader, names: set[str], seconds: float) -> None:
    def all_seen() -> bool:
        assert process.poll() is None, process.stderr.read()[-4000:]
        return names <= set(reader.seen)

    wait_for(f"{len(names)} documents in the tables", all_seen, seconds)


def test_each_document_is_in_the_tables_once(tmp_path, cluster):
    paths = [tmp_path / f"{number:04}.pdf" for number in range(DOCUMENTS)]
    for number, path in enumerate(paths):
        write_pdf(path, 1, f"Lake {number}")
    put_object("in", "inbox/first.txt", b"The first document wakes the workers.\n")
    process = stream(cluster)
    reader = Reader()
    try:
        wait_for_documents(process, reader, {"first.txt"}, 300)
        arrived: dict[str, float] = {}
        dropping = threading.Thread(target=drop, args=(paths, arrived))
        dropping.start()
        wait_for("half of the documents", lambda: len(arrived) >= DOCUMENTS // 2, 300)
        cluster.kill_task_manager()
        cluster.start_task_manager()
        dropping.join()
        wait_for_documents(process, reader, {path.name for path in paths}, 600)
        changed = paths[0]
        write_pdf(changed, 2, "Another lake")
        put_object("in", f"inbox/{changed.name}", changed.read_bytes())
        wait_for("the new version", lambda: pages_of(changed.name) == 2, 300)
    finally:
        reader.close()
        drained(process)

    waits = sorted(reader.seen[path.name] - arrived[path.name] for path in paths)
    windows = [record for record in read_runs(OUT) if record.kind == "stream"]
    print(
        f"\n{DOCUMENTS} documents in {len(windows)} windows: visible after {statistics.median(waits):.1f} s (median), "
        f"{waits[len(waits) * 9 // 10]:.1f} s (9 of 10), {waits[-1]:.1f} s (last)"
    )
    tables = read_tables(OUT)
    assert sorted(row["path"] for row in tables["documents"]) == sorted(["first.txt", *(path.name for path in paths)])
    check_output(tables)
    job = cluster.jobs()[-1]
    assert cluster.failures(job["jid"]), "the job did not notice"
    assert statistics.median(waits) <= MEDIAN_SECONDS
    assert without_run(tables) == batch()


def pages_of(name: str) -> int:
    rows = snapshot(OUT).open("documents").to_table(columns=["path", "page_count"]).to_pylist()
    return next(row["page_count"] for row in rows if row["path"] == name)


def batch() -> dict:
    """The tables that a run of the local runner makes of the same objects."""
    words, environment = command("ingest", IN, "-o", "gs://out/batch", "--quiet")
    subprocess.run(words, env=environment, capture_output=True, timeout=1200, check=True)
    return without_run(read_tables("gs://out/batch"))


def test_a_stream_that_starts_again_works_on_what_came_meanwhile_only(cluster):
    before = {row["path"]: row["run_id"] for row in read_tables(OUT)["documents"]}
    put_object("in", "inbox/meanwhile.txt", b"Nobody listened when this came.\n")
    process = stream(cluster)
    reader = Reader()
    try:
        wait_for_documents(process, reader, {"meanwhile.txt"}, 300)
    finally:
        reader.close()
        drained(process)
    after = {row["path"]: row["run_id"] for row in read_tables(OUT)["documents"]}
    assert after.keys() - before.keys() == {"meanwhile.txt"}
    assert {name: after[name] for name in before} == before
