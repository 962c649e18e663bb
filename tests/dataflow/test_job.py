"""The job that `--runner dataflow` posts, read from what it staged and sent: no Dataflow service has seen it.

make test-dataflow
"""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2 as beam_api
from buckets import object_bytes, object_names
from google.cloud.dataflow import Job, JobType

from beam_pipeline.jobs.submit import job
from runners import dataflow
from schemas.options import LayoutOptions, OcrOptions, Options, RunOptions, SourceOptions, WriteOptions
from schemas.plan import RunFacts

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "example.com/docbeam:0.1.0"
CLOUD = ["--project=docbeam-tests", "--region=us-central1", f"--sdk_container_image={IMAGE}"]
ACCELERATOR = common_urns.resource_hints.ACCELERATOR.urn
MIN_RAM = common_urns.resource_hints.MIN_RAM_BYTES.urn
DONE = {"id": "2026-11-21_job", "name": "docbeam", "currentState": "JOB_STATE_DONE", "projectId": "docbeam-tests"}


def options(device: str) -> Options:
    return Options(
        source=SourceOptions(inputs=("gs://in/docs",)),
        write=WriteOptions(output="gs://out/tables"),
        layout=LayoutOptions(mode="auto"),
        ocr=OcrOptions(mode="auto", engine="onnx"),
        run=RunOptions(runner="dataflow", device=device),
    )


def posted(device: str, folder: Path) -> tuple[dict, beam_api.Pipeline]:
    """The job request and the graph that a run would post."""
    prefix = f"gs://tmp/{device}"
    args = [*CLOUD, f"--temp_location={prefix}", f"--template_location={folder}/job.json"]
    job(options(device), dataflow.pipeline_options(options(device), args), RunFacts(run_id="run")).run()
    (graph,) = [name for name in object_names("tmp", device) if name.endswith("/pipeline.pb")]
    return json.loads((folder / "job.json").read_text()), beam_api.Pipeline.FromString(object_bytes("tmp", graph))


@pytest.fixture(scope="module")
def on_gpu(tmp_path_factory) -> tuple[dict, beam_api.Pipeline]:
    return posted("cuda", tmp_path_factory.mktemp("gpu"))


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory) -> tuple[dict, beam_api.Pipeline]:
    return posted("cpu", tmp_path_factory.mktemp("cpu"))


def steps_with(hint: str, graph: beam_api.Pipeline) -> dict[str, str]:
    """Value of a resource hint by the names of the elementary steps that carry it."""
    found = {}
    for step in graph.components.transforms.values():
        hints = graph.components.environments[step.environment_id].resource_hints if step.environment_id else {}
        if hint in hints and not step.subtransforms:
            found[step.unique_name] = hints[hint].decode()
    return found


def test_only_inference_steps_ask_for_the_accelerator(on_gpu):
    """Those of the layout model, for small and for large documents, and those of OCR: they are all RunInference."""
    graph = on_gpu[1]
    found = steps_with(ACCELERATOR, graph)
    assert set(found.values()) == {"type:nvidia-l4;count:1;install-nvidia-driver"}
    assert {name.split("RunInference")[0] for name in found} == {
        name.split("RunInference")[0]
        for step in graph.components.transforms.values()
        if "RunInference" in (name := step.unique_name)
    }
    assert all("RunInference" in name for name in found), found
    for stage in ("Layout/", "LayoutGroups/", "ReadScans/"):
        assert any(stage in name for name in found), stage
    assert set(steps_with(MIN_RAM, graph)) == set(found)


def test_without_a_gpu_there_is_one_kind_of_machine(on_cpu):
    assert not steps_with(ACCELERATOR, on_cpu[1])
    assert len(on_cpu[1].components.environments) == 1


@pytest.mark.parametrize("device", ["cuda", "cpu"])
def test_the_package_travels_with_the_job_and_nothing_is_downloaded_at_start(request, device):
    description, graph = request.getfixturevalue({"cuda": "on_gpu", "cpu": "on_cpu"}[device])
    (pool,) = description["environment"]["workerPools"]
    staged = {package["name"] for package in pool["packages"]}
    wheels = {name for name in staged if name.endswith(".whl")}
    assert len(wheels) == 1 and next(iter(wheels)).startswith("docbeam-")
    # A requirements file is what would make workers ask a package index when they start.
    assert not staged & {"requirements.txt", "workflow.tar.gz"}
    assert {image["containerImage"] for image in pool["sdkHarnessContainerImages"]} == {IMAGE}
    for environment in graph.components.environments.values():
        payload = beam_api.DockerPayload.FromString(environment.payload)
        assert payload.container_image == IMAGE


def test_one_sdk_process_per_machine_holds_the_models_once(on_gpu):
    assert "no_use_multiple_sdk_containers" in on_gpu[0]["environment"]["experiments"]
    assert "use_multiple_sdk_containers" not in on_gpu[0]["environment"]["experiments"]


class Service:
    """Stands in for Dataflow: keeps what is posted, and says that the job is done."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict]] = []
        service = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.requests.append((self.path, json.loads(body)))
                self.answer()

            def do_GET(self) -> None:
                self.answer()

            def answer(self) -> None:
                body = json.dumps({} if "/messages" in self.path or "/metrics" in self.path else DONE).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def run(*beam: str) -> subprocess.CompletedProcess[str]:
    code = "from beam_pipeline.cli.app import main; main()"
    words = [sys.executable, "-c", code, "ingest", "gs://in/docs", "-o", "gs://out/tables", "--runner", "dataflow"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*words, "--device", "cuda", "--quiet", "--", *CLOUD, "--temp_location=gs://tmp/cli", *beam],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )


def test_the_command_posts_the_job_to_the_service():
    service = Service()
    done = run(f"--dataflow_endpoint=http://localhost:{service.server.server_port}")
    ((path, body),) = service.requests
    assert path.startswith("/v1b3/projects/docbeam-tests/locations/us-central1/jobs")
    # Clients send the numbers of enums, or their names.
    assert Job.from_json(json.dumps(body)).type_ == JobType.JOB_TYPE_BATCH
    images = body["environment"]["workerPools"][0]["sdkHarnessContainerImages"]
    assert {image["containerImage"] for image in images} == {IMAGE}
    # The stand-in did no work: the report, read from the tables, says so.
    assert done.returncode == 0, done.stderr[-3000:]
    assert "documents  0" in done.stdout
    service.server.shutdown()


def test_classic_templates_are_refused(tmp_path):
    done = run(f"--template_location={tmp_path}/job.json")
    assert done.returncode == 2
    assert "use the flex template" in done.stderr
