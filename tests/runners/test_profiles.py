"""Flags and preflight checks of the cluster profiles. Clusters are tested in tests/flink and tests/dataflow."""

import importlib.util
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
from apache_beam.options.pipeline_options import (
    DebugOptions,
    FlinkRunnerOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)
from apache_beam.version import __version__ as beam_version

from beam_pipeline.cli.commands.ingest import startup_line
from runners import dataflow, flink
from runners.checks import SHARED_FILES, VERSION_SKEW, check_continuous, check_places
from runners.package import build_wheel, checkout
from schemas.failures import ConfigurationError
from schemas.options import Options, RunOptions, SourceOptions, WriteOptions

ROOT = Path(__file__).resolve().parents[2]
REMOTE = Options(source=SourceOptions(inputs=("gs://in/docs",)), write=WriteOptions(output="gs://out/tables"))
POOL = ("--environment_type=EXTERNAL", "--environment_config=localhost:50000")
CLOUD = ("--project=docbeam-tests", "--region=r", "--temp_location=gs://tmp/x", "--sdk_container_image=example.com/i:1")


class JobManager:
    """Answers /overview like Flink does, and has a job of each name; one that is cancelled takes a while to end."""

    def __init__(self, version: str = "1.20.1", slots: int = 6) -> None:
        body = json.dumps(
            {"taskmanagers": 3, "slots-total": slots, "flink-version": version, "jobs-running": 0}
        ).encode()

        self.states = {"mine": "RUNNING", "other": "RUNNING"}
        states = self.states

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                jobs = {
                    "jobs": [{"jid": f"id-{n}", "name": n, "state": state, "tasks": {}} for n, state in states.items()]
                }
                ending = [name for name, state in states.items() if state == "CANCELLING"]
                states.update(dict.fromkeys(ending, "CANCELED"))
                answers = {"/overview": body, "/jobs/overview": json.dumps(jobs).encode()}
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answers.get(self.path, b""))

            def do_PATCH(self) -> None:
                states[self.path.removeprefix("/jobs/id-")] = "CANCELLING"
                self.send_response(202)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_a_job_is_cancelled_at_the_cluster_and_ends():
    manager = JobManager()
    flags = flink.pipeline_options(
        REMOTE, (f"--flink_master={manager.address}", *POOL, f"--experiments={VERSION_SKEW}")
    )
    flink.cancel(flags, "mine")
    assert manager.states == {"mine": "CANCELED", "other": "RUNNING"}
    manager.server.shutdown()
    manager.server.server_close()
    with pytest.raises(ConfigurationError, match="cancel it in Flink"):
        flink.cancel(flags, "other")


def test_the_first_line_names_the_engine_and_not_the_cores_of_the_submitter():
    line = startup_line(msgspec.structs.replace(REMOTE, run=RunOptions(runner="flink")))
    assert "gs://out/tables" in line and "on flink" in line
    assert "workers" not in line
    assert "workers" in startup_line(REMOTE)


@pytest.fixture
def manager() -> Iterator[JobManager]:
    found = JobManager()
    yield found
    found.server.shutdown()


def job_server(path: Path, version: str) -> str:
    with zipfile.ZipFile(path, "w") as jar:
        jar.writestr("org/apache/beam/sdk/sdk.properties", f"# SDK\nversion={version}\nsdk_version={version}\n")
    return f"--flink_job_server_jar={path}"


def message(call, *args: object) -> str:
    with pytest.raises(ConfigurationError) as raised:
        call(*args)
    return str(raised.value)


def test_flink_takes_the_clusters_slots_and_rolls_files_by_the_minute(manager):
    flags = flink.pipeline_options(REMOTE, [f"--flink_master={manager.address}", "--flink_version=1.20", *POOL])
    assert flags.view_as(StandardOptions).runner == "FlinkRunner"
    assert flags.view_as(FlinkRunnerOptions).parallelism == 6
    assert flags.get_all_options(retain_unknown_options=True)["max_bundle_time_mills"] == "60000"


def test_flags_of_the_user_win(manager):
    given = [f"--flink_master=http://{manager.address}/", "--flink_version=1.20", *POOL]
    flags = flink.pipeline_options(REMOTE, [*given, "--parallelism=2", "--max_bundle_time_mills=5"])
    assert flags.view_as(FlinkRunnerOptions).parallelism == 2
    assert flags.get_all_options(retain_unknown_options=True)["max_bundle_time_mills"] == "5"


@pytest.mark.parametrize(
    ("args", "fix"),
    [
        (POOL, "give -- --flink_master=HOST:8081"),
        (("--flink_master=127.0.0.1:9", *POOL), "no Flink JobManager answers at http://127.0.0.1:9/overview"),
        (("--job_endpoint=127.0.0.1:9", *POOL), "no job server answers at --job_endpoint=127.0.0.1:9"),
        (("--job_endpoint=nonsense", *POOL), "no job server answers"),
        (("--flink_master=h:1",), "build deploy/docker/Dockerfile"),
        (("--flink_master=h:1", "--extra_package=x.whl"), "comes without its requirements"),
        (("--flink_master=h:1", "--environment_type=EXTERNAL"), "--environment_config=localhost:50000"),
        (("--flink_master=h:1", "--environment_type=LOOPBACK"), "use EXTERNAL, DOCKER or PROCESS"),
        (("--flink_master=h:1", "--streaming", *POOL), "--checkpointing_interval=10000"),
    ],
)
def test_flink_refuses_with_the_fix(args, fix):
    assert fix in message(flink.pipeline_options, REMOTE, args)


def test_a_job_server_that_answers_is_enough(manager):
    flags = flink.pipeline_options(REMOTE, [f"--job_endpoint={manager.address}", *POOL])
    assert flags.view_as(FlinkRunnerOptions).parallelism == -1


def test_an_embedded_flink_needs_nothing():
    local = Options(source=SourceOptions(inputs=("/in",)), write=WriteOptions(output="/out"))
    flags = flink.pipeline_options(local, ["--flink_master=[local]"])
    assert flags.view_as(FlinkRunnerOptions).flink_master == "[local]"


def test_versions_that_do_not_fit_are_named(tmp_path, manager):
    base = [f"--flink_master={manager.address}", *POOL]
    assert "give -- --flink_version=1.20" in message(flink.pipeline_options, REMOTE, base)
    old = [*base, job_server(tmp_path / "old.jar", "2.1.0")]
    assert f"the job server is Beam 2.1.0, this is Beam {beam_version}" in message(flink.pipeline_options, REMOTE, old)
    assert flink.pipeline_options(REMOTE, [*base, job_server(tmp_path / "new.jar", beam_version)])
    flags = flink.pipeline_options(REMOTE, [*old, f"--experiments={VERSION_SKEW}"])
    assert flags.view_as(DebugOptions).lookup_experiment(VERSION_SKEW)


def test_clusters_that_cannot_run_anything_are_named():
    for version, slots, fix in (("1.12.0", 1, "Beam 2."), ("1.20.1", 0, "has no TaskManager")):
        cluster = JobManager(version, slots)
        assert fix in message(flink.pipeline_options, REMOTE, [f"--flink_master={cluster.address}", *POOL])
        cluster.server.shutdown()


def test_jars_that_are_no_job_servers(tmp_path):
    (tmp_path / "text.jar").write_text("no archive")
    assert "is not a Beam job server" in message(flink.jar_version, str(tmp_path / "text.jar"))
    assert "no such job server" in message(flink.jar_version, str(tmp_path / "missing.jar"))
    assert flink.jar_version("https://example.com/server.jar") == ""


@pytest.mark.parametrize(
    ("inputs", "output", "named"),
    [
        (("docs", "gs://in/x"), "gs://out", "docs"),
        (("gs://in/x", "-"), "/tmp/out", "/tmp/out"),
        (("file:///docs",), "s3://out", "file:///docs"),
    ],
)
def test_local_places_are_out_of_reach_for_workers(inputs, output, named):
    options = Options(source=SourceOptions(inputs=inputs), write=WriteOptions(output=output))
    flags = flink.PipelineOptions([])
    assert f"workers cannot reach {named} on this machine" in message(check_places, options, flags)
    check_places(options, flink.PipelineOptions([f"--experiments={SHARED_FILES}"]))


def test_streaming_without_checkpoints_would_stop_unnoticed():
    flags = flink.PipelineOptions(["--streaming"])
    assert "would stop after its first poll" in message(lambda: check_continuous(flags, checkpoints=False))
    check_continuous(flags, checkpoints=True)
    check_continuous(flink.PipelineOptions([]), checkpoints=False)


@pytest.fixture
def with_extra(monkeypatch):
    """As if Beam's Google Cloud extra were installed."""
    real = importlib.util.find_spec
    monkeypatch.setattr(
        dataflow.importlib.util, "find_spec", lambda name, *rest: object() if name == "apitools" else real(name, *rest)
    )


def test_dataflow_stages_a_wheel_of_this_checkout(with_extra):
    flags = dataflow.pipeline_options(REMOTE, CLOUD)
    (wheel,) = flags.view_as(SetupOptions).extra_packages
    names = zipfile.ZipFile(wheel).namelist()
    assert {"transforms/sandbox/pool.py", "runners/dataflow.py", "beam_pipeline/py.typed"} <= set(names)
    assert any(name.startswith("transforms/chunk/vocabularies/") for name in names)
    assert not [name for name in names if name.split("/")[0] in {"tests", "examples", "benchmarks"}]
    assert not flags.view_as(SetupOptions).save_main_session
    assert "no_use_multiple_sdk_containers" in flags.view_as(DebugOptions).experiments


def test_dataflow_keeps_what_the_user_stages(with_extra):
    flags = dataflow.pipeline_options(REMOTE, [*CLOUD, "--extra_package=mine.whl"])
    assert flags.view_as(SetupOptions).extra_packages == ["mine.whl"]
    assert flags.view_as(WorkerOptions).sdk_container_image == "example.com/i:1"


@pytest.mark.parametrize(
    ("args", "fix"),
    [
        ((), "--project=PROJECT --region=REGION --temp_location=TEMP_LOCATION"),
        (CLOUD[:3], "give -- --sdk_container_image=IMAGE"),
        ((*CLOUD[:2], "--temp_location=/tmp/x", CLOUD[3]), "not in /tmp/x: use gs://"),
        ((*CLOUD, "--requirements_file=r.txt"), "install them in the image"),
    ],
)
def test_dataflow_refuses_with_the_fix(with_extra, args, fix):
    assert fix in message(dataflow.pipeline_options, REMOTE, args)


def test_dataflow_without_its_extra(monkeypatch):
    monkeypatch.setattr(dataflow.importlib.util, "find_spec", lambda name: None)
    assert f"pip install 'apache-beam[gcp]=={beam_version}'" in message(dataflow.pipeline_options, REMOTE, CLOUD)
    assert dataflow.job_errors() == (RuntimeError,)


def test_only_dataflow_with_a_named_gpu_gets_hints():
    def hints(runner: str, device: str) -> dict[str, str]:
        return dataflow.inference_hints(
            Options(run=RunOptions(runner=runner, device=device, accelerator="type:x;count:1"))
        )

    assert hints("dataflow", "cuda") == {"accelerator": "type:x;count:1", "min_ram": "16GB"}
    assert hints("dataflow", "tensorrt") == hints("dataflow", "cuda")
    assert hints("dataflow", "auto") == hints("dataflow", "cpu") == hints("flink", "cuda") == {}


def test_wheels_that_cannot_be_made_say_why(tmp_path):
    (tmp_path / "setup.py").write_text("raise SystemExit('a broken setup')")
    assert "a broken setup" in message(build_wheel, tmp_path, tmp_path / "out")


def test_this_is_a_checkout():
    assert checkout() == ROOT
