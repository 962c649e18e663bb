"""Whole runs on a real Flink cluster, from bucket to bucket, against the same runs of the local runner.

make test-flink [CORPUS=FOLDER [SETS=A,B]]
"""

import json
import os
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pymupdf
import pytest
from buckets import object_names, upload
from cluster import FlinkCluster
from conftest import TOOLS
from pipeline_runs import ROOT, check_output, command, read_tables, without_run, write_pdf
from processes import wait_for

PLUGINS = ROOT / "tests/plugins"
EXAMPLES = ROOT / "examples/documents"
#: Documents of the user, or a corpus with splits; of the latter, these sets of the split `dev`.
CORPUS = os.environ.get("FLINK_TEST_CORPUS", "")
SETS = os.environ.get("FLINK_TEST_SETS", "").split(",")
#: Documents of the run whose TaskManager dies; enough for a quarter of a minute.
MANY = 90
#: Every page goes through the models, and OCR through the engine that every machine has.
MODELS = ("--layout", "always", "--ocr", "auto", "--ocr-engine", "onnx")
#: What no run takes, in seconds; a large corpus on a busy machine takes its time.
HOURS = 3 * 3600


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, buckets, processes) -> FlinkCluster:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{PLUGINS}{os.pathsep}{ROOT}")
        return FlinkCluster(Path(TOOLS), tmp_path_factory.mktemp("flink"), processes)


def ingest(source: str, output: str, *flags: object, beam: list[str] | None = None) -> dict:
    """Run `docbeam ingest` and return its report."""
    words, environment = command("ingest", source, "-o", output, "--quiet", "--json", *flags, plugins=PLUGINS)
    words += ["--", *beam] if beam else []
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=HOURS, check=False)
    assert done.returncode in (0, 1), done.stderr[-4000:]
    return json.loads(done.stdout)


def on_both(source: str, name: str, cluster: FlinkCluster, *flags: object) -> tuple[dict, dict]:
    """The tables of the local runner and of Flink."""
    ingest(source, f"gs://out/{name}-local", *flags)
    ingest(source, f"gs://out/{name}-flink", *flags, "--runner", "flink", beam=cluster.flags())
    return tables(f"{name}-local"), tables(f"{name}-flink")


def tables(name: str) -> dict:
    return without_run(read_tables(f"gs://out/{name}"))


def differing(left: dict, right: dict) -> list[str]:
    """The first differences in words: a comparison of whole tables would print megabytes."""
    found = []
    for name, rows in left.items():
        if len(rows) != len(right[name]):
            found.append(f"{name}: {len(rows)} and {len(right[name])} rows")
        for one, other in zip(rows, right[name], strict=False):
            columns = [column for column in one if one[column] != other[column]]
            found += [f"{name}.{c} of {one['doc_id']}: {one[c]!s:.200} and {other[c]!s:.200}" for c in columns]
    return found[:20]


def write_scan(path: Path) -> None:
    """A page that is an image of one."""
    with pymupdf.open(EXAMPLES / "report.pdf") as report, pymupdf.open() as scan:
        image = report[0].get_pixmap(dpi=150).tobytes("png")
        page = scan.new_page(width=report[0].rect.width, height=report[0].rect.height)
        page.insert_image(page.rect, stream=image)
        scan.save(path)


def test_every_table_equals_the_local_runners(cluster, tmp_path):
    """With the layout model on every page, and OCR."""
    write_scan(tmp_path / "scan.pdf")
    upload(EXAMPLES, "in", "corpus")
    upload(tmp_path, "in", "corpus")
    local, flink = on_both("gs://in/corpus", "corpus", cluster, *MODELS)
    assert local["documents"] and local["chunks"]
    assert sum("ocr onnx" in row["route"] for row in local["pages"]) == 1
    assert not differing(local, flink)
    check_output(flink)
    assert cluster.jobs()[-1]["state"] == "FINISHED"
    assert not object_names("out", "corpus-flink/_staging")


@pytest.mark.skipif(not CORPUS, reason="make test-flink CORPUS=FOLDER")
def test_a_corpus_too(cluster):
    for folder in corpus_folders(Path(CORPUS)):
        upload(folder, "in", f"own/{folder.relative_to(CORPUS)}")
    started = time.monotonic()
    local, flink = on_both("gs://in/own", "own", cluster, "--layout", "auto", "--ocr", "auto", "--max-failure-ratio", 1)
    job = cluster.jobs()[-1]
    counts = {name: len(rows) for name, rows in flink.items()}
    routes = Counter(row["route"] for row in flink["pages"])
    print(f"{counts}, routes {dict(routes)}, {time.monotonic() - started:.0f} s for both runs")
    print(f"Flink job {job['jid']}: {job['state']} after {job['duration'] / 1000:.0f} s")
    assert not differing(local, flink)
    check_output(flink)
    assert job["state"] == "FINISHED"


def corpus_folders(corpus: Path) -> list[Path]:
    """The documents of the sets, without their truth; all of a folder that has no sets."""
    if not (corpus / "dev").is_dir():
        return [corpus]
    folders = [folder for name in SETS for folder in sorted((corpus / "dev" / name).iterdir()) if folder.is_dir()]
    return [folder for folder in folders if folder.name != "truth"]


def test_a_second_run_finds_nothing_to_do(cluster):
    before = tables("corpus-flink")
    report = ingest("gs://in/corpus", "gs://out/corpus-flink", *MODELS, "--runner", "flink", beam=cluster.flags())
    assert report["statuses"] == {"unchanged": len(before["documents"])}
    assert not differing(before, tables("corpus-flink"))


@pytest.mark.parametrize("format_name", ["parquet", "avro"])
def test_plain_formats_go_to_buckets_too(cluster, format_name):
    flags = (*MODELS, "--format", format_name, "--runner", "flink")
    ingest("gs://in/corpus", f"gs://out/{format_name}", *flags, beam=cluster.flags())
    assert not differing(tables("corpus-flink"), tables(format_name))


def test_poisoned_documents_become_one_failure_each(tmp_path, cluster):
    for word in ("segfault", "hang", "fine", "well"):
        (tmp_path / f"{word}.tcl").write_text(word)
    upload(tmp_path, "in", "poison")
    limits = ("--document-timeout", 4, "--max-failure-ratio", 1)
    local, flink = on_both("gs://in/poison", "poison", cluster, *limits)
    check_output(flink)
    status = {row["path"]: row["status"] for row in flink["documents"]}
    assert status == {"fine.tcl": "ok", "well.tcl": "ok", "hang.tcl": "failed", "segfault.tcl": "failed"}
    assert [row["category"] for row in flink["failures"]] == [row["category"] for row in local["failures"]]
    assert len(flink["failures"]) == 2
    assert flink["chunks"] == local["chunks"]
    assert cluster.jobs()[-1]["state"] == "FINISHED"


def test_a_killed_task_manager_costs_time_and_nothing_else(tmp_path, cluster, processes):
    for number in range(MANY):
        write_pdf(tmp_path / f"{number:03}.pdf", 6, f"Lake {number}")
    upload(tmp_path, "in", "many")
    ingest("gs://in/many", "gs://out/many-local")

    log = processes.logs / "gcs-proxy.out"
    before = log.stat().st_size

    def fetched() -> int:
        """Documents that workers of Flink asked for so far."""
        return len({line for line in log.read_text()[before:].splitlines() if "/o/many%2F" in line})

    outcome: dict[str, dict] = {}

    def run() -> None:
        outcome["report"] = ingest("gs://in/many", "gs://out/many-flink", "--runner", "flink", beam=cluster.flags())

    thread = threading.Thread(target=run)
    thread.start()
    wait_for("a third of the documents", lambda: fetched() > MANY // 3, 1800)
    cluster.kill_task_manager()
    assert fetched() < MANY, "the job was done before its TaskManager was killed"
    cluster.start_task_manager()
    thread.join(HOURS)
    assert outcome["report"]["statuses"] == {"ok": MANY}
    flink = tables("many-flink")
    assert not differing(tables("many-local"), flink)
    check_output(flink)
    job = cluster.jobs()[-1]
    assert job["state"] == "FINISHED"
    assert cluster.failures(job["jid"]), "the job did not notice"


@pytest.mark.parametrize(
    ("flags", "fix"),
    [
        (["--flink_master=localhost:1"], "no Flink JobManager answers"),
        (["--flink_version=1.20"], "give -- --flink_version=1.19"),
    ],
)
def test_preflight_ends_in_seconds_with_the_fix(cluster, flags, fix):
    beam = [f for f in cluster.flags() if "skew" not in f and "jar" not in f and f.split("=")[0] not in flags[0]]
    words, environment = command(
        "ingest", "gs://in/corpus", "-o", "gs://out/x", "--runner", "flink", "--", *beam, *flags
    )
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, fix in done.stderr) == (2, True), done.stderr


def test_the_skew_of_this_very_stack_is_noticed(cluster):
    beam = [flag for flag in cluster.flags() if "skew" not in flag]
    words, environment = command("ingest", "gs://in/corpus", "-o", "gs://out/x", "--runner", "flink", "--", *beam)
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 2
    assert "the job server is Beam 2.62.0, this is Beam" in done.stderr


def test_workers_with_other_versions_stop_the_job(cluster, tmp_path):
    """The submitter has a plugin that the workers lack."""
    other = tmp_path / "docbeam_other-1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: docbeam-other\nVersion: 1\n")
    (other / "entry_points.txt").write_text("[docbeam.extractors]\nother = docbeam_testplugin:DeadlyExtractor\n")
    words, environment = command(
        "ingest", "gs://in/corpus", "-o", "gs://out/skew", "--runner", "flink", plugins=PLUGINS
    )
    environment["PYTHONPATH"] += f"{os.pathsep}{tmp_path}"
    words += ["--", *cluster.flags()]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=HOURS, check=False)
    assert done.returncode == 2, done.stderr[-2000:]
    assert "the workers have other versions" in done.stderr
    assert not tables("skew")["documents"]
