"""What the flex template's launcher starts: its `--name=value` parameters become `docbeam ingest` and Beam's flags."""

import sys

from beam_pipeline.cli.app import app

#: Parameters of metadata.json that are docbeam's; everything else is Beam's.
OURS = ("layout", "device", "accelerator", "max_tokens", "strategy", "format")


def arguments(given: list[str]) -> list[str]:
    """The command line of `docbeam` for the launcher's arguments."""
    parameters = dict(item.removeprefix("--").split("=", 1) for item in given if "=" in item)
    flags = [item for item in given if "=" not in item]
    source, output = parameters.pop("input"), parameters.pop("output")
    ours = [f"--{name.replace('_', '-')}={parameters.pop(name)}" for name in OURS if name in parameters]
    beam = [f"--{name}={value}" for name, value in parameters.items() if name != "runner"]
    return ["ingest", source, "--output", output, "--runner", "dataflow", *ours, "--", *beam, *flags]


if __name__ == "__main__":
    app(arguments(sys.argv[1:]), prog_name="docbeam")
