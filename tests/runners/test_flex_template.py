"""The Dataflow flex template's parameters, against the command that its launcher builds from them."""

import importlib.util
import json
from pathlib import Path

from beam_pipeline.cli.flags import ALL, split_args
from beam_pipeline.config import flag_name

FOLDER = Path(__file__).resolve().parents[2] / "deploy/dataflow"


def flex_main():
    spec = importlib.util.spec_from_file_location("flex_main", FOLDER / "flex_main.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_parameter_of_the_template_is_a_flag():
    names = {parameter["name"] for parameter in json.loads((FOLDER / "metadata.json").read_text())["parameters"]}
    launcher = flex_main()
    assert names <= {"input", "output", *launcher.OURS}
    flags = {flag_name(key) for key in ALL}
    assert {f"--{name.replace('_', '-')}" for name in launcher.OURS} <= flags


def test_the_launchers_parameters_become_the_command():
    given = ["--input=gs://b/in/**.pdf", "--output=gs://b/out", "--max_tokens=256", "--device=cuda"]
    given += ["--runner=DataflowRunner", "--project=p", "--temp_location=gs://b/a=b", "--no_use_public_ips"]
    ours, beam = split_args(flex_main().arguments(given))
    assert ours[:6] == ["ingest", "gs://b/in/**.pdf", "--output", "gs://b/out", "--runner", "dataflow"]
    assert set(ours[6:]) == {"--max-tokens=256", "--device=cuda"}
    assert beam == ["--project=p", "--temp_location=gs://b/a=b", "--no_use_public_ips"]
