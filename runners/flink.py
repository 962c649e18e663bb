"""A Flink cluster: the flags that a run there needs, and checks that fail in seconds instead of a job that hangs."""

from __future__ import annotations

import socket
import time
import urllib.request
import zipfile
from collections.abc import Sequence
from http.client import HTTPException
from typing import TypeVar

import msgspec
from apache_beam.options.pipeline_options import FlinkRunnerOptions, PipelineOptions, PortableOptions
from apache_beam.version import __version__ as beam_version

from runners.checks import VERSION_SKEW, allows, check_continuous, check_places, stages_package
from runners.loopback import exempt_loopback
from schemas.failures import ConfigurationError
from schemas.options import Options

#: Flink inside the job server, beside this process: no cluster, nothing to check.
EMBEDDED = "[local]"
#: Files roll with bundles at the latest; the runner's own ten seconds would leave a small file each per slot and table.
BUNDLE_MILLISECONDS = 60_000
_SECONDS = 5.0
_CANCEL_TRIES = 60
_ENDED = {"CANCELED", "FINISHED", "FAILED"}
_CANCELLING = "CANCELLING"
T = TypeVar("T")
_JAR_PROPERTIES = "org/apache/beam/sdk/sdk.properties"


class Cluster(msgspec.Struct, rename="kebab", frozen=True, kw_only=True):
    """What a JobManager says of itself."""

    flink_version: str
    slots_total: int
    taskmanagers: int


class Job(msgspec.Struct, frozen=True):
    """A job as the JobManager lists it."""

    jid: str
    name: str
    state: str

    def goes_on(self, name: str) -> bool:
        """Whether it is the job of that name, and has not ended."""
        return self.name == name and self.state not in _ENDED


class Jobs(msgspec.Struct, frozen=True):
    """All that the JobManager remembers."""

    jobs: list[Job]


def pipeline_options(options: Options, beam_args: Sequence[str] = ()) -> PipelineOptions:
    """Our flags below those of the user, checked; asks the cluster for its slots and version.

    Raises ConfigurationError, with the fix, for what would fail or hang later.
    """
    exempt_loopback()
    # One SDK process per TaskManager, Beam's default, holds one copy of each model; its slots are threads of it.
    flags = PipelineOptions([f"--max_bundle_time_mills={BUNDLE_MILLISECONDS}", *beam_args], runner="FlinkRunner")
    flink, portable = flags.view_as(FlinkRunnerOptions), flags.view_as(PortableOptions)
    check_continuous(flags, checkpoints=any(arg.startswith("--checkpointing_interval") for arg in beam_args))
    if flink.flink_master == EMBEDDED:
        return flags
    check_places(options, flags)
    _check_environment(flags)
    if portable.job_endpoint:
        _connect(portable.job_endpoint)
        return flags
    cluster = overview(flink.flink_master)
    _check_versions(flags, cluster)
    if flink.parallelism < 1:
        flink.parallelism = cluster.slots_total
    return flags


def cancel(flags: PipelineOptions, job_name: str) -> None:
    """Cancel the running jobs of that name and wait until they are gone.

    Beam's job server forwards a cancel when it comes to it, and it ends with this process: jobs would go on. Does
    nothing where the cluster cannot be asked (it is behind a job server, or inside of it).
    """
    base = _base(flags.view_as(FlinkRunnerOptions).flink_master)
    if flags.view_as(PortableOptions).job_endpoint or "[" in base:
        return
    for _ in range(_CANCEL_TRIES):
        try:
            going = [job for job in _asked(f"{base}/jobs/overview", type=Jobs).jobs if job.goes_on(job_name)]
            for job in (job for job in going if job.state != _CANCELLING):
                _asked(f"{base}/jobs/{job.jid}", "PATCH", type=dict)
        except (OSError, HTTPException, ValueError) as error:
            raise ConfigurationError(f"cannot cancel {job_name} at {base} ({error}): cancel it in Flink") from error
        if not going:
            return
        time.sleep(1.0)
    raise ConfigurationError(f"{job_name} at {base} does not end: cancel it in Flink")


def _asked(url: str, method: str = "GET", *, type: type[T]) -> T:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=_SECONDS) as answer:
        return msgspec.json.decode(answer.read(), type=type)


def _base(master: str) -> str:
    return master.rstrip("/") if "://" in master else f"http://{master}"


def overview(master: str) -> Cluster:
    """Ask the REST endpoint of a JobManager."""
    if master == "[auto]":
        raise ConfigurationError(
            "no Flink cluster named: give -- --flink_master=HOST:8081 (REST), --job_endpoint=HOST:8099 (a job server), "
            f"or --flink_master={EMBEDDED} to try it without a cluster"
        )
    base = _base(master)
    try:
        cluster = _asked(f"{base}/overview", type=Cluster)
    except (OSError, HTTPException, ValueError) as error:
        raise ConfigurationError(
            f"no Flink JobManager answers at {base}/overview ({error}): check the host, the REST port (8081) and the "
            "network between, or forward the port"
        ) from error
    if not cluster.slots_total:
        raise ConfigurationError(f"the Flink cluster at {base} has no TaskManager: start one, or wait for it")
    return cluster


def _connect(endpoint: str) -> None:
    host, _, port = endpoint.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _SECONDS).close()
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"no job server answers at --job_endpoint={endpoint} ({error}): check host, port (8099) and network"
        ) from error


def _check_environment(flags: PipelineOptions) -> None:
    """Beam's stock image, the default, lacks docbeam; nothing here can see into images and pools of the user."""
    portable = flags.view_as(PortableOptions)
    kind = (portable.environment_type or "DOCKER").upper()
    named = bool(portable.environment_config or portable.environment_options)
    if kind == "LOOPBACK":
        raise ConfigurationError("LOOPBACK workers run on this machine only: use EXTERNAL, DOCKER or PROCESS")
    if kind == "EXTERNAL" and not named:
        raise ConfigurationError("EXTERNAL needs the worker pool's address: -- --environment_config=localhost:50000")
    if kind == "DOCKER" and not named:
        staged = ". The staged package is not enough: it comes without its requirements" * stages_package(flags)
        raise ConfigurationError(
            "Beam's own worker image lacks docbeam: build deploy/docker/Dockerfile and give "
            "-- --environment_type=DOCKER --environment_config=IMAGE, or run a worker pool beside each TaskManager"
            f"{staged}"
        )


def _check_versions(flags: PipelineOptions, cluster: Cluster) -> None:
    flink = flags.view_as(FlinkRunnerOptions)
    running = ".".join(cluster.flink_version.split(".")[:2])
    if allows(flags, VERSION_SKEW):
        return
    hint = f"; if you know that they fit, add --experiments={VERSION_SKEW}"
    if running not in FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS:
        supported = ", ".join(FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS)
        raise ConfigurationError(
            f"Flink {cluster.flink_version} runs there, Beam {beam_version} knows {supported}{hint}"
        )
    if flink.flink_job_server_jar:
        found = jar_version(flink.flink_job_server_jar)
        if found and found != beam_version:
            raise ConfigurationError(
                f"the job server is Beam {found}, this is Beam {beam_version}: take "
                f"beam-runners-flink-{running}-job-server-{beam_version}.jar{hint}"
            )
    elif flink.flink_version != running:
        raise ConfigurationError(f"Flink {cluster.flink_version} runs there: give -- --flink_version={running}")


def jar_version(jar: str) -> str:
    """The Beam version that a job server was built from; '' when it does not tell or is not on this machine."""
    try:
        with zipfile.ZipFile(jar) as archive:
            text = archive.read(_JAR_PROPERTIES).decode("utf-8")
    except FileNotFoundError:
        if "://" in jar:
            return ""
        raise ConfigurationError(f"no such job server: --flink_job_server_jar={jar}") from None
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise ConfigurationError(f"{jar} is not a Beam job server: {error}") from error
    pairs = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return pairs.get("sdk_version", "")
