"""Checks that the cluster profiles share: each raises ConfigurationError with the fix, before a job is posted."""

from __future__ import annotations

from collections.abc import Iterator

from apache_beam.options.pipeline_options import DebugOptions, PipelineOptions, SetupOptions, StandardOptions

from schemas.failures import ConfigurationError
from schemas.options import Options

#: `--experiments` that say: I know, and it is right here.
SHARED_FILES, VERSION_SKEW = "docbeam_shared_files", "docbeam_version_skew"


def check_places(options: Options, flags: PipelineOptions) -> None:
    """Inputs and output must be where every worker can reach them."""
    if allows(flags, SHARED_FILES):
        return
    local = [place for place in _places(options) if place.startswith("file://") or "://" not in place]
    if local:
        raise ConfigurationError(
            f"workers cannot reach {', '.join(local)} on this machine: use gs://, s3:// or http(s)://; where all "
            f"machines mount the same folders, say so with -- --experiments={SHARED_FILES}"
        )


def _places(options: Options) -> Iterator[str]:
    # Standard input is listed here, before the job starts.
    yield from (text for text in options.source.inputs if text != "-")
    yield from options.source.manifests
    yield options.write.output
    yield from [options.layout.model] * bool(options.layout.model)


def check_continuous(flags: PipelineOptions, checkpoints: bool) -> None:
    """A source that never ends needs an engine that keeps its place; others stop after the first poll, unnoticed."""
    if flags.view_as(StandardOptions).streaming and not checkpoints:
        raise ConfigurationError(
            "a streaming job here would stop after its first poll and report success: use --runner flink with "
            "-- --checkpointing_interval=10000, or --runner dataflow"
        )


def stages_package(flags: PipelineOptions) -> bool:
    """Whether the user stages code for the workers."""
    setup = flags.view_as(SetupOptions)
    return bool(setup.extra_packages or setup.setup_file)


def allows(flags: PipelineOptions, experiment: str) -> bool:
    """Whether the user passed `--experiments=experiment`."""
    return bool(flags.view_as(DebugOptions).lookup_experiment(experiment))
