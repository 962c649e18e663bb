"""Google Cloud Dataflow: the flags that a job needs, checks before it is posted, and what the models' step asks for."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, SetupOptions, WorkerOptions
from apache_beam.version import __version__ as beam_version

from runners.checks import check_places, stages_package
from runners.package import build_wheel, checkout
from schemas.failures import ConfigurationError
from schemas.options import Options

#: Threads per SDK process: parsing is in processes of its own, and the models release the interpreter's lock.
HARNESS_THREADS = 12
#: What a step with models needs beside its accelerator.
MODEL_RAM = "16GB"
#: Each machine runs one SDK process, with one copy of the models.
EXPERIMENTS = ("use_runner_v2", "no_use_multiple_sdk_containers")


def pipeline_options(options: Options, beam_args: Sequence[str] = ()) -> PipelineOptions:
    """Our flags below those of the user, checked. The wheel of a checkout is staged above the image's docbeam.

    Raises ConfigurationError, with the fix, for what would fail minutes later on the workers.
    """
    # Nothing of the submitter's main module is needed: what runs on workers is imported from our packages.
    ours = [f"--number_of_worker_harness_threads={HARNESS_THREADS}", "--no_save_main_session"]
    ours += [f"--experiments={name}" for name in EXPERIMENTS]
    flags = PipelineOptions([*ours, *beam_args], runner="DataflowRunner")
    _check_extra()
    check_places(options, flags)
    _check_cloud(flags)
    _check_image(flags)
    sources = checkout()
    if sources and not stages_package(flags):
        folder = Path(tempfile.mkdtemp(prefix="docbeam-wheel-"))
        flags.view_as(SetupOptions).extra_packages = [str(build_wheel(sources, folder))]
    return flags


def inference_hints(options: Options) -> dict[str, str]:
    """Resource hints of the models' step: Dataflow gives accelerators to that step's machines only.

    None unless a GPU is asked for: the other runners would ignore them, and 'auto' must not buy hardware.
    """
    if options.run.runner != "dataflow" or options.run.device not in ("cuda", "tensorrt"):
        return {}
    return {"accelerator": options.run.accelerator, "min_ram": MODEL_RAM}


def job_errors() -> tuple[type[Exception], ...]:
    """What the runners raise for a job that failed; Dataflow has an exception of its own."""
    if importlib.util.find_spec("apitools") is None:
        return (RuntimeError,)
    from apache_beam.runners.dataflow.dataflow_runner import DataflowRuntimeException

    return (RuntimeError, DataflowRuntimeException)


def _check_extra() -> None:
    if importlib.util.find_spec("apitools") is None:
        raise ConfigurationError(
            f"Dataflow needs Beam's Google Cloud extra: pip install 'apache-beam[gcp]=={beam_version}' setuptools"
        )


def _check_cloud(flags: PipelineOptions) -> None:
    cloud = flags.view_as(GoogleCloudOptions)
    wanted = {"project": cloud.project, "region": cloud.region, "temp_location": cloud.temp_location}
    missing = [f"--{name}={name.upper()}" for name, value in wanted.items() if not value]
    if missing:
        raise ConfigurationError(f"Dataflow needs more flags: -- {' '.join(missing)}")
    for place in (cloud.temp_location, cloud.staging_location):
        if place and not str(place).startswith("gs://"):
            raise ConfigurationError(f"Dataflow keeps temporary files in Cloud Storage, not in {place}: use gs://")


def _check_image(flags: PipelineOptions) -> None:
    """Beam's stock image would download our requirements at every worker start, and has no room for surprises."""
    if not flags.view_as(WorkerOptions).sdk_container_image:
        raise ConfigurationError(
            "Beam's own worker image lacks docbeam's requirements: build deploy/docker/Dockerfile, push it, and give "
            "-- --sdk_container_image=IMAGE"
        )
    setup = flags.view_as(SetupOptions)
    if setup.requirements_file:
        raise ConfigurationError(
            "--requirements_file makes every worker download packages when it starts: install them in the image"
        )
